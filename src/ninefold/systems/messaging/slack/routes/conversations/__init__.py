"""`conversations.…`, by what they are about."""

from litestar.types import ControllerRouterHandler

from ninefold.systems.messaging.slack.calls import Server
from ninefold.systems.messaging.slack.routes.conversations.administration import administration_routes
from ninefold.systems.messaging.slack.routes.conversations.membership import membership_routes
from ninefold.systems.messaging.slack.routes.conversations.reading import reading_routes


def conversation_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [*reading_routes(server), *membership_routes(server), *administration_routes(server)]

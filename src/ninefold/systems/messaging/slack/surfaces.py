"""The surface of Slack's API."""

from collections.abc import Sequence

from litestar import Router

from ninefold.core.system import ServerContext
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.messaging.settings import MessagingSettings
from ninefold.systems.messaging.slack.callers import slack_authentication
from ninefold.systems.messaging.slack.errors import show_slack_error
from ninefold.systems.messaging.slack.events.answering import (
    answering_routes,
    show_answer_error,
    show_text_error,
    webhook_routes,
)
from ninefold.systems.messaging.slack.events.routes import connection_routes, socket_routes
from ninefold.systems.messaging.slack.events.rtm import RtmMode
from ninefold.systems.messaging.slack.events.sockets import SocketMode
from ninefold.systems.messaging.slack.events.views import view_routes
from ninefold.systems.messaging.slack.events.waking import AppWaker
from ninefold.systems.messaging.slack.headers import ScopeHeaders
from ninefold.systems.messaging.slack.rate_limits import CallLimits
from ninefold.systems.messaging.slack.routes.auth import auth_routes
from ninefold.systems.messaging.slack.routes.chat import chat_routes
from ninefold.systems.messaging.slack.routes.conversations import conversation_routes
from ninefold.systems.messaging.slack.routes.files import file_routes
from ninefold.systems.messaging.slack.routes.pins import pin_routes
from ninefold.systems.messaging.slack.routes.reactions import reaction_routes
from ninefold.systems.messaging.slack.routes.search import search_routes
from ninefold.systems.messaging.slack.routes.uploads import file_surface
from ninefold.systems.messaging.slack.routes.users import user_routes


def slack_surfaces(context: ServerContext[MessagingSettings]) -> Sequence[Surface]:
    """Return the surfaces: the methods, what apps connect to and answer at, incoming webhooks, and files."""
    database, notifier = context.database, context.notifier
    assert context.hub is not None, "surfaces are built after the hub"
    rtm = RtmMode(database, notifier, context.hub)
    mode = SocketMode(database=database, notifier=notifier, hub=context.hub, waker=AppWaker(notifier))
    routes = Router(
        path="/",
        route_handlers=[
            *auth_routes(context),
            *chat_routes(context),
            *conversation_routes(context),
            *reaction_routes(context),
            *pin_routes(context),
            *user_routes(context),
            *connection_routes(mode, rtm, context.site),
            *view_routes(database, notifier),
            *file_routes(context),
            *search_routes(context),
        ],
        middleware=[ScopeHeaders()],
    )
    limits = CallLimits(context.settings.slack_rate_factor)
    return [
        Surface(
            path="/slack/api",
            routes=[routes],
            authenticate=slack_authentication(context.database, limits),
            request_class=RawRequest,
            show_error=show_slack_error,
        ),
        Surface(
            path="/slack",
            routes=[*socket_routes(mode, rtm), *answering_routes(database, notifier)],
            request_class=RawRequest,
            show_error=show_answer_error,
        ),
        Surface(
            path="/slack/services",
            routes=webhook_routes(database, notifier),
            request_class=RawRequest,
            show_error=show_text_error,
        ),
        file_surface(context),
    ]

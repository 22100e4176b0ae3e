"""The HTTP routes of messaging in Ninefold's own API."""

from typing import Final

from litestar.handlers import HTTPRouteHandler

from ninefold.systems.messaging.routes.app_tokens import APP_TOKEN_ROUTES
from ninefold.systems.messaging.routes.apps import APP_ROUTES
from ninefold.systems.messaging.routes.channels import CHANNEL_ROUTES
from ninefold.systems.messaging.routes.files import FILE_ROUTES
from ninefold.systems.messaging.routes.interactions import INTERACTION_ROUTES
from ninefold.systems.messaging.routes.members import MEMBER_ROUTES
from ninefold.systems.messaging.routes.memberships import MEMBERSHIP_ROUTES
from ninefold.systems.messaging.routes.messages import MESSAGE_ROUTES
from ninefold.systems.messaging.routes.presence import PRESENCE_ROUTES
from ninefold.systems.messaging.routes.search import SEARCH_ROUTES

MESSAGING_ROUTES: Final[list[HTTPRouteHandler]] = [
    *MEMBER_ROUTES,
    *APP_ROUTES,
    *APP_TOKEN_ROUTES,
    *CHANNEL_ROUTES,
    *MESSAGE_ROUTES,
    *INTERACTION_ROUTES,
    *PRESENCE_ROUTES,
    *MEMBERSHIP_ROUTES,
    *FILE_ROUTES,
    *SEARCH_ROUTES,
]

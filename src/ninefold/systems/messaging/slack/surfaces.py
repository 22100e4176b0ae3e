"""The surface of Slack's API."""

from collections.abc import Sequence
from typing import Any

from ninefold.core.system import ServerContext
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Surface
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
from ninefold.systems.messaging.slack.routes.auth import auth_routes
from ninefold.systems.messaging.slack.routes.chat import chat_routes
from ninefold.systems.messaging.slack.routes.conversations import conversation_routes


# The system has no settings yet.
def slack_surfaces(context: ServerContext[Any]) -> Sequence[Surface]:
    """Return the surfaces: of the methods, and of connections and of what apps answer."""
    database, notifier = context.database, context.notifier
    assert context.hub is not None, "surfaces are built after the hub"
    rtm = RtmMode(database, notifier, context.hub)
    mode = SocketMode(database=database, notifier=notifier, hub=context.hub, waker=AppWaker(notifier))
    return [
        Surface(
            path="/slack/api",
            routes=[
                *auth_routes(database),
                *chat_routes(database, notifier),
                *conversation_routes(database),
                *connection_routes(mode, rtm),
                *view_routes(database, notifier),
            ],
            authenticate=slack_authentication(database),
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
    ]

"""The surface of Slack's API."""

from collections.abc import Sequence
from typing import Any

from ninefold.core.system import ServerContext
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.surfaces import Surface
from ninefold.systems.messaging.slack.callers import slack_authentication
from ninefold.systems.messaging.slack.errors import show_slack_error
from ninefold.systems.messaging.slack.routes.auth import auth_routes
from ninefold.systems.messaging.slack.routes.chat import chat_routes
from ninefold.systems.messaging.slack.routes.conversations import conversation_routes


# The system has no settings yet.
def slack_surfaces(context: ServerContext[Any]) -> Sequence[Surface]:
    """Return the surface."""
    database, notifier = context.database, context.notifier
    return [
        Surface(
            path="/slack/api",
            routes=[
                *auth_routes(database),
                *chat_routes(database, notifier),
                *conversation_routes(database),
            ],
            authenticate=slack_authentication(database),
            request_class=RawRequest,
            show_error=show_slack_error,
        )
    ]

"""The headers that say which scopes a token has, and which of them the method needs."""

from collections.abc import Mapping
from typing import Final

from litestar.enums import ScopeType
from litestar.middleware import ASGIMiddleware
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from ninefold.systems.messaging.slack.methods import Method

_STATE_KEY: Final = "slack_scopes"


def remember_scopes(scope: Scope, granted: frozenset[str], method: Method) -> None:
    """Keep what the headers will say.

    Args:
        scope: the request's.
        granted: the scopes of the token.
        method: what is called.
    """
    scope["state"][_STATE_KEY] = {
        "X-OAuth-Scopes": join_scopes(granted),
        "X-Accepted-OAuth-Scopes": join_scopes(method.scopes),
    }


def scope_headers(scope: Scope) -> Mapping[str, str]:
    """Return the headers; none if the request has no valid token."""
    headers: Mapping[str, str] = scope["state"].get(_STATE_KEY, {})
    return headers


def join_scopes(scopes: frozenset[str]) -> str:
    """Return scopes as Slack writes them: `chat:write,users:read`."""
    return ",".join(sorted(scopes))


class ScopeHeaders(ASGIMiddleware):
    """Adds the headers to the answers of methods; errors get them where they are shown."""

    scopes = (ScopeType.HTTP,)

    async def handle(self, scope: Scope, receive: Receive, send: Send, next_app: ASGIApp) -> None:
        """Call the method."""

        async def send_with_headers(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [(name.lower().encode(), text.encode()) for name, text in scope_headers(scope).items()]
                message["headers"] = [*message["headers"], *headers]
            await send(message)

        await next_app(scope, receive, send_with_headers)

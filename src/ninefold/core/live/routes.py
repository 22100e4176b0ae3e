"""The routes of live feeds: tokens and event streams below `/api/v1/live`, and Centrifuge's WebSocket."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Annotated, Any, Final

import msgspec
from litestar import Request, WebSocket, get, post, websocket
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, HeaderParameter
from litestar.types import ASGIApp, ControllerRouterHandler

from ninefold.core.live.access import Grant
from ninefold.core.live.centrifuge.client import WebSocketClient
from ninefold.core.live.events import EventStream, parse_position
from ninefold.core.live.hub import Hub
from ninefold.core.live.limits import (
    CHANNEL_BYTES_MAX,
    TOKEN_CHANNELS_MAX,
    TOKEN_LIFETIME_DEFAULT_S,
    TOKEN_LIFETIME_MAX_S,
)
from ninefold.core.live.tokens import TOKEN_MARKER, LiveToken
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import READ
from ninefold.core.web.access import access
from ninefold.core.web.bodies import FromBody, RequestBody
from ninefold.core.web.surfaces import Authenticate, Connection, Surface

LIVE_PATH: Final = "/api/v1/live"
WEBSOCKET_PATH: Final = "/connection/websocket"

_GRANT_KEY: Final = "live_grant"


class CreateLiveToken(RequestBody, frozen=True, kw_only=True):
    """What the token is for."""

    expires_in_s: Annotated[
        int, msgspec.Meta(ge=1, le=TOKEN_LIFETIME_MAX_S, description="How long the token is valid, in seconds.")
    ] = TOKEN_LIFETIME_DEFAULT_S
    channels: (
        Annotated[
            list[Annotated[str, msgspec.Meta(max_length=CHANNEL_BYTES_MAX)]],
            msgspec.Meta(
                max_length=TOKEN_CHANNELS_MAX,
                description="The only channels that the token is valid for; without it, all that the key can read.",
            ),
        ]
        | None
    ) = None


class CreatedLiveToken(msgspec.Struct, frozen=True, kw_only=True):
    """A new token."""

    token: Annotated[
        str,
        msgspec.Meta(
            description="The token. It isn't stored, and can't be revoked alone.", examples=["nlt_eyJwcmluY2lwYWwiOn…"]
        ),
    ]
    expires_at: Annotated[datetime, msgspec.Meta(tz=True)]


def live_surfaces(hub: Hub, *, api_authenticate: Authenticate) -> Sequence[Surface]:
    """Return the surfaces of live feeds.

    Args:
        hub: what clients can read.
        api_authenticate: authenticates requests to Ninefold's own API.
    """

    async def authenticate(connection: Connection) -> Principal | None:
        token = _live_token(connection)
        if token is not None:
            grant = await hub.access.authenticate_token(token)
        else:
            checked_at = time.monotonic()
            principal = await api_authenticate(connection)
            if principal is None:
                return None
            grant = Grant(principal, checked_at=checked_at)
        connection.scope["state"][_GRANT_KEY] = grant
        return grant.principal

    return [
        Surface(
            path=LIVE_PATH,
            routes=_live_routes(hub),
            authenticate=authenticate,
            is_query_strict=True,
            is_documented=True,
        ),
        Surface(path="/connection", routes=[_websocket_route(hub)]),
    ]


def _live_routes(hub: Hub) -> Sequence[ControllerRouterHandler]:
    @post(
        f"{LIVE_PATH}/token",
        tags=["live"],
        status_code=201,
        opt=access(scope=READ, not_audited="A token can only read, and ends with the credential that created it."),
    )
    async def create_live_token(
        principal: NamedDependency[Principal], data: FromBody[CreateLiveToken | None] = None
    ) -> CreatedLiveToken:
        """Create a live token.

        It lets its bearer read live feeds for a short time, over a WebSocket or as an event stream, and nothing else.
        So a browser can have it. It ends with the API key, the personal token or the session that created it.
        """
        wanted = data or CreateLiveToken()
        expires_at = datetime.now(UTC).replace(microsecond=0) + timedelta(seconds=wanted.expires_in_s)
        channels = None if wanted.channels is None else frozenset(wanted.channels)
        token = LiveToken(principal=principal, channels=channels, expires_at=expires_at)
        return CreatedLiveToken(token=await hub.access.signer.sign(token), expires_at=expires_at)

    # Each feed says which scopes can read it, as for WebSockets; the hub asks it.
    @get(f"{LIVE_PATH}/{{channel:str}}", include_in_schema=False, opt=access(is_for_any_scope=True))
    async def read_channel(
        request: Request[Any, Any, Any],
        channel: FromPath[str],
        token: FromQuery[str | None] = None,
        last_event_id: Annotated[str | None, HeaderParameter(name="Last-Event-ID")] = None,
    ) -> ASGIApp:
        """Read a channel as server-sent events."""
        del token
        since = parse_position(last_event_id) if last_event_id else None
        stream = EventStream(hub, request.scope["state"][_GRANT_KEY])
        await stream.open(channel, since)
        return stream

    return [create_live_token, read_channel]


def _websocket_route(hub: Hub) -> ControllerRouterHandler:
    @websocket(WEBSOCKET_PATH)
    async def connect_websocket(socket: WebSocket[Any, Any, Any]) -> None:
        """Serve a client of Centrifuge's protocol."""
        await WebSocketClient(socket, hub, credential=_bearer(socket)).run()

    return connect_websocket


def _live_token(connection: Connection) -> str | None:
    """Return the live token of a request to read; a browser's `EventSource` can only have it in the URL."""
    if connection.scope.get("method") != "GET":
        return None
    bearer = _bearer(connection)
    return bearer if bearer.startswith(TOKEN_MARKER) else connection.query_params.get("token")


def _bearer(connection: Connection) -> str:
    scheme, _, text = connection.headers.get("authorization", "").partition(" ")
    return text.strip() if scheme.lower() == "bearer" else ""

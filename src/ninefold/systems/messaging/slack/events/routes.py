"""`apps.connections.open` and `rtm.connect`, and the WebSockets that they give."""

import time
from typing import Any, Final

from litestar import WebSocket, route, websocket
from litestar.types import ControllerRouterHandler

from ninefold.core.live import Hub
from ninefold.core.live.access import Grant
from ninefold.core.postgres.database import Connection as DatabaseConnection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.site import Site
from ninefold.systems.messaging.errors import TicketNotFoundError
from ninefold.systems.messaging.model import LIMITED, Ticket
from ninefold.systems.messaging.service.apps.delivery import require_socket_mode
from ninefold.systems.messaging.service.apps.registry import find_own_app, get_app
from ninefold.systems.messaging.service.apps.tickets import create_ticket, use_ticket
from ninefold.systems.messaging.service.members import check_active, get_bot, get_member
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.slack.callers import find_caller
from ninefold.systems.messaging.slack.errors import TokenKindError
from ninefold.systems.messaging.slack.events.connections import SlackSocket
from ninefold.systems.messaging.slack.events.rtm import RtmMode, RtmSocket
from ninefold.systems.messaging.slack.events.sockets import AppSocket, SocketMode

SOCKET_PATH: Final = "/slack/socket"
RTM_PATH: Final = "/slack/rtm"


def connection_routes(mode: SocketMode, rtm: RtmMode, site: Site) -> list[ControllerRouterHandler]:
    """Return the methods that open connections."""

    @route("/slack/api/apps.connections.open", http_method=["GET", "POST"], status_code=200)
    async def open_connection(request: RawRequest) -> dict[str, Any]:
        """Return the address of a WebSocket for Socket Mode; it is valid once, and for half a minute."""
        async with mode.database.transaction() as connection:
            app = await find_own_app(connection, request.auth)
            if app is None:
                raise TokenKindError("This isn't the token of an app.", remedy="Use its app token, `xapp-…`.")
            check_active(await get_bot(connection, app))
            await require_socket_mode(connection, app)
            ticket = await create_ticket(
                connection,
                "socket",
                organisation_id=app.organisation_id,
                credential_id=request.auth.credential_id,
                app_id=app.app_id,
                base_url=site.base_url(request),
            )
        address = site.base_url(request).replace("http", "ws", 1)
        return {"ok": True, "url": f"{address}{SOCKET_PATH}?ticket={ticket}&app_id={app.slack_id}"}

    @route("/slack/api/rtm.connect", http_method=["GET", "POST"], status_code=200)
    async def connect_rtm(request: RawRequest) -> dict[str, Any]:
        """Return the address of a WebSocket for RTM; it is valid once, and for half a minute."""
        if LIMITED in request.auth.scopes:
            raise TokenKindError(
                "RTM tells everything, so a token with scopes can't open it.", remedy="Use Socket Mode instead."
            )
        async with rtm.database.transaction() as connection:
            member = await find_caller(connection, request.auth)
            workspace = await ensure_workspace(connection, organisation_id=member.organisation_id)
            organisation = await tenancy.get_organisation(connection, member.organisation_id)
            ticket = await create_ticket(
                connection,
                "rtm",
                organisation_id=member.organisation_id,
                credential_id=request.auth.credential_id,
                member_id=member.member_id,
                base_url=site.base_url(request),
            )
        address = site.base_url(request).replace("http", "ws", 1)
        team_id = workspace.slack_id
        return {
            "ok": True,
            "url": f"{address}{RTM_PATH}?ticket={ticket}",
            "team": {"id": team_id, "name": organisation.name, "domain": team_id.lower()},
            "self": {"id": member.slack_id, "name": member.name},
        }

    return [open_connection, connect_rtm]


def socket_routes(mode: SocketMode, rtm: RtmMode) -> list[ControllerRouterHandler]:
    """Return the WebSockets of Socket Mode and of RTM."""

    @websocket(SOCKET_PATH)
    async def connect_app(socket: WebSocket[Any, Any, Any]) -> None:
        """Serve a connection of an app."""
        checked_at = time.monotonic()
        async with mode.database.transaction() as connection:
            ticket = await use_ticket(connection, "socket", socket.query_params.get("ticket", ""))
            assert ticket.app_id is not None, "an app opens the connection"
            assert ticket.base_url is not None, "it was opened at an address"
            principal = await principal_of(connection, ticket)
            app = await get_app(connection, organisation_id=ticket.organisation_id, app_id=ticket.app_id)
            check_active(await get_bot(connection, app))
        await _serve(
            AppSocket(socket, mode, app=app, base_url=ticket.base_url),
            mode.hub,
            Grant(principal, checked_at=checked_at),
        )

    @websocket(RTM_PATH)
    async def connect_member(socket: WebSocket[Any, Any, Any]) -> None:
        """Serve a connection of a member."""
        checked_at = time.monotonic()
        async with rtm.database.transaction() as connection:
            ticket = await use_ticket(connection, "rtm", socket.query_params.get("ticket", ""))
            assert ticket.member_id is not None, "a member opens the connection"
            principal = await principal_of(connection, ticket)
            member = await get_member(connection, organisation_id=ticket.organisation_id, member_id=ticket.member_id)
            check_active(member)
        client = RtmSocket(socket, rtm, member=member, base_url=ticket.base_url or "")
        await _serve(client, rtm.hub, Grant(principal, checked_at=checked_at))

    return [connect_app, connect_member]


async def _serve(client: SlackSocket, hub: Hub, grant: Grant) -> None:
    """Serve a client among the others of this process, as long as its token is valid."""
    hub.viewers.add(client)
    try:
        hub.access.admit(client, grant)
        await client.run()
    finally:
        hub.viewers.remove(client)


async def principal_of(connection: DatabaseConnection, ticket: Ticket) -> Principal:
    """Return on whose behalf a ticket opens a connection.

    Raises:
        TicketNotFoundError: the token with which it was created was revoked in the meantime.
    """
    assert ticket.credential_id is not None, "a token opens the connection"
    asked = Principal(organisation_id=ticket.organisation_id, credential_id=ticket.credential_id)
    current = (await tenancy.list_access(connection, [asked]))[asked]
    if current is None:
        raise TicketNotFoundError("The token with which the ticket was created isn't valid any more.")
    return current

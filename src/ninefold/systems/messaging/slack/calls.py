"""A call of a method: its arguments, and what it can use.

async def join(call: Call, given: OneChannel) -> Answer:
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
    ...

slack_method(server, "conversations.join", OneChannel, join)
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any, Final, TypeAlias, TypeVar

import msgspec
from litestar import route
from litestar.handlers import HTTPRouteHandler

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.messaging.model import Channel, ChannelKind, Member, Workspace
from ninefold.systems.messaging.service.members import get_member_by_slack_id
from ninefold.systems.messaging.service.workspaces import ensure_workspace
from ninefold.systems.messaging.settings import MessagingSettings
from ninefold.systems.messaging.slack.arguments import read_arguments
from ninefold.systems.messaging.slack.callers import find_caller, granted_scopes, require_channel_scope
from ninefold.systems.messaging.slack.errors import SlackError
from ninefold.systems.messaging.slack.finding import find_channel, find_channel_to_send, find_sequence
from ninefold.systems.messaging.slack.methods import METHODS, Method

BODY_SIZE_MAX: Final = 64 * 1024
MESSAGE_BODY_SIZE_MAX: Final = 1024 * 1024
"""Bytes of a request with a message."""

ArgumentsT = TypeVar("ArgumentsT", bound=msgspec.Struct)
Server: TypeAlias = ServerContext[MessagingSettings]
Answer: TypeAlias = dict[str, Any]
"""The fields of an answer, without `ok`."""


class NoArguments(msgspec.Struct, frozen=True, kw_only=True):
    """A method without arguments."""


class OneChannel(msgspec.Struct, frozen=True, kw_only=True):
    """A method about a channel, without other arguments."""

    channel: str


class Caller(msgspec.Struct, frozen=True, kw_only=True):
    """Who calls a method, in a transaction."""

    connection: Connection
    member: Member
    workspace: Workspace
    granted: frozenset[str]
    """The scopes of its token."""
    method: Method

    async def find_channel(self, channel: str) -> Channel:
        """Return the channel of an id, or of a name with or without `#`.

        Raises:
            ChannelNotFoundError: there is no such channel, or the member can't see it.
            MissingScopeError: the token can't be used for such a channel.
        """
        found = await find_channel(self.connection, self.member, channel)
        self.require_scope(found.kind)
        return found

    async def find_channel_to_send(self, channel: str, client_msg_id: str | None) -> Channel:
        """Return the channel of a message, also of one that the member sent before it lost the channel.

        Raises:
            ChannelNotFoundError: there is no such channel, or the member can't see it and has sent no such message.
            MissingScopeError: the token can't be used for such a channel.
        """
        found = await find_channel_to_send(self.connection, self.member, channel, client_msg_id)
        self.require_scope(found.kind)
        return found

    async def find_message(self, channel: str, ts: str) -> tuple[Channel, int]:
        """Return a channel, and the sequence of a message in it.

        Raises:
            ChannelNotFoundError: there is no such channel, or the member can't see it.
            MessageNotFoundError: there is no such message.
        """
        found = await self.find_channel(channel)
        return found, await find_sequence(self.connection, found, ts)

    async def find_member(self, user: str) -> Member:
        """Return the member of an id `U…`.

        Raises:
            MemberNotFoundError: there is no such member.
        """
        return await get_member_by_slack_id(self.connection, organisation_id=self.member.organisation_id, slack_id=user)

    async def find_active_member(self, user: str) -> Member:
        """Return the member of an id `U…` with whom a conversation can be opened.

        Raises:
            MemberNotFoundError: there is no such member.
            SlackError: it has been deactivated.
        """
        member = await self.find_member(user)
        if member.is_deactivated:
            raise SlackError("user_disabled", f"{member.name} is deactivated.")
        return member

    def require_scope(self, kind: ChannelKind) -> None:
        """Check that the token can be used for channels of a kind.

        Raises:
            MissingScopeError: it can't.
        """
        require_channel_scope(self.granted, self.method.channel_scopes, kind)


class Call:
    """A call of a method.

    Args:
        server: what the method can use.
        request: as it was received.
        method: what it needs.
    """

    def __init__(self, server: Server, request: RawRequest, method: Method) -> None:
        self.database: Final[Database] = server.database
        self.notifier: Final[Notifier] = server.notifier
        self.request: Final = request
        self.base_url: Final = server.site.base_url(request)
        """The address of this server, without a slash at its end."""
        self._method: Final = method

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Caller]:
        """Begin a transaction, and find who calls.

        Raises:
            UnauthorizedError: the token has no member any more.
            MemberDeactivatedError: the member has been deactivated.
        """
        async with self.database.transaction() as connection:
            member = await find_caller(connection, self.request.auth)
            yield Caller(
                connection=connection,
                member=member,
                workspace=await ensure_workspace(connection, organisation_id=member.organisation_id),
                granted=granted_scopes(self.request.auth),
                method=self._method,
            )

    def permalink(self, channel: Channel, sequence: int) -> str:
        """Return the address of a message in the console."""
        return f"{self.base_url}/messaging/{channel.slack_id}/{sequence}"


def slack_method(
    server: Server,
    name: str,
    arguments: type[ArgumentsT],
    run: Callable[[Call, ArgumentsT], Awaitable[Answer]],
    *,
    body_size_max: int = BODY_SIZE_MAX,
) -> HTTPRouteHandler:
    """Return the route of a method.

    Args:
        server: what the method can use.
        name: such as `chat.postMessage`; it is in `METHODS`.
        arguments: the type of its arguments.
        run: does it, and returns the fields of the answer.
        body_size_max: bytes of the body.
    """
    method = METHODS[name]

    @route(f"/slack/api/{name}", http_method=["GET", "POST"], status_code=200, request_max_body_size=body_size_max)
    async def handle(request: RawRequest) -> Answer:
        given = await read_arguments(request, arguments)
        return {"ok": True, **await run(Call(server, request, method), given)}

    return handle

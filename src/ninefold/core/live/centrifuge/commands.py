"""Executes the commands of one client."""

import math
import time
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import msgspec
import structlog

from ninefold import __version__
from ninefold.core.errors import NinefoldError, NotFoundError, UnauthorizedError, UnavailableError
from ninefold.core.ids import format_id
from ninefold.core.live import errors
from ninefold.core.live.access import Grant
from ninefold.core.live.admission import TooManyRequestsError
from ninefold.core.live.batches import one_line
from ninefold.core.live.centrifuge.messages import (
    ChannelRequest,
    Command,
    ConnectRequest,
    ConnectResult,
    Empty,
    HistoryRequest,
    HistoryResult,
    PresenceResult,
    PresenceStatsResult,
    PublishRequest,
    RefreshRequest,
    RefreshResult,
    Reply,
    RpcRequest,
    RpcResult,
    SubscribeRequest,
    SubscribeResult,
    encode_unsubscribe,
    publication,
)
from ninefold.core.live.centrifuge.subscribers import ChannelSubscriber
from ninefold.core.live.errors import (
    CommandError,
    Disconnect,
    LiveTokenExpiredError,
    ReplyError,
    TooManyConnectionsError,
)
from ninefold.core.live.feeds import Feed
from ninefold.core.live.hub import Hub
from ninefold.core.live.limits import (
    HISTORY_ENTRIES_MAX,
    PING_INTERVAL_S,
    REFRESH_GRACE_S,
    SIGNAL_BYTES_MAX,
    SUBSCRIPTIONS_MAX,
)
from ninefold.core.live.model import StreamPosition
from ninefold.core.live.presence import encode_member
from ninefold.core.live.subscriptions import Subscription
from ninefold.core.live.viewers import CLIENT_PREFIX
from ninefold.core.tenancy.errors import CredentialExpiredError, CredentialRevokedError
from ninefold.core.tenancy.roles import WRITE

if TYPE_CHECKING:
    from ninefold.core.live.centrifuge.client import WebSocketClient

Handler: TypeAlias = Callable[["CommandExecutor", Any], Awaitable[Any]]

REJECT_UNRECOVERED: Final = 2
"""Bit of a subscribe command: rather fail than begin without what was missed."""

PONG: Final = Command()

_UNSUBSCRIBED_INSUFFICIENT: Final = 2500
_UNSUBSCRIBED_BY_SERVER: Final = 2000

log = structlog.get_logger(__name__)


class DisconnectedError(Exception):
    """The command ends the connection."""

    def __init__(self, disconnect: Disconnect) -> None:
        super().__init__(disconnect.reason)
        self.disconnect = disconnect


class CommandExecutor:
    """The state of one client: what it may read, and its subscriptions."""

    def __init__(self, client: "WebSocketClient", hub: Hub, *, credential: str) -> None:
        self._client: Final = client
        self._hub: Final = hub
        self._credential: Final = credential
        self._grant: Grant | None = None
        self._subscriptions: dict[str, Subscription] = {}

    def close(self) -> None:
        """End all subscriptions."""
        for channel in list(self._subscriptions):
            self._end_subscription(channel)

    def end_feed(self, feed: Feed) -> None:
        """End the subscriptions to channels of a feed; the client then subscribes again, if it still may read."""
        for channel in [name for name, each in self._subscriptions.items() if each.feed is feed]:
            self._lose_position(channel)

    async def execute(self, command: Command) -> None:
        """Execute a command and reply. An empty command answers a ping."""
        if command == PONG:
            return
        name = next((name for name in HANDLERS if getattr(command, name) is not None), None)
        if name is None:
            self._client.end(errors.MALFORMED if command.send is None else errors.UNAVAILABLE)
        elif not command.id or (self._grant is None) is not (name == "connect"):
            self._client.end(errors.MALFORMED)
        else:
            await self._reply(command, name)

    async def _reply(self, command: Command, name: str) -> None:
        try:
            result = await HANDLERS[name](self, getattr(command, name))
        except DisconnectedError as error:
            self._client.end(error.disconnect)
        except CommandError as error:
            self._client.put(Reply(command.id, error=error.reply))
        except NinefoldError as error:
            self._client.put(Reply(command.id, error=_reply_error(error)))
        else:
            self._client.put(Reply(command.id, **{name: result}))
            if command.subscribe is not None and name == "subscribe":
                # Only now, so that nothing is pushed before the reply.
                self._subscriptions[command.subscribe.channel].start()

    async def connect(self, request: ConnectRequest) -> ConnectResult:
        """Authenticate the client."""
        try:
            async with self._hub.admission.admitted():
                grant = await self._hub.access.authenticate(request.token or self._credential)
        except (LiveTokenExpiredError, CredentialExpiredError, CredentialRevokedError) as error:
            # The client then asks its application for another token.
            raise CommandError(errors.TOKEN_EXPIRED) from error
        except UnauthorizedError as error:
            raise DisconnectedError(errors.INVALID_TOKEN) from error
        self._hub.access.admit(self._client, grant)
        self._accept(grant)
        return ConnectResult(
            client=self._client.client_name,
            version=f"Ninefold {__version__}",
            expires=grant.expires_in_s is not None,
            ttl=_ttl(grant),
            ping=PING_INTERVAL_S,
            pong=True,
        )

    async def refresh(self, request: RefreshRequest) -> RefreshResult:
        """Replace the client's token by a newer one of the same principal."""
        assert self._grant is not None, "only connected clients get here"
        try:
            grant = await self._hub.access.authenticate_token(request.token)
        except LiveTokenExpiredError as error:
            raise CommandError(errors.TOKEN_EXPIRED) from error
        except UnauthorizedError as error:
            raise DisconnectedError(errors.INVALID_TOKEN) from error
        before, after = self._grant.principal, grant.principal
        if (before.organisation_id, before.account_id) != (after.organisation_id, after.account_id):
            raise DisconnectedError(errors.INVALID_TOKEN)
        self._hub.viewers.forget_principal(self._client)
        self._hub.access.admit(self._client, grant)
        self._accept(grant)
        for channel in [name for name in self._subscriptions if not grant.allows(name)]:
            self._unsubscribe(channel, code=_UNSUBSCRIBED_BY_SERVER, reason="server unsubscribe")
        return RefreshResult(
            client=self._client.client_name, version=f"Ninefold {__version__}", expires=True, ttl=_ttl(grant)
        )

    async def subscribe(self, request: SubscribeRequest) -> SubscribeResult:
        """Subscribe to a channel."""
        channel = request.channel
        if channel in self._subscriptions:
            raise CommandError(errors.ALREADY_SUBSCRIBED)
        if len(self._subscriptions) >= SUBSCRIPTIONS_MAX:
            raise CommandError(errors.LIMIT_EXCEEDED)
        since = StreamPosition(request.epoch, request.offset) if request.recover else None
        subscriber = ChannelSubscriber(
            channel,
            self._client.outbox,
            wants_members=request.join_leave,
            lose_position=self._lose_position,
        )
        async with self._hub.admission.admitted():
            subscription = await self._hub.subscribe(channel, self._principal_grant, subscriber=subscriber, since=since)
        if request.flag & REJECT_UNRECOVERED and since is not None and not subscription.is_recovered:
            subscription.close()
            raise CommandError(errors.UNRECOVERABLE_POSITION)
        self._subscriptions[channel] = subscription
        if subscription.feed.has_presence:
            self._hub.presence.join(channel, client_id=self._client.client_id, user_id=self._client.user_id)
        entries = () if subscription.first is None else subscription.first.entries
        return SubscribeResult(
            recoverable=True,
            positioned=True,
            epoch=subscription.epoch,
            offset=subscription.offset,
            was_recovering=subscription.was_recovering,
            recovered=subscription.is_recovered,
            publications=[publication(entry) for entry in entries],
        )

    async def unsubscribe(self, request: ChannelRequest) -> Empty:
        """End a subscription; without effect if there is none."""
        self._end_subscription(request.channel)
        return Empty()

    async def publish(self, request: PublishRequest) -> Empty:
        """Pass what the client publishes to the feed of a channel to which it has subscribed."""
        feed = self._subscribed(request.channel).feed
        if feed.publish is None or not self._principal_grant.principal.allows(WRITE):
            raise CommandError(errors.PERMISSION_DENIED)
        _, channel = await self._hub.find(request.channel, self._principal_grant)
        signal = await feed.publish(self._principal_grant.principal, channel, bytes(request.data))
        if signal is not None:
            if len(signal) > SIGNAL_BYTES_MAX:
                raise CommandError(errors.LIMIT_EXCEEDED)
            self._hub.signals.send(
                channel.name,
                client_id=self._client.client_id,
                user_id=self._client.user_id,
                data=one_line(signal),
            )
        return Empty()

    async def presence(self, request: ChannelRequest) -> PresenceResult:
        """List the members of a channel to which the client has subscribed."""
        if not self._subscribed(request.channel).feed.has_presence:
            raise CommandError(errors.NOT_AVAILABLE)
        members = await self._hub.presence.list_members(request.channel)
        return PresenceResult(
            {format_id(CLIENT_PREFIX, member.client_id): msgspec.Raw(encode_member(member)) for member in members}
        )

    async def presence_stats(self, request: ChannelRequest) -> PresenceStatsResult:
        """Count the members of a channel to which the client has subscribed."""
        if not self._subscribed(request.channel).feed.has_presence:
            raise CommandError(errors.NOT_AVAILABLE)
        members = await self._hub.presence.list_members(request.channel)
        return PresenceStatsResult(len(members), len({member.user_id for member in members}))

    async def history(self, request: HistoryRequest) -> HistoryResult:
        """Read the log of a channel, oldest entries first."""
        if request.reverse:
            raise CommandError(errors.NOT_AVAILABLE)
        feed, channel = await self._hub.find(request.channel, self._principal_grant)
        reader = self._hub.reader_of(feed)
        epoch = (await reader.open(channel)).epoch
        limit = max(0, min(request.limit, HISTORY_ENTRIES_MAX))
        offset = 0 if request.since is None else request.since.offset
        entries, position = await reader.read_history(channel, offset, limit)
        if request.since is not None and (
            request.since.epoch not in ("", epoch) or not position.offset_min <= offset <= position.offset
        ):
            raise CommandError(errors.UNRECOVERABLE_POSITION)
        return HistoryResult(
            epoch=epoch, offset=position.offset, publications=[publication(entry) for entry in entries]
        )

    async def ping(self, _: Empty) -> Empty:
        """Answer."""
        return Empty()

    async def rpc(self, request: RpcRequest) -> RpcResult:
        """Call a method of a system."""
        method = self._hub.methods.get(request.method)
        if method is None:
            raise CommandError(errors.METHOD_NOT_FOUND)
        answer = await method(self._principal_grant.principal, bytes(request.data))
        return RpcResult(msgspec.Raw(one_line(answer)))

    async def sub_refresh(self, request: ChannelRequest) -> RefreshResult:
        """Say that a subscription doesn't expire: only connections have tokens."""
        self._subscribed(request.channel)
        return RefreshResult()

    @property
    def _principal_grant(self) -> Grant:
        assert self._grant is not None, "only connected clients get here"
        return self._grant

    def _accept(self, grant: Grant) -> None:
        self._grant = grant
        expires_in_s = grant.expires_in_s
        self._client.deadline = None if expires_in_s is None else time.monotonic() + expires_in_s + REFRESH_GRACE_S

    def _subscribed(self, channel: str) -> Subscription:
        subscription = self._subscriptions.get(channel)
        if subscription is None:
            raise CommandError(errors.PERMISSION_DENIED)
        return subscription

    def _lose_position(self, channel: str) -> None:
        self._unsubscribe(channel, code=_UNSUBSCRIBED_INSUFFICIENT, reason="insufficient state")

    def _unsubscribe(self, channel: str, *, code: int, reason: str) -> None:
        self._end_subscription(channel)
        self._client.outbox.put(encode_unsubscribe(channel, code=code, reason=reason))

    def _end_subscription(self, channel: str) -> None:
        subscription = self._subscriptions.pop(channel, None)
        if subscription is not None:
            subscription.close()
            self._hub.presence.leave(channel, self._client.client_id)


HANDLERS: Final[dict[str, Handler]] = {
    "connect": CommandExecutor.connect,
    "subscribe": CommandExecutor.subscribe,
    "unsubscribe": CommandExecutor.unsubscribe,
    "publish": CommandExecutor.publish,
    "presence": CommandExecutor.presence,
    "presence_stats": CommandExecutor.presence_stats,
    "history": CommandExecutor.history,
    "ping": CommandExecutor.ping,
    "rpc": CommandExecutor.rpc,
    "refresh": CommandExecutor.refresh,
    "sub_refresh": CommandExecutor.sub_refresh,
}


def _ttl(grant: Grant) -> int:
    """Return after how many seconds the client should refresh its token."""
    expires_in_s = grant.expires_in_s
    return 0 if expires_in_s is None else max(1, math.floor(expires_in_s))


def _reply_error(error: NinefoldError) -> ReplyError:
    match error:
        case TooManyRequestsError() | TooManyConnectionsError():
            return errors.TOO_MANY_REQUESTS
        case UnavailableError():
            return errors.INTERNAL
        case NotFoundError():
            return errors.UNKNOWN_CHANNEL
        case _:
            # Codes from 400 on are for applications.
            return ReplyError(error.http_status, error.detail, temporary=error.is_retryable)

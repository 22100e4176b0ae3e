"""The messages of Centrifuge's protocol: commands from clients, and replies and pushes to them.

A WebSocket message has one or more of them, a line each. The names are those of the protocol's `client.proto`.
"""

from typing import Final

import msgspec

from ninefold.core.live.batches import Batch, one_line
from ninefold.core.live.errors import ReplyError
from ninefold.core.live.model import Entry

PING: Final = "{}"
"""An empty reply pings; an empty command answers."""

NULL: Final = msgspec.Raw(b"null")
MAX_UINT64: Final = 2**64 - 1


class ConnectRequest(msgspec.Struct):
    """Begins a connection. `data`, `name` and the like of the protocol are ignored."""

    token: str = ""


class SubscribeRequest(msgspec.Struct):
    """Subscribes to a channel, from a position if `recover` is set."""

    channel: str
    recover: bool = False
    epoch: str = ""
    offset: int = 0
    join_leave: bool = False
    flag: int = 0


class ChannelRequest(msgspec.Struct):
    """Concerns a channel: `unsubscribe`, `presence` and `presence_stats`."""

    channel: str


class PublishRequest(msgspec.Struct):
    """Publishes JSON to a channel."""

    channel: str
    data: msgspec.Raw = NULL


class RpcRequest(msgspec.Struct):
    """Calls a method."""

    method: str = ""
    data: msgspec.Raw = NULL


class RefreshRequest(msgspec.Struct):
    """Replaces the connection's token."""

    token: str = ""


class Since(msgspec.Struct):
    """A position in a log."""

    offset: int = 0
    epoch: str = ""


class HistoryRequest(msgspec.Struct):
    """Reads a log without subscribing to it."""

    channel: str
    limit: int = 0
    since: Since | None = None
    reverse: bool = False


class Empty(msgspec.Struct):
    """A request or a result without fields."""


class Command(msgspec.Struct):
    """One command; only one of the requests is set."""

    id: int = 0
    connect: ConnectRequest | None = None
    subscribe: SubscribeRequest | None = None
    unsubscribe: ChannelRequest | None = None
    publish: PublishRequest | None = None
    presence: ChannelRequest | None = None
    presence_stats: ChannelRequest | None = None
    history: HistoryRequest | None = None
    ping: Empty | None = None
    send: Empty | None = None
    rpc: RpcRequest | None = None
    refresh: RefreshRequest | None = None
    sub_refresh: ChannelRequest | None = None


class Publication(msgspec.Struct, omit_defaults=True):
    """An entry of a log."""

    data: msgspec.Raw
    offset: int


class ConnectResult(msgspec.Struct, omit_defaults=True):
    """Answers `connect`."""

    client: str
    version: str
    expires: bool = False
    ttl: int = 0
    ping: int = 0
    pong: bool = False


class SubscribeResult(msgspec.Struct, omit_defaults=True):
    """Answers `subscribe`."""

    recoverable: bool
    positioned: bool
    epoch: str
    offset: int
    was_recovering: bool = False
    recovered: bool = False
    publications: list[Publication] = []


class HistoryResult(msgspec.Struct, omit_defaults=True):
    """Answers `history`."""

    epoch: str
    offset: int
    publications: list[Publication] = []


class PresenceResult(msgspec.Struct):
    """Answers `presence`: the members by the id of their client."""

    presence: dict[str, msgspec.Raw]


class PresenceStatsResult(msgspec.Struct):
    """Answers `presence_stats`."""

    num_clients: int
    num_users: int


class RpcResult(msgspec.Struct):
    """Answers `rpc`."""

    data: msgspec.Raw


class RefreshResult(msgspec.Struct, omit_defaults=True):
    """Answers `refresh` and `sub_refresh`."""

    client: str = ""
    version: str = ""
    expires: bool = False
    ttl: int = 0


class Reply(msgspec.Struct, omit_defaults=True):
    """Answers the command with this id."""

    id: int
    error: ReplyError | None = None
    connect: ConnectResult | None = None
    subscribe: SubscribeResult | None = None
    unsubscribe: Empty | None = None
    publish: Empty | None = None
    presence: PresenceResult | None = None
    presence_stats: PresenceStatsResult | None = None
    history: HistoryResult | None = None
    ping: Empty | None = None
    rpc: RpcResult | None = None
    refresh: RefreshResult | None = None
    sub_refresh: RefreshResult | None = None


_decoder: Final = msgspec.json.Decoder(Command)
_encoder: Final = msgspec.json.Encoder()


def decode_commands(text: str) -> list[Command]:
    """Return the commands of a WebSocket message.

    Raises:
        msgspec.MsgspecError: a line isn't a command.
    """
    return [_decoder.decode(line) for line in text.split("\n") if line]


def encode_reply(reply: Reply) -> str:
    """Return a reply as a line."""
    return _encoder.encode(reply).decode()


def publication(entry: Entry) -> Publication:
    """Return an entry as part of a reply."""
    return Publication(msgspec.Raw(one_line(entry.data)), entry.offset)


def encode_pushes(batch: Batch) -> str:
    """Return the entries of a batch as pushes, a line each."""
    start = b'{"push":{"channel":%b,"pub":{"data":' % _encoder.encode(batch.channel)
    lines = [b'%b%b,"offset":%d}}}' % (start, one_line(entry.data), entry.offset) for entry in batch.entries]
    return b"\n".join(lines).decode()


def encode_signal(channel: str, signal: bytes) -> str:
    """Return a signal as a push."""
    return f'{{"push":{{"channel":{_text(channel)},"pub":{signal.decode()}}}}}'


def encode_member(channel: str, *, has_joined: bool, member: bytes) -> str:
    """Return the push that tells that a member has joined or left."""
    return (
        f'{{"push":{{"channel":{_text(channel)},"{"join" if has_joined else "leave"}":{{"info":{member.decode()}}}}}}}'
    )


def encode_unsubscribe(channel: str, *, code: int, reason: str) -> str:
    """Return the push that ends a subscription."""
    return f'{{"push":{{"channel":{_text(channel)},"unsubscribe":{{"code":{code},"reason":{_text(reason)}}}}}}}'


def _text(value: str) -> str:
    return _encoder.encode(value).decode()

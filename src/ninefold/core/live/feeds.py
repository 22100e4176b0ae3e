"""Feeds: how a system shows the logs that it commits anyway.

A system lists its feeds in its wiring. Each has a pattern for the names of its channels, and functions that read their
logs. With `chess.game:{game_id}`, each game is a channel:

    async def may_read(connection: Connection, principal: Principal, channel: Channel) -> bool:
        return True

    async def read_positions(connection: Connection, channels: Sequence[Channel]) -> Mapping[str, Position]:
        return {channel.name: Position(offset=2) for channel in channels}

    async def read_after(
        connection: Connection, cursors: Sequence[Cursor], limit: int
    ) -> Mapping[str, Sequence[Entry]]:
        moves = [Entry(1, b'{"move": "e4"}'), Entry(2, b'{"move": "e5"}')]
        return {channel.name: [move for move in moves if move.offset > offset][:limit] for channel, offset in cursors}

    GAMES = Feed(
        pattern="chess.game:{game_id}", may_read=may_read, read_positions=read_positions, read_after=read_after
    )

After a transaction has appended to logs and has committed, `notifier.notify(LIVE_CHANNEL, "chess.game:…", …)` tells all
servers which channels have changed.
"""

import re
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from typing import Final, TypeAlias

import msgspec

from ninefold.core.live.errors import ChannelNotFoundError
from ninefold.core.live.limits import CHANNEL_BYTES_MAX
from ninefold.core.live.model import Channel, Cursor, Entry, Position
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import READ

LIVE_CHANNEL: Final = "ninefold_live"
"""The notifier's channel for names of live channels whose logs have grown."""

MayRead: TypeAlias = Callable[[Connection, Principal, Channel], Awaitable[bool]]
"""Whether a principal can read a channel. False for channels that don't exist, and for those of others."""

ListRefused: TypeAlias = Callable[[Connection, Collection[Principal]], Awaitable[Collection[Principal]]]
"""Those of these principals for whom `may_read` is false for all channels, whatever their scopes are: for example
because the system has deactivated them. It is called when access has ended somewhere, and every few seconds.

After the change, call `announce_access_change` of `core.tenancy.service` in its transaction.
"""

ReadPositions: TypeAlias = Callable[[Connection, Sequence[Channel]], Awaitable[Mapping[str, Position]]]
"""The positions of these channels, by name. A channel that is missing has never had an entry."""

ReadAfter: TypeAlias = Callable[[Connection, Sequence[Cursor], int], Awaitable[Mapping[str, Sequence[Entry]]]]
"""The next entries of several channels, by name: of each channel the first ones after its offset, up to the limit.

Entries must become visible in the order of their offsets: if a reader sees 5, a 4 can't be committed later. So take the
offset under a lock on the channel, for example by incrementing a counter in the channel's row.
"""

Publish: TypeAlias = Callable[[Principal, Channel, bytes], Awaitable[bytes | None]]
"""Handles what a client publishes, which is JSON. It either stores it, in a transaction of its own, and returns None;
or it returns JSON that is shown to the current readers of the channel and isn't stored, such as who is typing.

A `NinefoldError` refuses it.
"""

Watch: TypeAlias = Callable[[Connection, Sequence[Channel]], Awaitable[None]]
"""Called when channels are opened, and every `WATCH_INTERVAL_S` while they are: for logs that are only written while
somebody reads them."""

LiveMethod: TypeAlias = Callable[[Principal, bytes], Awaitable[bytes]]
"""Answers a remote procedure call of a client: JSON in, JSON out. A `NinefoldError` refuses it."""

_PARAMETER: Final = re.compile(r"\{([a-z_]+)\}")
_VALUE: Final = r"[A-Za-z0-9_-]{1,100}"


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """All channels of one kind."""

    pattern: str
    """The form of its channels' names, such as `chess.game:{game_id}`. A parameter stands for letters, digits, `_` and
    `-`, up to 100."""
    may_read: MayRead
    read_positions: ReadPositions
    read_after: ReadAfter
    also_scope: str | None = None
    """A scope with which its channels can be read without the scope `read`; see `CredentialKind.is_for_api`."""
    publish: Publish | None = None
    """None if clients can't publish."""
    has_presence: bool = False
    """Whether clients can see who else has subscribed."""
    watch: Watch | None = None
    list_refused: ListRefused | None = None
    """None if the system refuses nobody who has the scope."""
    can_end_access: bool = False
    """Whether an entry can end somebody's access; see `Entry.ends_access`."""

    def admits(self, principal: Principal) -> bool:
        """Return whether a principal has a scope with which it can read channels of this kind."""
        return principal.allows(READ) or (self.also_scope is not None and principal.allows(self.also_scope))


class FeedMap:
    """Finds the feed of a channel by its name.

    Raises:
        ValueError: a name could belong to two feeds.
    """

    def __init__(self, feeds: Sequence[Feed]) -> None:
        self.feeds: Final = tuple(feeds)
        self._expressions: Final = [(_expression(feed.pattern), feed) for feed in feeds]
        for feed in feeds:
            example = _PARAMETER.sub("x", feed.pattern)
            matching = [other.pattern for expression, other in self._expressions if expression.fullmatch(example)]
            if len(matching) > 1:
                raise ValueError(f"The patterns of two feeds have names in common: {sorted(matching)}.")

    def find(self, name: str) -> tuple[Feed, Channel]:
        """Return the feed of a channel, and the channel.

        Raises:
            ChannelNotFoundError: no feed has channels with such a name.
        """
        if len(name) <= CHANNEL_BYTES_MAX:
            for expression, feed in self._expressions:
                if (match := expression.fullmatch(name)) is not None:
                    return feed, Channel(name, match.groupdict())
        raise channel_not_found(name)


def channel_not_found(name: str) -> ChannelNotFoundError:
    """Return the error for a channel that doesn't exist, or that the principal can't read."""
    return ChannelNotFoundError(
        f"There is no channel {name[:CHANNEL_BYTES_MAX]!r}.",
        field="channel",
        remedy="Use the name that the API returns with what the channel is about.",
    )


def _expression(pattern: str) -> re.Pattern[str]:
    parts = _PARAMETER.split(pattern)
    literals, names = parts[::2], parts[1::2]
    text = re.escape(literals[0])
    for name, literal in zip(names, literals[1:], strict=True):
        text += f"(?P<{name}>{_VALUE}){re.escape(literal)}"
    return re.compile(text, re.ASCII)

"""The live feeds of titles: that something has changed. Readers then read the title again."""

import time
from collections import OrderedDict
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import InvalidIdError, format_id, parse_id
from ninefold.core.live import Channel, Feed
from ninefold.core.live.watched_log import append_watched, list_watched, watched_feed
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.model import ORGANISATION_PREFIX, Principal
from ninefold.systems.video.model.titles import TITLE_PREFIX, Title
from ninefold.systems.video.store.titles import title_find

CHANGE_INTERVAL_S: Final = 0.25
"""Of a title's frequent changes, a process tells one in this time."""

FREQUENT: Final = frozenset({"upload", "chunk", "segment"})
"""What changes many times a second. After the last one, the status changes, which is always told."""

TITLES_REMEMBERED_MAX: Final = 10_000

_PREFIX: Final = "video.title"
_TITLE: Final = "video.title:"
_TITLES: Final = "video.titles:"


class _Pace:
    """Knows which frequent changes were told a moment ago."""

    def __init__(self) -> None:
        self._told_at: OrderedDict[tuple[UUID, str], float] = OrderedDict()

    def admits(self, title_id: UUID, what: str) -> bool:
        if what not in FREQUENT:
            return True
        now, key = time.monotonic(), (title_id, what)
        if now - self._told_at.get(key, -CHANGE_INTERVAL_S) < CHANGE_INTERVAL_S:
            return False
        self._told_at[key] = now
        self._told_at.move_to_end(key)
        if len(self._told_at) > TITLES_REMEMBERED_MAX:
            self._told_at.popitem(last=False)
        return True


_PACE: Final = _Pace()


def title_channel(title_id: UUID) -> str:
    """Return the channel of a title."""
    return _TITLE + format_id(TITLE_PREFIX, title_id)


def titles_channel(organisation_id: UUID) -> str:
    """Return the channel of an organisation's titles."""
    return _TITLES + format_id(ORGANISATION_PREFIX, organisation_id)


async def append_title_change(connection: Connection, title: Title, what: str) -> frozenset[str]:
    """Append that a title has changed, to the channels that are watched. Call it late: it locks the channels.

    Args:
        connection: in the transaction of the change.
        title: the title.
        what: "status", "upload", "chunk", "segment", "pictures", "score" or "metadata".

    Returns:
        The channels to notify of after the commit: `Changed(feeds=…)`.
    """
    if not _PACE.admits(title.title_id, what):
        return frozenset()
    names = {title_channel(title.title_id), titles_channel(title.organisation_id)}
    watched = names & await list_watched(connection, prefix=_PREFIX)
    if not watched:
        return frozenset()
    data = msgspec.json.encode({"title_id": format_id(TITLE_PREFIX, title.title_id), "what": what})
    return frozenset(await append_watched(connection, [(name, data) for name in sorted(watched)]))


async def _may_read_title(connection: Connection, principal: Principal, channel: Channel) -> bool:
    try:
        title_id = parse_id(TITLE_PREFIX, channel["title_id"])
    except InvalidIdError:
        return False
    return await title_find(connection, title_id, organisation_id=principal.organisation_id) is not None


async def _may_read_titles(_: Connection, principal: Principal, channel: Channel) -> bool:
    return channel.name == titles_channel(principal.organisation_id)


TITLE_FEEDS: Final[tuple[Feed, ...]] = (
    watched_feed(pattern=_TITLE + "{title_id}", may_read=_may_read_title),
    watched_feed(pattern=_TITLES + "{organisation_id}", may_read=_may_read_titles),
)

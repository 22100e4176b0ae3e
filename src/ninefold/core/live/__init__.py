"""Live feeds: clients see what a system commits, as soon as it is committed, over WebSockets and server-sent events.

A feed is a view on a log that a system keeps anyway; `feeds` says what a system provides. The hub reads each open
channel once per process, and passes what it has read to all subscribers. Nothing is announced that wasn't committed,
and there is no second copy that could differ. docs/live.md describes feeds for their users.
"""

from ninefold.core.live.feeds import LIVE_CHANNEL, Feed, FeedMap, LiveMethod
from ninefold.core.live.following import Follower
from ninefold.core.live.hub import Hub
from ninefold.core.live.model import Channel, Cursor, Entry, Position
from ninefold.core.live.routes import live_surfaces
from ninefold.core.postgres.migrations import MigrationSource

MIGRATIONS = MigrationSource(namespace="live", package=__name__)

__all__ = [
    "LIVE_CHANNEL",
    "MIGRATIONS",
    "Channel",
    "Cursor",
    "Entry",
    "Feed",
    "FeedMap",
    "Follower",
    "Hub",
    "LiveMethod",
    "Position",
    "live_surfaces",
]

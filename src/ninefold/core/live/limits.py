"""The limits of live feeds; docs/live.md lists them for users."""

from typing import Final

CHANNEL_BYTES_MAX: Final = 200

ENTRIES_PER_READ: Final = 64
"""Entries of one channel that are read and sent together."""

CHANNELS_PER_READ: Final = 128
"""Channels that are read with one query."""

CHANNELS_PER_QUERY: Final = 1_000
"""Channels whose positions are read with one query, and keys of other lookups."""

TAIL_ENTRIES_MAX: Final = 256
TAIL_BYTES_MAX: Final = 256 * 1024
"""How much of an open channel's log is kept in memory, for clients that come back after a short interruption."""

DATABASE_CONNECTIONS_MAX: Final = 4
"""Connections to PostgreSQL that live feeds use at once, so that requests get the others."""

POLL_INTERVAL_S: Final = 1.0
"""How often the positions of open channels are read, because a notification can get lost."""

RETRY_DELAY_S: Final = 0.5
"""How long to wait after PostgreSQL was unavailable."""

WATCH_INTERVAL_S: Final = 10.0
"""How often a feed learns which of its channels are open."""

CATCH_UP_PARTS: Final = 4
"""A client that catches up gets at most this part of its buffer at once, so that new entries find room."""

WRITE_SIZE_MAX: Final = 64 * 1024
"""Waiting messages are joined up to this size, so that many small ones take few writes."""

COMMAND_BYTES_MAX: Final = 64 * 1024
"""Size of a WebSocket message from a client, which has one or more commands."""

SUBSCRIPTIONS_MAX: Final = 256
"""Channels that one WebSocket can subscribe to."""

HISTORY_ENTRIES_MAX: Final = 100

CONNECT_WITHIN_S: Final = 10.0
"""How long a WebSocket can stay open without a connect command."""

PING_INTERVAL_S: Final = 25
"""How often a client is pinged. A WebSocket must answer before the next ping."""

REFRESH_GRACE_S: Final = 20.0
"""How long after the end of its token a client can still refresh it."""

CLOSE_WITHIN_S: Final = 1.0
"""How long the last messages to a client can take. The connection of a client that doesn't read is then dropped."""

STOP_SPREAD_S: Final = 0.5
"""When the server stops, clients are disconnected over this time, so that they don't all come back at once."""

ADMITTED_MAX: Final = 32
"""Clients that connect or subscribe at once; more wait."""

WAITING_MAX: Final = 5_000
ADMIT_WITHIN_S: Final = 3.0
"""How many can wait, and how long. Others are told to come back later. Clients give up after 5 s."""

RETRY_MIN_S: Final = 0.5
RETRY_MAX_S: Final = 3.0
"""After which time an event stream that has ended is opened again; the server chooses it at random."""

ORGANISATION_SHARE: Final = 2 / 3
"""The part of a process's connections that one organisation can use."""

CREDENTIAL_CHECK_INTERVAL_S: Final = 5.0
"""How often the credentials of connected clients are checked, because a notification can get lost and keys expire."""

TOKEN_LIFETIME_DEFAULT_S: Final = 600
TOKEN_LIFETIME_MAX_S: Final = 3_600
TOKEN_CHANNELS_MAX: Final = 100

SIGNAL_BYTES_MAX: Final = 1_000
"""Size of what a client publishes to be shown and not stored."""

SIGNAL_INTERVAL_S: Final = 0.2
"""How long signals are collected; of several signals of one client in a channel only the latest is sent."""

SIGNALS_WAITING_MAX: Final = 1_000

PRESENCE_INTERVAL_S: Final = 0.5
"""How long changes of presence are collected."""

PRESENCE_HEARTBEAT_S: Final = 5.0
PRESENCE_EXPIRY_S: Final = 20.0
"""How often a server says that it is alive, and when its clients count as absent."""

MEMBERS_MAX: Final = 1_000
"""Clients that presence lists for one channel."""

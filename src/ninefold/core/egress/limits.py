"""Everything that an outgoing request can use up has a bound, and here is its name."""

import errno
import resource
from typing import Final, Self

import msgspec

OPEN_FILES_RESERVED: Final = 128
"""Of the files that the process may have open, those that no connection gets: for PostgreSQL, lookups and logs."""

CONNECTIONS_MIN: Final = 16
"""Connections that are tried for even where the process may have hardly more files open than it has."""

NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})
"""The error numbers of a process, and of a system, that has as many files open as it may."""


class EgressLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one `EgressClient`."""

    connect_timeout_s: float = 10.0
    """For name, connection and TLS handshake together; never more than the whole attempt may take."""

    lookup_timeout_s: float = 5.0
    """For one name; a part of `connect_timeout_s`."""

    addresses_tried_max: int = 4
    """Of all addresses of a host, each of which is checked."""

    connections_max: int = 4096
    """Open at once, in use or idle; a request beyond it waits, within its own time. See `within`."""

    idle_connections_max: int = 4096
    """Kept for the next request; those beyond it go after `surplus_lifetime_s`."""

    idle_connections_per_origin_max: int = 2048
    """Kept for the next request to the same scheme, host and port; those beyond it go likewise."""

    idle_lifetime_s: float = 30.0
    """How long an idle connection is kept; less when the server said so (`Keep-Alive: timeout=5`)."""

    surplus_lifetime_s: float = 1.0
    """How long an idle connection is kept that is one too many."""

    header_bytes_max: int = 64 * 1024
    """Of the response, interim (1xx) responses included."""

    response_body_kept_bytes: int = 16 * 1024
    """What a response's `body` holds at most; the rest is read and dropped."""

    response_body_read_bytes: int = 1024 * 1024
    """What is read of a response at most; then the response counts as it is, and the connection is closed."""

    @classmethod
    def within(cls, open_files_max: int) -> Self:
        """Return the default bounds, with no more connections than a process has files for.

        Args:
            open_files_max: how many files it may have open; negative where that has no bound.
        """
        bounds = cls()
        if open_files_max < 0:
            return bounds
        connections_max = min(bounds.connections_max, max(CONNECTIONS_MIN, open_files_max - OPEN_FILES_RESERVED))
        return cls(
            connections_max=connections_max,
            idle_connections_max=min(bounds.idle_connections_max, connections_max),
            idle_connections_per_origin_max=min(bounds.idle_connections_per_origin_max, connections_max),
        )

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the default bounds, within the open files that this process may have at this moment."""
        return cls.within(resource.getrlimit(resource.RLIMIT_NOFILE)[0])

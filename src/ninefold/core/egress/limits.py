"""The limits of outgoing requests: connections, times and bytes."""

import errno
import resource
from typing import Final, Self

import msgspec

OPEN_FILES_RESERVED: Final = 128
"""Of the files that the process may have open, those left for other purposes: PostgreSQL, lookups and logs."""

CONNECTIONS_MIN: Final = 16
"""The least number of connections, even where the process may have hardly any more files open."""

NO_DESCRIPTOR: Final = frozenset({errno.EMFILE, errno.ENFILE})
"""The error numbers for too many open files: of the process, and of the system."""


class EgressLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The limits of an `EgressClient`."""

    connect_timeout_s: float = 10.0
    """For lookup, connection and TLS handshake together; at most what is left of the request's own timeout."""

    lookup_timeout_s: float = 5.0
    """For the lookup of the host, within `connect_timeout_s`."""

    addresses_tried_max: int = 4
    """Addresses of a host that are tried, of all those that were checked."""

    connections_max: int = 4096
    """Open at once, in use or idle; further requests wait, within their own timeout. See `within`."""

    idle_connections_max: int = 4096
    """Kept for later requests; those beyond it are closed after `surplus_lifetime_s`."""

    idle_connections_per_origin_max: int = 2048
    """Kept for later requests to one scheme, host and port; those beyond it are closed in the same way."""

    idle_lifetime_s: float = 30.0
    """How long an idle connection is kept; less if the server says so (`Keep-Alive: timeout=5`)."""

    surplus_lifetime_s: float = 1.0
    """How long an idle connection is kept beyond the limits of idle connections."""

    header_bytes_max: int = 64 * 1024
    """Of a response, interim (1xx) responses included."""

    response_body_kept_bytes: int = 16 * 1024
    """How much of the body of a POST's response is kept; the rest is read and dropped."""

    response_body_read_bytes: int = 1024 * 1024
    """How much is read of a POST's response; after that, it counts as complete and the connection is closed."""

    @classmethod
    def within(cls, open_files_max: int) -> Self:
        """Return the default limits, with no more connections than the process may have files open.

        Args:
            open_files_max: how many files the process may have open; negative if unlimited.
        """
        defaults = cls()
        if open_files_max < 0:
            return defaults
        connections_max = min(defaults.connections_max, max(CONNECTIONS_MIN, open_files_max - OPEN_FILES_RESERVED))
        return cls(
            connections_max=connections_max,
            idle_connections_max=min(defaults.idle_connections_max, connections_max),
            idle_connections_per_origin_max=min(defaults.idle_connections_per_origin_max, connections_max),
        )

    @classmethod
    def of_this_process(cls) -> Self:
        """Return the default limits, within the open files that this process may have at this moment."""
        return cls.within(resource.getrlimit(resource.RLIMIT_NOFILE)[0])

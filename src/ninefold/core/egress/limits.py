"""Everything that an outgoing request can use up has a bound, and here is its name."""

import msgspec


class EgressLimits(msgspec.Struct, frozen=True, kw_only=True):
    """The bounds of one `EgressClient`."""

    connect_timeout_s: float = 10.0
    """For name, connection and TLS handshake together; never more than the whole attempt may take."""

    lookup_timeout_s: float = 5.0
    """For one name; a part of `connect_timeout_s`."""

    addresses_tried_max: int = 4
    """Of all addresses of a host, each of which is checked."""

    connections_max: int = 4096
    """Open at once, in use or idle; a request beyond it waits, within its own time."""

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

"""Why an outgoing request got no response: one class per reason, each with its word for tables and metrics.

These aren't `NinefoldError`s: no caller of our API made a mistake. They are outcomes of an attempt, to be
recorded.
"""

from typing import ClassVar


class EgressError(Exception):
    """An outgoing request got no response; the message says why, in a sentence for the endpoint's owner."""

    error_class: ClassVar[str]
    """One word of a fixed vocabulary, for a column or a metric's label."""


class DnsFailedError(EgressError):
    """The host's name has no address, or the resolver didn't say in time."""

    error_class = "dns_failed"


class AddressDeniedError(EgressError):
    """The host is, or resolves to, an address that outgoing requests may not reach."""

    error_class = "address_denied"


class ConnectFailedError(EgressError):
    """No address of the host accepted a connection."""

    error_class = "connect_failed"


class ConnectTimeoutError(EgressError):
    """Name, connection and TLS handshake together took longer than they may."""

    error_class = "connect_timeout"


class TlsFailedError(EgressError):
    """The TLS handshake failed, or the certificate isn't valid for the host."""

    error_class = "tls_failed"


class ResponseTimeoutError(EgressError):
    """The whole attempt took longer than it may."""

    error_class = "timeout"


class ConnectionClosedError(EgressError):
    """The connection ended before the response was complete."""

    error_class = "connection_closed"


class ProtocolError(EgressError):
    """What came back isn't a response in HTTP/1.x."""

    error_class = "protocol_error"


class HeadersTooLargeError(EgressError):
    """The response's head is larger than it may be."""

    error_class = "headers_too_large"


class LocalLimitError(EgressError):
    """A bound of this process was reached, so that the receiver wasn't asked, or had too little time left to answer.

    It is no fault of the receiver's.
    """

    error_class = "local_limit"


ERROR_CLASSES = frozenset(
    kind.error_class
    for kind in (
        DnsFailedError,
        AddressDeniedError,
        ConnectFailedError,
        ConnectTimeoutError,
        TlsFailedError,
        ResponseTimeoutError,
        ConnectionClosedError,
        ProtocolError,
        HeadersTooLargeError,
        LocalLimitError,
    )
)
"""The whole vocabulary of `EgressError.error_class`."""

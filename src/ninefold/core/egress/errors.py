"""Why an outgoing request got no response: a class for each reason, with a word for tables and metrics.

These aren't `NinefoldError`s, since no caller of our API made a mistake: they are outcomes to be recorded.
"""

from typing import ClassVar, Final

from ninefold.core.egress.timings import EgressTimings

STALE_WITHIN_S: Final = 1.0
"""A request may be sent again if its connection ended this soon after sending; later, the server had received it."""


class EgressError(Exception):
    """An outgoing request got no response. The message is a sentence that the owner of the URL may read."""

    error_class: ClassVar[str]
    """One word of a fixed vocabulary, for a column or a metric's label."""

    status: int | None = None
    """The status that the server had sent, if a status line had arrived."""

    timings: EgressTimings | None = None
    """The phases that `EgressClient.post` and `post_at_once` had got through; None if none had begun."""


class DnsFailedError(EgressError):
    """The host has no address, or wasn't resolved in time."""

    error_class = "dns_failed"


class AddressDeniedError(EgressError):
    """The host is, or resolves to, an address that outgoing requests may not reach."""

    error_class = "address_denied"


class ConnectFailedError(EgressError):
    """No address of the host accepted a connection."""

    error_class = "connect_failed"


class ConnectTimeoutError(EgressError):
    """Lookup, connection and TLS handshake together took too long."""

    error_class = "connect_timeout"


class TlsFailedError(EgressError):
    """The TLS handshake failed. The subclasses are the reasons that the owner of the URL can fix."""

    error_class = "tls_failed"


class TlsNotSpokenError(TlsFailedError):
    """The port speaks another protocol, such as plain HTTP."""

    error_class = "tls_not_spoken"


class TlsVersionTooOldError(TlsFailedError):
    """The server only speaks versions of TLS that aren't safe any more."""

    error_class = "tls_version_too_old"


class TlsHostUnknownError(TlsFailedError):
    """The server has no certificate for the host (the alert `unrecognized_name`)."""

    error_class = "tls_host_unknown"


class TlsClientCertificateRequiredError(TlsFailedError):
    """The server demands a client certificate."""

    error_class = "tls_client_certificate_required"


class TlsCertificateExpiredError(TlsFailedError):
    """The server's certificate, or one that it depends on, has expired."""

    error_class = "tls_certificate_expired"


class TlsCertificateWrongHostError(TlsFailedError):
    """The server's certificate isn't valid for the host."""

    error_class = "tls_certificate_wrong_host"


class TlsCertificateUntrustedError(TlsFailedError):
    """The server's certificate isn't signed by an authority that is trusted."""

    error_class = "tls_certificate_untrusted"


class ResponseTimeoutError(EgressError):
    """The response didn't come, or its head didn't end, in time; for `request` and `stream`, also its body."""

    error_class = "timeout"


class ConnectionClosedError(EgressError):
    """The connection ended before the head of the response; for `request` and `stream`, also before its end."""

    error_class = "connection_closed"


class StaleConnectionError(ConnectionClosedError):
    """A connection that had served before ended without a byte of response.

    Within `STALE_WITHIN_S` of sending, the server most likely closed the connection while it was idle. The request may
    then be sent again, once, if the server may get it twice: it can have received this one after all.
    """


class ProtocolError(EgressError):
    """The server's answer isn't a response in HTTP/1.x."""

    error_class = "protocol_error"


class HeadersTooLargeError(EgressError):
    """The head of the response is too large."""

    error_class = "headers_too_large"


class BodyTooLargeError(EgressError):
    """The body of the response is larger than the caller allows."""

    error_class = "body_too_large"


class LocalLimitError(EgressError):
    """A limit of this process was reached: the request wasn't sent, or the server had too little time left to answer.

    The server isn't to blame.
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
        TlsNotSpokenError,
        TlsVersionTooOldError,
        TlsHostUnknownError,
        TlsClientCertificateRequiredError,
        TlsCertificateExpiredError,
        TlsCertificateWrongHostError,
        TlsCertificateUntrustedError,
        ResponseTimeoutError,
        ConnectionClosedError,
        ProtocolError,
        HeadersTooLargeError,
        LocalLimitError,
    )
)
"""Every `error_class` of `EgressClient.post`; `request` and `stream` can also end with `body_too_large`."""

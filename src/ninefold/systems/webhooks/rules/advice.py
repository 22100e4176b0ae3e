"""What a person can do about a delivery that failed, or is failing, by error class."""

from typing import Final

_ADVICE: Final = {
    "address_denied": "Use a public address, or let the operator allow this one with NINEFOLD_EGRESS_ALLOW.",
    "connect_failed": "Check that the receiver runs and accepts connections at this host and port.",
    "connect_timeout": "Check that the receiver runs, and that no firewall drops its packets.",
    "connection_closed": "Look in the receiver's log for a crash or a restart while it answered.",
    "dns_failed": "Check the host's spelling and its DNS records.",
    "headers_too_large": "Let the receiver answer with smaller headers; its answer is only a confirmation.",
    "internal_error": "Report this to the operator: the worker's log has the reason.",
    "invalid_url": "Change the subscription's URL.",
    "local_limit": "This isn't the receiver's fault. Report it to the operator: the reason says which limit to raise.",
    "protocol_error": "Check that the URL leads to an HTTP server, and that http and https aren't confused.",
    "timeout": "Let the receiver confirm at once, and do its work afterwards.",
    "tls_failed": "Renew or repair the receiver's certificate.",
    "unsuccessful_status": "Look at the answer's status and body; only 2xx counts as delivered.",
}
_RETRY: Final = "Then retry the delivery."


def advise(error_class: str | None) -> str | None:
    """Return what to do about an error class, in one or two sentences; None for success."""
    if error_class is None:
        return None
    return f"{_ADVICE[error_class]} {_RETRY}" if error_class in _ADVICE else _RETRY

"""Advice for people on what to do: about a failing delivery by its error class, and about what waits."""

from typing import Final

from ninefold.systems.webhooks.model import EXPIRED, PauseReason, WaitingReason
from ninefold.systems.webhooks.rules.redirects import is_redirect

_ADVICE: Final = {
    "aborted": "The attempt ended because its subscription was paused or deleted.",
    "address_denied": "Use a public address, or ask the operator to allow this one with NINEFOLD_EGRESS_ALLOW.",
    "connect_failed": "Check that the receiver is running and accepts connections at this host and port.",
    "connect_timeout": "Check that the receiver is running and that no firewall drops its packets.",
    "connection_closed": "Check that the receiver speaks HTTP at this port, and that http and https aren't mixed up. "
    "If it does, look in its log, and in that of any proxy in front of it.",
    "dns_failed": "Check the spelling of the host name and its DNS records.",
    EXPIRED: "The time for its attempts was over while it waited. Look at the subscription: it was paused, its circuit "
    "was open, or more was published than its limits let through.",
    "headers_too_large": "Reduce the size of the headers in the receiver's response; Ninefold doesn't need them.",
    "internal_error": "Report this to the operator; the reason is in the worker's log.",
    "invalid_url": "Change the subscription's URL.",
    "local_limit": "The receiver didn't cause this. Report it to the operator; the error says which limit to raise.",
    "protocol_error": "Check that the URL leads to an HTTP server, and that http and https aren't mixed up.",
    "timeout": "Let the receiver respond immediately and process the event afterwards.",
    "tls_certificate_expired": "Renew the receiver's certificate, and reload the server that presents it.",
    "tls_certificate_untrusted": "Install a certificate of a public authority, with its intermediate certificates. "
    "For a private authority, ask the operator to add it with NINEFOLD_EGRESS_CA_FILE.",
    "tls_certificate_wrong_host": "Install a certificate for the host in the subscription's URL, or change the URL "
    "to a host that the certificate is for.",
    "tls_client_certificate_required": "Let the receiver accept this URL without a client certificate; the signature "
    "shows that a request is from Ninefold.",
    "tls_failed": "Check the receiver's TLS settings: that this port speaks TLS, and demands no client certificate. "
    "Its log can say more.",
    "tls_host_unknown": "Configure the host of the subscription's URL, with a certificate, at the receiver or at the "
    "proxy in front of it; or correct the URL.",
    "tls_not_spoken": "Change the subscription's URL to http, or to the port that speaks TLS.",
    "tls_version_too_old": "Enable TLS 1.2 or 1.3 at the receiver, or at the proxy in front of it.",
    "unsuccessful_status": "Check the status and body of the response; only 2xx counts as delivered.",
}
_REDIRECT_ADVICE: Final = (
    "Change the subscription's URL to the one that the receiver redirects to; Ninefold doesn't follow redirects."
)
_RETRY: Final = "Then retry the delivery."

KNOWN_ERROR_CLASSES: Final = frozenset(_ADVICE)
"""The error classes of attempts and of dead letters."""

_RESUME: Final = "set is_active to true: what waits is then sent."
_PAUSE_ADVICE: Final = {
    PauseReason.BY_HAND: f"To resume the subscription, {_RESUME}",
    PauseReason.GONE: "The receiver answered 410 Gone, which means that it wants no more. Delete the subscription, or "
    f"correct its URL and {_RESUME}",
    PauseReason.FAILING: "Every attempt failed, for so long that the subscription was paused. Look at the errors of "
    f"its deliveries and fix the receiver, or delete the subscription. Then {_RESUME}",
}
_WAITING_ADVICE: Final = {
    WaitingReason.PAUSED: "Show the subscription to see why it is paused; what waits is sent when it is resumed.",
    WaitingReason.CIRCUIT_OPEN: "What waits is sent as soon as the receiver answers with 2xx. To try it at once, retry "
    "the delivery, or close the subscription's circuit.",
    WaitingReason.RATE_LIMITED: "Nothing needs to be done: it is sent as soon as the subscription's limits, or its "
    "receiver, allow it.",
    WaitingReason.ORDERING: "It is sent when the earlier events with its ordering key have ended. If the key is "
    "blocked, retry or skip the delivery that blocks it; the subscription's blocked keys have its id.",
}
_WAITING_FOR_OTHERS: Final = frozenset({WaitingReason.PAUSED, WaitingReason.RATE_LIMITED})
"""The reasons that don't depend on what went wrong with the delivery itself."""


def advise(
    error_class: str | None, *, response_status: int | None = None, waiting_reason: WaitingReason | None = None
) -> str | None:
    """Return advice on how to fix a delivery, in one to four sentences; None if nothing needs to be done.

    Args:
        error_class: of the last attempt; None for success, and without an attempt.
        response_status: of the last attempt, if the receiver sent one.
        waiting_reason: why the delivery waits, if it does.
    """
    then = _RETRY if waiting_reason is None else _WAITING_ADVICE[waiting_reason]
    if error_class is None:
        return None if waiting_reason is None else then
    if waiting_reason in _WAITING_FOR_OTHERS:
        return then
    if error_class == "unsuccessful_status" and is_redirect(response_status):
        return f"{_REDIRECT_ADVICE} {then}"
    return f"{_ADVICE[error_class]} {then}" if error_class in _ADVICE else then


def advise_on_blocked_key(error_class: str, *, response_status: int | None) -> str:
    """Return what to do about an ordering key that is blocked by a delivery with this error."""
    then = "Then retry the delivery; or skip it, and the later ones go on without it."
    if error_class == "unsuccessful_status" and is_redirect(response_status):
        return f"{_REDIRECT_ADVICE} {then}"
    return f"{_ADVICE[error_class]} {then}" if error_class in _ADVICE else then


def advise_on_pause(reason: PauseReason) -> str:
    """Return what to do about a paused subscription."""
    return _PAUSE_ADVICE[reason]

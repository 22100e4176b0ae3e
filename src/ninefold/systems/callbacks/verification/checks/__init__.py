"""One check for each kind of scheme."""

from ninefold.systems.callbacks.verification.checks.signature import check_signature
from ninefold.systems.callbacks.verification.checks.subject import Subject
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import Scheme

__all__ = ["Subject", "check"]


def check(scheme: Scheme, subject: Subject) -> int | None:
    """Return the index of the secret that proves the request, or None if the proof needs no secret.

    Raises:
        RejectionError: the request isn't proven.
    """
    if not subject.secrets:
        raise RejectionError("no_secret", "The source has no secret, so nothing that it receives can be verified.")
    return check_signature(scheme, subject)

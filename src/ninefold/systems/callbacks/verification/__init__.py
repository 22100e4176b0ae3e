"""Verify callbacks: find out whether a request comes from the provider that it claims to come from.

Everything here is a pure function of the request and of the source's configuration: no database, no network, no clock.
A provider is a data file in `data/`, and the checks interpret it.

    provider = find_provider("github")
    match verify(provider, request, [Secret("It's a Secret to Everybody")], options={}):
        case Verified(event_id=event_id):
            ...
        case Rejected(reason=reason, detail=detail):
            ...
"""

from ninefold.systems.callbacks.verification.configuration import SECRETS_MAX, Problem, find_problems
from ninefold.systems.callbacks.verification.credentials import CredentialPlaces, credential_places
from ninefold.systems.callbacks.verification.handshakes import handshake
from ninefold.systems.callbacks.verification.model import (
    Handshake,
    ReasonCode,
    ReceivedRequest,
    Rejected,
    Secret,
    Verified,
)
from ninefold.systems.callbacks.verification.providers import (
    SECRETS_FIELD,
    Field,
    Provider,
    UnknownProviderError,
    find_provider,
    list_providers,
)
from ninefold.systems.callbacks.verification.verifying import verify

__all__ = [
    "SECRETS_FIELD",
    "SECRETS_MAX",
    "CredentialPlaces",
    "Field",
    "Handshake",
    "Problem",
    "Provider",
    "ReasonCode",
    "ReceivedRequest",
    "Rejected",
    "Secret",
    "UnknownProviderError",
    "Verified",
    "credential_places",
    "find_problems",
    "find_provider",
    "handshake",
    "list_providers",
    "verify",
]

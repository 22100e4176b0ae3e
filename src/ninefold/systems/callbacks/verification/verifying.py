"""Verification: find out whether a callback is genuine, and only then read its id and type."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from ninefold.systems.callbacks.verification.checks import Subject, check
from ninefold.systems.callbacks.verification.model import ReasonCode, ReceivedRequest, Rejected, Secret, Verified
from ninefold.systems.callbacks.verification.providers import Provider
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import Scheme
from ninefold.systems.callbacks.verification.templates import find_text

NO_SECRET: Final = Rejected("no_secret", "The source has no secret, so nothing that it receives can be verified.")


def verify(
    provider: Provider,
    request: ReceivedRequest,
    secrets: Sequence[Secret],
    *,
    options: Mapping[str, str],
    public_urls: Sequence[str] = (),
) -> Verified | Rejected:
    """Return whether a request is genuine. It never raises, whatever the request and the configuration contain.

    Args:
        provider: of the source.
        request: as received. Its age is judged at its `received_at`, so the result is the same at any later time.
        secrets: of the source; one that fits is enough. Ended ones must be left out.
        options: the values of the provider's other fields. Those that are missing have their default.
        public_urls: further URLs of the source, without a query, for providers that sign the URL.
    """
    rejections = []
    for scheme in provider.schemes:
        subject = Subject(
            request=request, secrets=_secrets_of(scheme, provider, secrets), options=options, public_urls=public_urls
        )
        try:
            secret_index = check(scheme, subject)
        except RejectionError as error:
            rejections.append(error.rejected)
        else:
            return _verified(provider, request, secret_index)
    return max(rejections, key=_progress, default=NO_SECRET)


def _secrets_of(scheme: Scheme, provider: Provider, secrets: Sequence[Secret]) -> list[tuple[int, Secret]]:
    """Return the secrets of one scheme. A secret with the prefix that a scheme requires belongs to no other scheme.

    Otherwise a public key could be used as a shared secret, which everybody knows.
    """
    prefixes = [other.secret.prefix for other in provider.schemes if other.secret.is_prefix_required]
    own = scheme.secret.prefix if scheme.secret.is_prefix_required else ""
    return [
        (index, secret)
        for index, secret in enumerate(secrets)
        if next((prefix for prefix in prefixes if secret.text.strip().startswith(prefix)), "") == own
    ]


def _verified(provider: Provider, request: ReceivedRequest, secret_index: int | None) -> Verified:
    return Verified(
        event_id=find_text(request, provider.event_id),
        event_type=find_text(request, provider.event_type),
        secret_index=secret_index,
    )


_ORDER: Final[tuple[ReasonCode, ...]] = get_args(ReasonCode)


def _progress(rejected: Rejected) -> int:
    """Return how far a check came. Of several schemes, the one that came furthest says what is wrong."""
    return _ORDER.index(rejected.reason)

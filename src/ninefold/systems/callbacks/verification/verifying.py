"""Verification: find out whether a callback is genuine, and only then read its id and type."""

from collections.abc import Mapping, Sequence
from typing import Final, get_args

from ninefold.systems.callbacks.verification.checks import CHECKS, Subject
from ninefold.systems.callbacks.verification.model import ReasonCode, ReceivedRequest, Rejected, Secret, Verified
from ninefold.systems.callbacks.verification.proven_ids import is_id_proven
from ninefold.systems.callbacks.verification.providers import Provider
from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import JwtScheme, Scheme
from ninefold.systems.callbacks.verification.templates import find_text, parse_template

_NO_SECRET: Final = Rejected("no_secret", "The source has no secret, so nothing that it receives can be verified.")


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
        secrets: of the source; one that fits is enough. Leave out those that have ended.
        options: the values of the provider's other fields. Those that are missing have their default.
        public_urls: further URLs of the source, without a query, for providers that sign the URL.
    """
    complete = provider.complete(options)
    rejections: list[Rejected] = []
    for scheme in provider.schemes:
        own = secrets_of(scheme, provider, secrets)
        if not own and not isinstance(scheme, JwtScheme):
            continue
        subject = Subject(request=request, secrets=own, options=complete, public_urls=public_urls)
        try:
            event_id, event_type = _templates(provider, scheme, complete)
            secret_index = CHECKS[type(scheme)](scheme, subject)
        except RejectionError as error:
            rejections.append(error.rejected)
            continue
        return Verified(
            event_id=find_text(request, event_id),
            event_type=find_text(request, event_type),
            secret_index=secret_index,
            is_id_proven=is_id_proven(scheme, event_id, complete),
        )
    return max(rejections, key=_progress, default=_NO_SECRET)


def secrets_of(scheme: Scheme, provider: Provider, secrets: Sequence[Secret]) -> list[tuple[int, Secret]]:
    """Return the secrets of one scheme, with their index.

    A secret with the prefix that a scheme requires belongs to no other scheme. Otherwise a public key could be used as
    a shared secret, which everybody knows.
    """
    prefixes = [other.secret.prefix for other in provider.schemes if other.secret.is_prefix_required]
    own = scheme.secret.prefix if scheme.secret.is_prefix_required else ""
    return [
        (index, secret)
        for index, secret in enumerate(secrets)
        if next((prefix for prefix in prefixes if secret.text.strip().startswith(prefix)), "") == own
    ]


def _templates(
    provider: Provider, scheme: Scheme, options: Mapping[str, str]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the templates of the id and the type, which are options of generic providers."""
    event_id = (*provider.id_templates(scheme), *filter(None, [options.get("event_id")]))
    event_type = (*provider.event_type, *filter(None, [options.get("event_type")]))
    try:
        for template in (*event_id, *event_type):
            parse_template(template)
    except ValueError as error:
        raise RejectionError("option_malformed", f"The source's option event_id or event_type: {error}.") from error
    return event_id, event_type


_ORDER: Final[tuple[ReasonCode, ...]] = get_args(ReasonCode)


def _progress(rejected: Rejected) -> int:
    """Return how far a request came. Of several schemes, the one where it came furthest says what is wrong."""
    return _ORDER.index(rejected.reason)

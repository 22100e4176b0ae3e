"""Decide what becomes of callbacks that were received: verify them, find duplicates, and publish the others.

All of it happens in one transaction, which holds the locks of the callbacks. If it fails, nothing has happened, and the
callbacks are taken again. So an event is published exactly once, together with the status of its callback.
"""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec
import structlog

from ninefold.contracts.callbacks import HandedCallback
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import Sealer
from ninefold.systems.callbacks.model import CallbackStatus, Judgement, Source, WaitingCallback
from ninefold.systems.callbacks.rules.deduplication import dedupe_digests, find_firsts
from ninefold.systems.callbacks.rules.outgoing import Outgoing, outgoing_of
from ninefold.systems.callbacks.rules.requests import received_request
from ninefold.systems.callbacks.service.key_documents import (
    KeyDocument,
    KeyDocuments,
    key_url_of,
    unavailable,
    with_keys,
)
from ninefold.systems.callbacks.service.passing_on import WebhookDelivery, pass_on
from ninefold.systems.callbacks.store.callbacks import callback_record_judgements
from ninefold.systems.callbacks.store.dedupe_keys import SourceDigest, dedupe_key_claim, dedupe_key_delete
from ninefold.systems.callbacks.store.sources import source_find_many
from ninefold.systems.callbacks.verification import Rejected, Secret, Verified, find_provider, verify

TEXT_LENGTH_MAX: Final = 500
"""Characters that are kept of a provider's id or type. With four bytes each, they fit into an index (2,704 bytes)."""

THREAD_ABOVE_BYTES: Final = 256 * 1024
"""Bodies whose hashing and parsing would stop everything else in the worker for too long; a thread does it."""

INTERNAL_ERROR: Final = "internal_error"
SECRETS_BROKEN: Final = "secrets_broken"

_NO_KEYS_NEEDED: Final = KeyDocument()
_BROKEN: Final = Rejected(
    # Not one of the reasons that verification itself has.
    SECRETS_BROKEN,  # type: ignore[arg-type]
    "The secrets and options of the source can't be read, because its row was changed or their key was lost. "
    "Set them again, and then verify it again.",
)

log = structlog.get_logger(__name__)


class JudgingRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say about it."""

    public_url: str | None
    dedupe_window: timedelta


class _Checked(msgspec.Struct, frozen=True, kw_only=True):
    """A callback after its verification, which needs no database."""

    callback: WaitingCallback
    source: Source
    result: Verified | Rejected
    digests: Sequence[bytes] = ()
    outgoing: Outgoing | None = None
    """What to pass on, if it is verified and isn't a duplicate."""


async def judge(
    connection: Connection,
    delivery: WebhookDelivery,
    sealer: Sealer,
    callbacks: Sequence[WaitingCallback],
    *,
    key_documents: KeyDocuments,
    rules: JudgingRules,
) -> list[Judgement]:
    """Judge callbacks that this transaction has locked, in their order.

    Returns:
        What became of each, without those whose keys are still being fetched; nothing has happened to them.
    """
    sources = await source_find_many(connection, sealer, source_ids={callback.source_id for callback in callbacks})
    documents = _find_documents(sources.values(), key_documents)
    ready = [callback for callback in callbacks if documents.get(callback.source_id, _NO_KEYS_NEEDED) is not None]
    checked = await _check_all(ready, sources, documents, rules=rules)
    checked = [each for each in checked if not _has_unknown_key(each, key_documents)]
    firsts = await _find_firsts(connection, checked, window=rules.dedupe_window)
    fresh = [each.outgoing for each in checked if each.outgoing and each.callback.callback_id not in firsts]
    event_ids = await pass_on(connection, delivery, fresh)
    await _hand_over(connection, delivery, [each for each in checked if each.callback.callback_id not in firsts])
    judgements = [_judgement(each, firsts=firsts, event_ids=event_ids) for each in checked]
    await callback_record_judgements(connection, judgements=judgements)
    return judgements


async def _hand_over(connection: Connection, delivery: WebhookDelivery, checked: Iterable[_Checked]) -> None:
    """Hand verified callbacks to the system that wants them."""
    handed = [
        HandedCallback(
            callback_id=each.callback.callback_id,
            organisation_id=each.callback.organisation_id,
            provider=each.source.provider,
            event_type=each.result.event_type,
            body=each.callback.body,
        )
        for each in checked
        if isinstance(each.result, Verified)
        and delivery.consumer.wants(provider=each.source.provider, event_type=each.result.event_type)
    ]
    if handed:
        await delivery.consumer.take(connection, handed)


def _find_documents(sources: Iterable[Source], key_documents: KeyDocuments) -> dict[UUID, KeyDocument | None]:
    """Return the key documents of sources that have their URLs; None for one that is being fetched."""
    urls = {source.source_id: url for source in sources if (url := key_url_of(source)) is not None}
    return {source_id: key_documents.find(url, source_id=source_id) for source_id, url in urls.items()}


def _has_unknown_key(each: _Checked, key_documents: KeyDocuments) -> bool:
    """Return whether a callback may be signed with a new key, so that its key document is fetched again first."""
    url = key_url_of(each.source)
    if url is None or not isinstance(each.result, Rejected):
        return False
    return key_documents.refresh(url, source_id=each.source.source_id)


async def _check_all(
    callbacks: Sequence[WaitingCallback],
    sources: Mapping[UUID, Source],
    documents: Mapping[UUID, KeyDocument | None],
    *,
    rules: JudgingRules,
) -> list[_Checked]:
    def check_all() -> list[_Checked]:
        return [
            _check(callback, sources[callback.source_id], documents.get(callback.source_id), rules=rules)
            for callback in callbacks
        ]

    if sum(len(callback.body) for callback in callbacks) > THREAD_ABOVE_BYTES:
        return await asyncio.to_thread(check_all)
    return check_all()


def _check(callback: WaitingCallback, source: Source, document: KeyDocument | None, *, rules: JudgingRules) -> _Checked:
    """Verify a callback. A failure of our own sets it apart too, so that it doesn't stop all others."""
    if source.is_broken:
        return _Checked(callback=callback, source=source, result=_BROKEN)
    if document is not None and document.error is not None:
        return _Checked(callback=callback, source=source, result=unavailable(document))
    try:
        return _verify(callback, source, document, rules=rules)
    except Exception:
        log.exception("callbacks.verification.crashed", callback_id=str(callback.callback_id))
        reason = Rejected(
            # Not one of the reasons that verification itself has.
            INTERNAL_ERROR,  # type: ignore[arg-type]
            "Ninefold failed to verify it. The cause is in the worker's log; verify it again after an upgrade.",
        )
        return _Checked(callback=callback, source=source, result=reason)


def _verify(
    callback: WaitingCallback, source: Source, document: KeyDocument | None, *, rules: JudgingRules
) -> _Checked:
    provider = find_provider(source.provider)
    request = received_request(
        method=callback.method,
        scheme=callback.scheme,
        path=callback.path,
        query=callback.query,
        headers=callback.headers,
        body=callback.body,
        received_at=callback.received_at,
        public_url=rules.public_url,
    )
    result = verify(
        provider,
        request,
        [Secret(secret) for secret in source.secrets],
        options=(source if document is None else with_keys(source, document)).options,
    )
    if isinstance(result, Rejected):
        return _Checked(callback=callback, source=source, result=result)
    result = msgspec.structs.replace(result, event_id=_clean(result.event_id), event_type=_clean(result.event_type))
    return _Checked(
        callback=callback,
        source=source,
        result=result,
        digests=dedupe_digests(result, request, has_types_of_same_content=provider.has_types_of_same_content),
        outgoing=outgoing_of(callback, source=source, event_type=result.event_type, provider_event_id=result.event_id),
    )


async def _find_firsts(
    connection: Connection, checked: Sequence[_Checked], *, window: timedelta
) -> Mapping[UUID, UUID]:
    """Return the duplicates among verified callbacks, each with the callback that came first."""
    keys_of = {
        each.callback.callback_id: [(each.source.source_id, digest) for digest in each.digests]
        for each in checked
        if each.digests
    }
    if not keys_of or not window:
        return {}
    claims: dict[SourceDigest, UUID] = {}
    for callback_id, keys in keys_of.items():
        claims.update({key: callback_id for key in keys if key not in claims})
    claimed = await dedupe_key_claim(connection, claims=claims, window=window)
    duplicates, owners = find_firsts(
        keys_of, known={key: owner for key, owner in claimed.items() if owner not in keys_of}
    )
    # What duplicates have claimed is free again, or belongs to a later callback of this batch.
    wrong = [key for key, owner in claimed.items() if owners.get(key) != owner]
    if wrong:
        await dedupe_key_delete(connection, keys=wrong)
        claims = {key: owners[key] for key in wrong if key in owners}
        await dedupe_key_claim(connection, claims=claims, window=window)
    return duplicates


def _judgement(each: _Checked, *, firsts: Mapping[UUID, UUID], event_ids: Mapping[UUID, UUID]) -> Judgement:
    callback_id = each.callback.callback_id
    if isinstance(each.result, Rejected):
        return Judgement(
            callback_id=callback_id,
            status=CallbackStatus.QUARANTINED,
            reason=each.result.reason,
            detail=each.result.detail.replace("\0", "\N{REPLACEMENT CHARACTER}"),
        )
    first = firsts.get(callback_id)
    return Judgement(
        callback_id=callback_id,
        status=CallbackStatus.VERIFIED if first is None else CallbackStatus.DUPLICATE,
        event_type=each.result.event_type,
        provider_event_id=each.result.event_id,
        duplicate_of=first,
        event_id=event_ids.get(callback_id),
    )


def _clean(text: str | None) -> str | None:
    """Return a provider's text as PostgreSQL can store it."""
    if text is None:
        return None
    return text[:TEXT_LENGTH_MAX].replace("\0", "\N{REPLACEMENT CHARACTER}").encode(errors="replace").decode()

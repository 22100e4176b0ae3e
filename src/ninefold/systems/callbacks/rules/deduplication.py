"""By what a verified callback is recognised if it comes again.

A provider that repeats a callback repeats its id. Where the id isn't proven, anyone who has seen a callback could send
it again with another id, so its content identifies it too.
"""

import hashlib
from collections.abc import Hashable, Mapping, Sequence
from typing import TypeVar
from uuid import UUID

from ninefold.systems.callbacks.verification import ReceivedRequest, Verified

KeyT = TypeVar("KeyT", bound=Hashable)


def dedupe_digests(verified: Verified, request: ReceivedRequest, *, has_types_of_same_content: bool) -> list[bytes]:
    """Return the digests of a verified callback, 32 bytes each; another one with any of them is a duplicate.

    Args:
        verified: the result of its verification.
        request: the callback.
        has_types_of_same_content: whether callbacks with the same content and different types are different ones.
    """
    digests = []
    if verified.event_id is not None:
        digests.append(_digest(b"id", verified.event_id.encode()))
    if verified.event_id is None or not verified.is_id_proven:
        event_type = (verified.event_type or "").encode() if has_types_of_same_content else b""
        digests.append(_digest(b"content", event_type, request.method.encode(), request.query.encode(), request.body))
    return digests


def find_firsts(
    keys_of: Mapping[UUID, Sequence[KeyT]], *, known: Mapping[KeyT, UUID]
) -> tuple[dict[UUID, UUID], dict[KeyT, UUID]]:
    """Return which callbacks are duplicates of known ones, or of earlier ones.

    A duplicate gets no keys. Otherwise somebody could send a callback again with the id of a future one, which would
    then be a duplicate.

    Args:
        keys_of: the keys of each callback, in the order of the callbacks.
        known: the keys of callbacks that are known already.

    Returns:
        Each duplicate with the callback that came first, and each key with the callback that is recognised by it.
    """
    owners: dict[KeyT, UUID] = dict(known)
    duplicates: dict[UUID, UUID] = {}
    for callback_id, keys in keys_of.items():
        first = next((owners[key] for key in keys if key in owners), None)
        if first is None:
            owners.update(dict.fromkeys(keys, callback_id))
        else:
            duplicates[callback_id] = first
    return duplicates, owners


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        # With their lengths, so that no two lists of parts are the same bytes.
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()

"""By what a verified callback is recognised if it comes again.

A provider that repeats a callback repeats its id. Where the id isn't part of what is signed, anyone who has seen a
callback could send it again with another id, so its content identifies it too.
"""

import hashlib

from ninefold.systems.callbacks.verification import ReceivedRequest, Verified


def dedupe_digests(verified: Verified, request: ReceivedRequest, *, is_replay_protected: bool) -> list[bytes]:
    """Return the digests of a verified callback, 32 bytes each; another one with any of them is a duplicate.

    Args:
        verified: the result of its verification.
        request: the callback.
        is_replay_protected: whether the provider signs a time or an id, so that an old callback with a new id isn't
            verified.
    """
    digests = []
    if verified.event_id is not None:
        digests.append(_digest(b"id", verified.event_id.encode()))
    if verified.event_id is None or not is_replay_protected:
        digests.append(_digest(b"content", request.method.encode(), request.query.encode(), request.body))
    return digests


def _digest(*parts: bytes) -> bytes:
    digest = hashlib.sha256()
    for part in parts:
        # With their lengths, so that no two lists of parts are the same bytes.
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.digest()

"""Idempotency keys: a request with a key is done once, and its answer is stored.

A server claims a key before it begins. In the transaction of each step it notes what the request has made, and in that
of the last one it stores the answer. If the server dies in between, the next request with the key takes over, and goes
on from what was noted.
"""

from datetime import datetime, timedelta
from typing import Final

import msgspec

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import IdempotencyKeyInUseError, IdempotencyKeyReusedError
from ninefold.systems.payments.model.idempotency import KeyedRequest, StoredRequest
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.store import idempotency as store

LOCKED_FOR: Final = timedelta(seconds=120)
"""How long a claim counts if it isn't known whether its server lives: longer than any request takes."""


class Answer(msgspec.Struct, frozen=True):
    """What a request is answered with."""

    status: int
    body: bytes


class Claim:
    """A request with a key that this server works on.

    Args:
        stored: the request, with what it has made so far.
    """

    def __init__(self, stored: StoredRequest) -> None:
        assert stored.claim_id is not None, "a claim has an id"
        self.stored: Final = stored
        self._claim_id: Final = stored.claim_id

    async def note(self, connection: Connection, done: Done) -> None:
        """Store what the request has made so far; call it in the transaction that makes it.

        Raises:
            IdempotencyKeyInUseError: another server has taken the request over.
        """
        is_ours = await store.idempotency_key_note(
            connection,
            merchant_id=self.stored.merchant_id,
            key=self.stored.key,
            claim_id=self._claim_id,
            intent_id=done.intent.intent_id,
            attempt_id=None if done.attempt is None else done.attempt.attempt_id,
            refund_id=None if done.refund is None else done.refund.refund_id,
        )
        if not is_ours:
            raise _in_use()

    async def finish(self, connection: Connection, answer: Answer, *, at: datetime) -> None:
        """Store the answer; call it in the transaction of the last step.

        Raises:
            IdempotencyKeyInUseError: another server has taken the request over.
        """
        is_ours = await store.idempotency_key_finish(
            connection,
            merchant_id=self.stored.merchant_id,
            key=self.stored.key,
            claim_id=self._claim_id,
            status=answer.status,
            body=answer.body,
            at=at,
        )
        if not is_ours:
            raise _in_use()

    async def give_up(self, connection: Connection, *, at: datetime) -> None:
        """Forget the request if it has made nothing, and else let the next one with its key go on at once."""
        merchant_id, key = self.stored.merchant_id, self.stored.key
        await store.idempotency_key_delete(connection, merchant_id=merchant_id, key=key, claim_id=self._claim_id)
        await store.idempotency_key_release(
            connection, merchant_id=merchant_id, key=key, claim_id=self._claim_id, at=at
        )


async def claim_request(
    connection: Connection, request: KeyedRequest, *, owner_number: int | None, at: datetime
) -> Claim | Answer:
    """Claim a request with a key, or return the answer to the first one with this key.

    Args:
        connection: without a transaction: others must see the claim at once.
        request: the request.
        owner_number: of the lock that this server holds; None if it holds none.
        at: when.

    Raises:
        IdempotencyKeyReusedError: the key was used for a request with other parameters.
        IdempotencyKeyInUseError: another request with this key is in progress.
    """
    claimed = await store.idempotency_key_claim(
        connection, request, claim_id=new_id(), owner_number=owner_number, locked_until=at + LOCKED_FOR, at=at
    )
    if claimed is not None:
        return Claim(claimed)
    stored = await store.idempotency_key_find(connection, merchant_id=request.merchant_id, key=request.key)
    if stored is None:
        # The other one has just given up.
        raise _in_use()
    if stored.request_hash != request.request_hash:
        raise IdempotencyKeyReusedError(request.key, _differences(stored, request))
    if stored.status is None or stored.body is None:
        raise _in_use()
    return Answer(stored.status, bytes(stored.body))


def _differences(stored: KeyedRequest, request: KeyedRequest) -> list[str]:
    """Return what differs between two requests: the path, or the names of parameters."""
    if (stored.method, stored.path) != (request.method, request.path):
        return [f"the first request was {stored.method} {stored.path}"]
    names = stored.parameters.keys() | request.parameters.keys()
    return sorted(name for name in names if stored.parameters.get(name) != request.parameters.get(name))


def _in_use() -> IdempotencyKeyInUseError:
    return IdempotencyKeyInUseError(
        "There is currently another in-progress request using this idempotency key, which probably means that the "
        "same request was sent twice.",
        remedy="Wait a few seconds, and try again.",
    )

"""Outcomes of calls, recorded: those that come while a transaction is under way share the next one.

A payment's accounts are locked until its commit is on the disk. If each outcome had a transaction of its own, payments
of one organisation would commit one after the other. So outcomes that come in the meantime are collected, and stored
together, in as many statements as one of them. Nobody waits for a timer: an outcome that comes alone is stored alone.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextvars import Context
from datetime import datetime
from typing import Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import structlog

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.shared_commits import SharedCommits, SharingLimits
from ninefold.systems.payments.model.events import Origin
from ninefold.systems.payments.model.outcomes import NotFound, Unknown
from ninefold.systems.payments.model.payments import Attempt
from ninefold.systems.payments.rules.changes import Change, Limits, Step
from ninefold.systems.payments.rules.outcomes import AnyOutcome, apply_outcome
from ninefold.systems.payments.service.steps import Done, Evidence, load_steps, store_changes, unchanged
from ninefold.systems.payments.store.steps import step_limit_lock_waits

SHARED_MAX: Final = 100
"""How many outcomes share a transaction at most."""

LOCK_WAIT_MS_MAX: Final = 200
"""How long outcomes wait for a lock while others may come: a payment that is locked elsewhere must not stop them."""

Ended: TypeAlias = Callable[[Connection, Done], Awaitable[None]]
"""Stores what a request is answered with, in the transaction of its outcome."""


log = structlog.get_logger(__name__)


class NewOutcome(NamedTuple):
    """What became of a call, and what proves it."""

    attempt: Attempt
    outcome: AnyOutcome
    evidence: Evidence | None = None
    """None if it was the answer or an inquiry."""
    origin: Origin | None = None
    """The merchant's request that still waits for it."""


class OutcomeRecorder:
    """Commits outcomes, those of one organisation together.

    Args:
        database: where they are committed.
        clock: the time.
        limits: how long things may take.
    """

    def __init__(self, database: Database, clock: Clock, limits: Limits) -> None:
        self._database: Final = database
        self._clock: Final = clock
        self._limits: Final = limits
        self._shared: Final[dict[UUID, SharedCommits[_Waiting, Done]]] = {}
        """By the organisation, whose accounts its payments share; only while there is something to commit."""
        self._tasks: Final[set[asyncio.Task[Done]]] = set()

    async def record(self, new: NewOutcome, *, ended: Ended | None = None) -> Done:
        """Commit what became of a call; return after the commit. If that is known already, nothing changes.

        It is recorded even if the caller is canceled meanwhile.

        Args:
            new: the outcome.
            ended: is called in the transaction, and again in another one if that fails.
        """
        task = asyncio.create_task(self._share(_Waiting(new, ended)), context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._forget)
        return await asyncio.shield(task)

    async def _share(self, waiting: "_Waiting") -> Done:
        """Commit an outcome together with others; if that fails, in a transaction of its own, which delays no other."""
        organisation_id = waiting.new.attempt.organisation_id
        shared = self._shared.get(organisation_id)
        if shared is None:
            shared = self._shared[organisation_id] = SharedCommits(
                self._store_shared,
                SharingLimits(items_max=SHARED_MAX),
                key_of=lambda each: each.new.attempt.intent_id,
                commit_alone=self._store_alone,
                is_separated=_is_separated,
            )
        try:
            return await shared.store(waiting)
        finally:
            if shared.is_idle:
                self._shared.pop(organisation_id, None)

    async def _store_shared(self, batch: Sequence["_Waiting"]) -> list[Done]:
        return await self._store(batch, lock_wait_ms_max=LOCK_WAIT_MS_MAX)

    async def _store_alone(self, waiting: "_Waiting") -> Done:
        (done,) = await self._store([waiting], lock_wait_ms_max=None)
        return done

    async def _store(self, batch: Sequence["_Waiting"], *, lock_wait_ms_max: int | None) -> list[Done]:
        async with self._database.transaction() as connection:
            if lock_wait_ms_max is not None:
                await step_limit_lock_waits(connection, milliseconds=lock_wait_ms_max)
            done = await record_outcomes(
                connection, [each.new for each in batch], at=self._clock.now(), limits=self._limits
            )
            for waiting, each in zip(batch, done, strict=True):
                if waiting.ended is not None:
                    await waiting.ended(connection, each)
        return done

    def _forget(self, task: asyncio.Task[Done]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # The caller gets the error, unless it has gone away.
            task.exception()


async def record_outcomes(
    connection: Connection, outcomes: Sequence[NewOutcome], *, at: datetime, limits: Limits
) -> list[Done]:
    """Store what became of calls, each of another payment, in as many statements as one of them.

    Args:
        connection: in a transaction.
        outcomes: of calls. Where an outcome is known already, nothing changes.
        at: when.
        limits: how long things may take.

    Returns:
        What was done, in the same order.
    """
    wanted = [(each.attempt.intent_id, each.attempt.attempt_id) for each in outcomes]
    steps = await load_steps(connection, wanted, at=at, limits=limits)
    pairs = [(msgspec.structs.replace(steps[each.attempt.intent_id], origin=each.origin), each) for each in outcomes]
    changes = [(step, _change_of(step, each)) for step, each in pairs if _attempt_of(step).is_open]
    stored = iter(await store_changes(connection, changes))
    return [next(stored) if _attempt_of(step).is_open else unchanged(step, _attempt_of(step)) for step, _ in pairs]


class _Waiting(NamedTuple):
    """An outcome that is to be committed, and who waits for that."""

    new: NewOutcome
    ended: Ended | None


def _is_separated(error: Exception, count: int) -> bool:
    """Return whether outcomes that couldn't be committed together are committed one by one."""
    is_separated = count > 1 or _is_lock_wait(error)
    if is_separated:
        log.info("payments.outcomes.separated", count=count, error=str(error))
    return is_separated


def _is_lock_wait(error: Exception) -> bool:
    return isinstance(error.__cause__, asyncpg.LockNotAvailableError)


def _attempt_of(step: Step) -> Attempt:
    assert step.attempt is not None, "attempts are never deleted"
    return step.attempt


def _change_of(step: Step, new: NewOutcome) -> Change:
    """Return what an outcome changes, with what proves it."""
    outcome = new.outcome
    if isinstance(outcome, NotFound) and _attempt_of(step).sent_at != new.attempt.sent_at:
        outcome = Unknown(reason="It was sent again meanwhile.")
    change = apply_outcome(step, outcome)
    return change if new.evidence is None else _proved(change, new.evidence)


def _proved(change: Change, proof: Evidence) -> Change:
    if change.attempt is None:
        return change
    attempt = msgspec.structs.replace(
        change.attempt, evidence_kind=proof.kind, evidence=proof.text, closed_by=proof.closed_by
    )
    return msgspec.structs.replace(change, attempt=attempt, detail={**change.detail, "evidence": proof.kind})

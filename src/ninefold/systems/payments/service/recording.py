"""Outcomes of calls, recorded: those that come while a transaction is under way share the next one.

A payment's accounts are locked until its commit is on the disk. If each outcome had a transaction of its own, payments
of one organisation would commit one after the other. So outcomes that come in the meantime are collected, and stored
together, in as many statements as one of them. Nobody waits for a timer: an outcome that comes alone is stored alone.
"""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from contextvars import Context
from datetime import datetime
from typing import Any, Final, NamedTuple, TypeAlias
from uuid import UUID

import asyncpg
import msgspec
import structlog

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Connection, Database
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
        self._queues: Final[dict[UUID, deque[_Waiting]]] = {}
        """By the organisation, whose accounts its payments share; there is one while a task works on it."""
        self._tasks: Final[set[asyncio.Task[None]]] = set()

    async def record(self, new: NewOutcome, *, ended: Ended | None = None) -> Done:
        """Commit what became of a call; return after the commit. If that is known already, nothing changes.

        It is recorded even if the caller is canceled meanwhile.

        Args:
            new: the outcome.
            ended: is called in the transaction, and again in another one if that fails.
        """
        waiting = _Waiting(new, ended, asyncio.get_running_loop().create_future())
        organisation_id = new.attempt.organisation_id
        if organisation_id in self._queues:
            self._queues[organisation_id].append(waiting)
        else:
            self._queues[organisation_id] = deque([waiting])
            self._start(self._work(organisation_id))
        return await waiting.done

    async def _work(self, organisation_id: UUID) -> None:
        """Commit what has come, until nothing more comes."""
        queue = self._queues[organisation_id]
        batch: list[_Waiting] = []
        try:
            while queue:
                batch = _take(queue)
                await self._commit(batch)
        except BaseException as error:
            _fail([*batch, *queue], error)
            raise
        finally:
            del self._queues[organisation_id]

    async def _commit(self, batch: Sequence["_Waiting"]) -> None:
        """Commit outcomes together; if that fails, each in a transaction of its own, which delays no other."""
        try:
            done = await self._store(batch, lock_wait_ms_max=LOCK_WAIT_MS_MAX)
        except Exception as error:  # noqa: BLE001  # it is that of one of them, or of each.
            if len(batch) == 1 and not _is_lock_wait(error):
                _fail(batch, error)
                return
            log.info("payments.outcomes.separated", count=len(batch), error=str(error))
            for each in batch:
                self._start(self._commit_alone(each))
        else:
            _succeed(batch, done)

    async def _commit_alone(self, waiting: "_Waiting") -> None:
        try:
            done = await self._store([waiting], lock_wait_ms_max=None)
        except BaseException as error:
            _fail([waiting], error)
            raise
        _succeed([waiting], done)

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

    def _start(self, work: Coroutine[Any, Any, None]) -> None:
        # In a context of its own: what it logs isn't about the first caller alone.
        task = asyncio.create_task(work, context=Context())
        self._tasks.add(task)
        task.add_done_callback(self._forget)

    def _forget(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled():
            # What has ended it, the callers have got already.
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
    done: asyncio.Future[Done]


def _take(queue: deque[_Waiting]) -> list[_Waiting]:
    """Take what can share a transaction, in the order in which it has come: each payment once."""
    taken: dict[UUID, _Waiting] = {}
    while queue and len(taken) < SHARED_MAX and queue[0].new.attempt.intent_id not in taken:
        waiting = queue.popleft()
        taken[waiting.new.attempt.intent_id] = waiting
    return list(taken.values())


def _succeed(batch: Sequence[_Waiting], done: Sequence[Done]) -> None:
    for waiting, each in zip(batch, done, strict=True):
        if not waiting.done.done():
            waiting.done.set_result(each)


def _fail(batch: Sequence[_Waiting], error: BaseException) -> None:
    for waiting in batch:
        if waiting.done.done():
            continue
        if isinstance(error, asyncio.CancelledError):
            waiting.done.cancel()
        else:
            waiting.done.set_exception(error)


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

"""The recorder: what it does while the database is unavailable, and when the database rejects an outcome."""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from ninefold.core.ids import derive_id, new_id
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claims import ClaimBudget
from ninefold.systems.webhooks.jobs import recorder
from ninefold.systems.webhooks.jobs.event_log import Result
from ninefold.systems.webhooks.jobs.recorder import OutcomeRecorder
from ninefold.systems.webhooks.model import STANDARD, ClaimedEvent, DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome


class Log:
    """An event log that fails, and rejects outcomes, as the test sets it up."""

    def __init__(self) -> None:
        self.recorded: list[UUID] = []
        self.finished: list[UUID] = []
        self.rejected: set[UUID] = set()
        self.rejection: Exception = asyncpg.DataError("unsupported Unicode escape sequence")
        self.failures: list[Exception] = []
        self.reported: list[UUID] = []

    def on_recorded(self, results: Sequence[Result]) -> None:
        self.reported.extend(result.delivery_id for result in results)

    def give_back(self, events: Sequence[ClaimedEvent]) -> None:
        raise AssertionError(f"a recorder claims nothing that it could give back: {events}")

    async def claim(self, budget: ClaimBudget, *, tier: int = STANDARD) -> Sequence[ClaimedEvent]:
        raise AssertionError(f"a recorder claims nothing, not even {budget} of tier {tier}")

    async def list_claimable_tiers(self) -> Sequence[int]:
        raise AssertionError("a recorder claims nothing of any tier")

    async def record(
        self, results: Sequence[Result], *, finished_events: Sequence[UUID]
    ) -> Mapping[UUID, DeliveryStatus]:
        if self.failures:
            raise self.failures.pop()
        if any(result.delivery_id in self.rejected for result in results):
            raise self.rejection
        self.recorded.extend(result.delivery_id for result in results)
        self.finished.extend(finished_events)
        return {}


def outcome_of(event_id: UUID) -> Outcome:
    subscription_id, now = new_id(), datetime.now(UTC)
    return Outcome(
        delivery_id=derive_id(event_id, subscription_id),
        organisation_id=new_id(),
        event_id=event_id,
        subscription_id=subscription_id,
        url_revision=1,
        attempt=Attempt(
            attempt_number=1,
            attempted_at=now,
            duration_ms=1.0,
            response_status=200,
            response_body=b"ok",
            is_response_body_truncated=False,
            error_class=None,
            error_detail=None,
        ),
        status=DeliveryStatus.DELIVERED,
        round_attempt_count=1,
        round_started_at=now,
        retry_delay_s=None,
        has_row=False,
    )


async def record_all(log: Log, outcomes: Sequence[Outcome]) -> None:
    """Record outcomes and finish their events."""
    outcome_recorder = OutcomeRecorder(log, on_recorded=log.on_recorded)
    for outcome in outcomes:
        outcome_recorder.add(outcome)
        outcome_recorder.finish_event(outcome.event_id)
    outcome_recorder.close()
    async with asyncio.timeout(10):
        await outcome_recorder.run()


@asynccontextmanager
async def running_recorder() -> AsyncIterator[tuple[Log, OutcomeRecorder]]:
    log = Log()
    outcome_recorder = OutcomeRecorder(log, on_recorded=log.on_recorded)
    running = asyncio.create_task(outcome_recorder.run())
    try:
        yield log, outcome_recorder
    finally:
        running.cancel()


async def test_outcomes_are_recorded_in_order_and_their_events_finished() -> None:
    log, outcomes = Log(), [outcome_of(new_id()) for _ in range(5)]
    await record_all(log, outcomes)
    assert log.recorded == [outcome.delivery_id for outcome in outcomes]
    assert log.finished == [outcome.event_id for outcome in outcomes]


async def test_an_event_is_finished_only_after_its_last_batch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "BATCH_MAX", 2)
    log, event_id = Log(), new_id()
    outcome_recorder = OutcomeRecorder(log, on_recorded=log.on_recorded)
    for _ in range(5):
        outcome_recorder.add(outcome_of(event_id))
    outcome_recorder.finish_event(event_id)
    outcome_recorder.close()
    await outcome_recorder.run()
    assert (len(log.recorded), log.finished) == (5, [event_id])


async def test_a_batch_is_retried_while_the_database_is_unavailable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "RETRY_DELAY_S", 0.001)
    log, outcomes = Log(), [outcome_of(new_id())]
    log.failures = [DatabaseUnavailableError("starting") for _ in range(3)]
    await record_all(log, outcomes)
    assert log.recorded == [outcomes[0].delivery_id]


@pytest.mark.parametrize(
    "rejection",
    [
        asyncpg.DataError("unsupported Unicode escape sequence"),
        asyncpg.InterfaceError("invalid input for query argument $1: value out of int32 range"),
    ],
    ids=["by_the_database", "by_the_driver"],
)
async def test_if_one_outcome_is_rejected_the_others_are_recorded(rejection: Exception) -> None:
    log, outcomes = Log(), [outcome_of(new_id()) for _ in range(50)]
    log.rejection = rejection
    refused = outcomes[17]
    log.rejected = {refused.delivery_id}
    await record_all(log, outcomes)
    assert sorted(log.recorded) == sorted({outcome.delivery_id for outcome in outcomes} - log.rejected)
    assert sorted(log.finished) == sorted({outcome.event_id for outcome in outcomes} - {refused.event_id})
    assert log.reported == log.recorded


async def test_a_full_recorder_has_no_room_until_it_has_written(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "UNWRITTEN_MAX", 3)
    monkeypatch.setattr(recorder, "URGENT_UNWRITTEN_MAX", 4)
    log = Log()
    outcome_recorder = OutcomeRecorder(log, on_recorded=log.on_recorded)
    for _ in range(3):
        outcome_recorder.add(outcome_of(new_id()))
    waiting = asyncio.create_task(outcome_recorder.wait_for_room())
    await asyncio.sleep(0)
    assert not waiting.done()
    await outcome_recorder.wait_for_room(is_urgent=True)
    outcome_recorder.add(outcome_of(new_id()))
    urgent = asyncio.create_task(outcome_recorder.wait_for_room(is_urgent=True))
    await asyncio.sleep(0)
    assert not urgent.done()
    outcome_recorder.close()
    await outcome_recorder.run()
    async with asyncio.timeout(5):
        await asyncio.gather(waiting, urgent)


async def test_an_ordered_outcome_is_written_at_once_and_others_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "BATCH_DELAY_S", 30.0)
    async with running_recorder() as (log, outcomes):
        outcomes.add(unordered := outcome_of(new_id()))
        await asyncio.sleep(0.1)
        assert log.recorded == []
        outcomes.add(ordered := replace(outcome_of(new_id()), is_ordered=True))
        async with asyncio.timeout(5):
            while len(log.recorded) < 2:
                await asyncio.sleep(0.01)
    assert log.recorded == [unordered.delivery_id, ordered.delivery_id]


async def test_many_ordered_outcomes_are_collected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recorder, "BATCH_DELAY_S", 30.0)
    async with running_recorder() as (log, outcomes):
        for _ in range(recorder.FEW_RESULTS + 2):
            outcomes.add(replace(outcome_of(new_id()), is_ordered=True))
        async with asyncio.timeout(5):
            while not log.recorded:
                await asyncio.sleep(0.01)
        outcomes.add(replace(outcome_of(new_id()), is_ordered=True))
        await asyncio.sleep(0.1)
        assert len(log.recorded) == recorder.FEW_RESULTS + 2

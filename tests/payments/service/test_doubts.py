"""Who ends a doubt: a webhook, a person, the worker that takes over from a process that has died."""

from datetime import UTC, datetime, timedelta

import asyncpg
import msgspec
import pytest
from prometheus_client import REGISTRY

from ninefold.core.clock import Clock
from ninefold.core.ids import new_id
from ninefold.systems.payments.errors import AttemptStateError
from ninefold.systems.payments.model.outcomes import Approved, Declined, ProcessorEvent
from ninefold.systems.payments.model.payments import Attempt, NewIntent
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.rules.beginnings import begin_authorisation
from ninefold.systems.payments.rules.changes import Step
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.doubts import claim_due, close_doubt
from ninefold.systems.payments.service.expiry import expire_due
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.steps import Evidence, load_step, load_steps, store_change
from ninefold.systems.payments.service.webhooks import apply_event
from ninefold.systems.payments.settings import PaymentsSettings
from payments_api import DirectSimulator, Till

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)


class HandClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.at = NOON

    def now(self) -> datetime:
        return self.at


@pytest.fixture
def clock() -> HandClock:
    return HandClock()


@pytest.fixture
def simulated(till: Till, clock: Clock) -> Till:
    """The merchant's payments, with a processor in this process and a clock that a test moves."""
    processors = Processors({"simulator": DirectSimulator()})
    return till._replace(flow=PaymentFlow(till.database, processors, PaymentsSettings(), clock))


async def claim(till: Till, at: datetime) -> list[Attempt]:
    async with till.database.transaction() as connection:
        return await claim_due(connection, at=at, claimed_until=at + timedelta(minutes=5), limit=10)


async def assert_ledger_is_right(till: Till) -> None:
    found = await audit_ledger(till.database, organisation_id=till.merchant.organisation_id)
    assert found.faults == []


def told(attempt: Attempt, outcome: Approved | Declined) -> ProcessorEvent:
    return ProcessorEvent(event_id="evt_1", our_reference=attempt.our_reference, outcome=outcome, at=NOON)


async def test_a_webhook_ends_a_doubt_once(simulated: Till) -> None:
    doubtful = await simulated.pay("pm_card_neverKnown")
    event = told(doubtful.attempt, Approved(reference="sim_1", is_captured=True))

    assert await apply_event(simulated.database, simulated.flow, event)
    assert await apply_event(simulated.database, simulated.flow, event)

    done = await simulated.flow.resume(doubtful.attempt)
    assert done.attempt is not None
    assert (done.intent.state, done.intent.version) == ("succeeded", 4)
    assert (done.attempt.evidence_kind, done.attempt.evidence) == ("webhook", "evt_1")
    await assert_ledger_is_right(simulated)


async def test_a_webhook_for_nobody_is_ignored(simulated: Till) -> None:
    event = ProcessorEvent(event_id="evt_1", our_reference="other", outcome=Approved(reference="x"), at=NOON)

    assert not await apply_event(simulated.database, simulated.flow, event)


async def test_the_processor_is_asked_less_and_less_often_until_a_person_has_to(
    simulated: Till, clock: HandClock
) -> None:
    doubtful = await simulated.pay("pm_card_neverKnown")
    waits = []
    attempt = doubtful.attempt
    while attempt.next_inquiry_at is not None:
        waits.append((attempt.next_inquiry_at - clock.at).total_seconds())
        clock.at = attempt.next_inquiry_at
        (claimed,) = await claim(simulated, clock.at)
        done = await simulated.flow.resume(claimed)
        assert done.attempt is not None
        attempt = done.attempt

    assert waits[:4] == [2, 5, 15, 30]
    assert attempt.state == "needs_person"
    assert clock.at == NOON + timedelta(days=1)
    assert done.intent.state == "in_doubt"


@pytest.mark.parametrize(
    ("verdict", "state"),
    [("succeeded", "succeeded"), ("declined", "requires_payment_method"), ("not_sent", "requires_confirmation")],
)
async def test_a_person_closes_a_doubt_by_evidence(simulated: Till, verdict: str, state: str) -> None:
    doubtful = await simulated.pay("pm_card_neverKnown")
    evidence = Evidence(kind="processor_status", text="Ticket 4711", closed_by="acc_1")

    async def close() -> str:
        async with simulated.database.transaction() as connection:
            done = await close_doubt(
                connection,
                organisation_id=simulated.merchant.organisation_id,
                attempt_id=doubtful.attempt.attempt_id,
                verdict=verdict,  # type: ignore[arg-type]
                processor_reference="sim_1",
                evidence=evidence,
                at=NOON,
                limits=simulated.flow.limits,
            )
        assert done.attempt is not None
        assert (done.attempt.evidence, done.attempt.closed_by) == ("Ticket 4711", "acc_1")
        return done.intent.state

    assert await close() == state
    await assert_ledger_is_right(simulated)
    with pytest.raises(AttemptStateError):
        await close()


async def test_a_call_of_a_process_that_died_before_it_was_sent_ends_as_not_sent(
    simulated: Till, clock: HandClock
) -> None:
    attempt = await intend(simulated)
    assert await claim(simulated, clock.at + timedelta(seconds=14)) == []

    clock.at += timedelta(seconds=15)
    (claimed,) = await claim(simulated, clock.at)
    done = await simulated.flow.resume(claimed)

    assert done.attempt is not None
    assert claimed.attempt_id == attempt.attempt_id
    assert (done.intent.state, done.attempt.state) == ("requires_confirmation", "not_sent")


async def test_a_call_of_a_process_that_died_after_it_was_sent_ends_with_its_outcome(
    simulated: Till, clock: HandClock
) -> None:
    attempt = await intend(simulated)
    step = await read_step(simulated, attempt)
    await simulated.flow.call(attempt, step.intent, step.payment_method)

    clock.at += timedelta(seconds=15)
    (claimed,) = await claim(simulated, clock.at)
    done = await simulated.flow.resume(claimed)

    assert done.intent.state == "succeeded"
    await assert_ledger_is_right(simulated)


async def test_a_repeated_request_sends_what_was_not_sent(simulated: Till) -> None:
    attempt = await intend(simulated)
    timed = count_of_timed_calls()

    done = await simulated.flow.resume(attempt, may_send=True)

    assert done.intent.state == "succeeded"
    assert count_of_timed_calls() == timed + 1


async def test_only_one_worker_claims_an_attempt(simulated: Till, clock: HandClock) -> None:
    await simulated.pay("pm_card_neverKnown")
    clock.at += timedelta(seconds=2)

    assert len(await claim(simulated, clock.at)) == 1
    assert await claim(simulated, clock.at) == []
    assert len(await claim(simulated, clock.at + timedelta(minutes=5))) == 1


async def test_a_payment_has_one_open_call_at_a_time(simulated: Till) -> None:
    attempt = await intend(simulated)
    step = await read_step(simulated, attempt)
    again = msgspec.structs.replace(
        step, intent=msgspec.structs.replace(step.intent, state="requires_confirmation"), attempt=None
    )
    other = begin_authorisation(again, attempt_id=new_id())

    with pytest.raises(asyncpg.UniqueViolationError):
        async with simulated.database.transaction() as connection:
            await store_change(connection, again, other)


async def test_an_authorisation_that_is_not_captured_in_time_expires(simulated: Till, clock: HandClock) -> None:
    authorised = await simulated.pay(capture="manual")
    limits = simulated.flow.limits

    await expire_due(simulated.database, at=clock.at + timedelta(days=6), limits=limits)
    assert (await read_step(simulated, authorised.attempt)).intent.state == "requires_capture"
    await expire_due(simulated.database, at=clock.at + timedelta(days=7), limits=limits)

    step = await read_step(simulated, authorised.attempt)
    assert (step.intent.state, step.intent.cancel_reason) == ("canceled", "automatic")
    assert step.charge is not None
    assert step.charge.voided_at is not None
    await assert_ledger_is_right(simulated)


def count_of_timed_calls() -> float:
    return REGISTRY.get_sample_value("ninefold_payments_call_seconds_count", {"processor": "simulator"}) or 0.0


async def intend(till: Till) -> Attempt:
    """Store what is intended, as a process does that dies before it calls the processor."""
    created = await till.flow.create(
        till.merchant, NewIntent(amount=2_000, currency="usd"), payment_method="pm_card_visa"
    )
    async with till.database.transaction() as connection:
        step = await load_step(connection, created.intent.intent_id, at=till.flow._clock.now(), limits=till.flow.limits)
        done = await store_change(connection, step, begin_authorisation(step, attempt_id=new_id()))
    assert done.attempt is not None
    return done.attempt


async def read_step(till: Till, attempt: Attempt) -> Step:
    async with till.database.transaction() as connection:
        wanted = [(attempt.intent_id, attempt.attempt_id)]
        return (await load_steps(connection, wanted, at=NOON, limits=till.flow.limits))[attempt.intent_id]

"""Calls that arrive late, and outcomes that cross: none is counted as what it wasn't."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import msgspec
import pytest

from ninefold.core.postgres.database import Database
from ninefold.systems.payments.errors import PaymentStateError, ProcessorUnavailableError
from ninefold.systems.payments.model.outcomes import NotFound, NotSent, Outcome, Unknown
from ninefold.systems.payments.model.payments import Attempt
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.processors.port import FollowUpCall
from ninefold.systems.payments.processors.simulator.bank import CallBody
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.queries import read_row
from payments_api import AMOUNT, DirectSimulator, Till, open_till

BEGAN_AT = datetime(2026, 11, 27, 12, tzinfo=UTC)


class StoppedClock:
    """A clock that the test moves."""

    def __init__(self) -> None:
        self.at = BEGAN_AT

    def now(self) -> datetime:
        return self.at


class SlowProcessor(DirectSimulator):
    """Answers cancellations and refunds as the test says; without an answer, the call stays on its way."""

    def __init__(self, answers: Sequence[Outcome]) -> None:
        super().__init__()
        self.answers = list(answers)
        self.on_their_way: list[CallBody] = []

    async def cancel(self, call: FollowUpCall) -> Outcome:
        return self.answers.pop(0) if self.answers else await super().cancel(call)

    async def refund(self, call: FollowUpCall) -> Outcome:
        if not self.answers:
            return await super().refund(call)
        self.on_their_way.append(CallBody(operation="refund", **msgspec.structs.asdict(call)))
        return self.answers.pop(0)


async def make_till(database: Database, data_dir: Path, *answers: Outcome) -> tuple[Till, SlowProcessor, StoppedClock]:
    opened = await open_till(database, data_dir, PaymentsSettings())
    processor, clock = SlowProcessor(answers), StoppedClock()
    flow = PaymentFlow(database, Processors({"simulator": processor}), PaymentsSettings(), clock)
    return opened._replace(flow=flow), processor, clock


async def test_a_refund_that_is_sent_again_in_vain_can_still_have_arrived(database: Database, tmp_path: Path) -> None:
    till, processor, clock = await make_till(
        database, tmp_path, Unknown(reason="late"), NotSent(reason="no connection")
    )
    paid = await till.pay()
    refunding = await till.flow.refund(till.merchant.merchant_id, paid.intent.intent_id, amount=500)
    clock.at += timedelta(seconds=3)

    again = await till.flow.resume(attempt_of(refunding.attempt))

    assert attempt_of(again.attempt).state == "in_doubt"
    processor.bank.receive(processor.on_their_way[0])
    done = await till.flow.resume(attempt_of(again.attempt))
    assert (attempt_of(done.attempt).state, done.charge and done.charge.amount_refunded) == ("succeeded", 500)


async def test_an_absence_counts_only_after_the_time_limit_of_the_last_call(database: Database, tmp_path: Path) -> None:
    till, _, clock = await make_till(database, tmp_path, Unknown(reason="late"), Unknown(reason="late"))
    paid = await till.pay()
    refunding = await till.flow.refund(till.merchant.merchant_id, paid.intent.intent_id, amount=500)
    clock.at += timedelta(minutes=1)
    await till.flow.resume(attempt_of(refunding.attempt))

    # Whoever has asked before the refund was sent again doesn't know of that.
    done = await till.flow.record(attempt_of(refunding.attempt), NotFound())

    assert attempt_of(done.attempt).state == "in_doubt"


async def test_a_payment_goes_on_being_canceled_while_its_customer_authenticates(
    database: Database, tmp_path: Path
) -> None:
    till, processor, _ = await make_till(database, tmp_path, Unknown(reason="no answer"))
    asked = await till.pay("pm_card_authenticationRequired", capture="manual")
    intent_id = asked.intent.intent_id
    canceling = await till.flow.cancel(till.merchant.merchant_id, intent_id)
    passed = processor.bank.authenticate(asked.attempt.processor_reference, is_passed=True)
    assert passed is not None

    authorised = await till.flow.record(asked.attempt, passed.outcome)
    assert (authorised.intent.state, authorised.intent.amount_capturable) == ("in_doubt", AMOUNT)
    done = await till.flow.resume(attempt_of(canceling.attempt))

    assert (done.intent.state, done.intent.amount_capturable) == ("canceled", 0)
    assert await count_holds(database, till.merchant.organisation_id) == 0


async def test_a_payment_whose_customer_fails_while_it_is_canceled_needs_another_card_or_is_canceled(
    database: Database, tmp_path: Path
) -> None:
    till, processor, _ = await make_till(database, tmp_path, Unknown(reason="no answer"))
    asked = await till.pay("pm_card_authenticationRequired")
    canceling = await till.flow.cancel(till.merchant.merchant_id, asked.intent.intent_id)
    failed = processor.bank.authenticate(asked.attempt.processor_reference, is_passed=False)
    assert failed is not None

    declined = await till.flow.record(asked.attempt, failed.outcome)
    assert (declined.intent.state, declined.attempt and declined.attempt.state) == ("in_doubt", "declined")
    done = await till.flow.record(attempt_of(canceling.attempt), NotFound())

    assert (done.intent.state, done.intent.payment_method_id) == ("requires_payment_method", None)


async def test_a_payment_that_is_paid_while_it_is_canceled_stays_paid(database: Database, tmp_path: Path) -> None:
    till, processor, _ = await make_till(database, tmp_path, Unknown(reason="no answer"))
    asked = await till.pay("pm_card_authenticationRequired")
    canceling = await till.flow.cancel(till.merchant.merchant_id, asked.intent.intent_id)
    passed = processor.bank.authenticate(asked.attempt.processor_reference, is_passed=True)
    assert passed is not None

    paid = await till.flow.record(asked.attempt, passed.outcome)
    doubted = await till.flow.record(attempt_of(canceling.attempt), Unknown(reason="no answer"))
    done = await till.flow.resume(attempt_of(canceling.attempt))

    assert [each.intent.state for each in (paid, doubted, done)] == ["succeeded"] * 3
    assert attempt_of(done.attempt).state == "declined"


async def test_a_customer_who_pays_while_the_shop_takes_another_card_has_paid_once(
    database: Database, tmp_path: Path
) -> None:
    till, processor, _ = await make_till(database, tmp_path)
    asked = await till.pay("pm_card_authenticationRequired")
    # The customer passes, and nobody has told us so far.
    processor.bank.authenticate(attempt_of(asked.attempt).processor_reference or "", is_passed=True)

    with pytest.raises(PaymentStateError) as refused:
        await till.flow.confirm(till.merchant.merchant_id, asked.intent.intent_id, payment_method="pm_card_visa")

    assert refused.value.state == "succeeded"
    assert await count_captures(database) == 1
    assert await count_holds(database, till.merchant.organisation_id) == 0


@pytest.mark.parametrize("is_passed", [True, False])
async def test_no_other_card_is_taken_while_it_is_in_doubt_whether_the_customer_can_still_pay(
    database: Database, tmp_path: Path, *, is_passed: bool
) -> None:
    till, processor, _ = await make_till(database, tmp_path, Unknown(reason="no answer"))
    merchant_id = till.merchant.merchant_id
    asked = await till.pay("pm_card_authenticationRequired")

    with pytest.raises(PaymentStateError) as refused:
        await till.flow.confirm(merchant_id, asked.intent.intent_id, payment_method="pm_card_visa")
    assert refused.value.state == "in_doubt"
    if is_passed:
        processor.bank.authenticate(attempt_of(asked.attempt).processor_reference or "", is_passed=True)
        await till.flow.resume(attempt_of(asked.attempt))
    (doubt,) = await doubts_of(database)
    done = await till.flow.resume(doubt)

    if is_passed:
        assert done.intent.state == "succeeded"
    else:
        assert (done.intent.state, done.intent.error_code) == (
            "requires_payment_method",
            "payment_intent_authentication_failure",
        )
        await till.flow.confirm(merchant_id, asked.intent.intent_id, payment_method="pm_card_visa")
    assert await count_captures(database) == 1
    assert await count_holds(database, till.merchant.organisation_id) == 0


async def test_nothing_is_changed_if_an_authentication_cannot_be_canceled_now(
    database: Database, tmp_path: Path
) -> None:
    till, _, _ = await make_till(database, tmp_path, NotSent(reason="no connection"))
    asked = await till.pay("pm_card_authenticationRequired")

    with pytest.raises(ProcessorUnavailableError):
        await till.flow.change(till.merchant.merchant_id, asked.intent.intent_id, {"amount": 2_500})

    changed = await till.flow.change(till.merchant.merchant_id, asked.intent.intent_id, {"amount": 2_500})
    assert (changed.intent.state, changed.intent.amount) == ("requires_confirmation", 2_500)


async def doubts_of(database: Database) -> list[Attempt]:
    async with database.connection() as connection:
        rows = await connection.fetch("SELECT * FROM payments.attempt WHERE state = 'in_doubt'")
    return [read_row(Attempt, row) for row in rows]


async def count_captures(database: Database) -> int:
    async with database.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM payments.charge WHERE captured_at IS NOT NULL")
    return count


def attempt_of(attempt: Attempt | None) -> Attempt:
    assert attempt is not None
    return attempt


async def count_holds(database: Database, organisation_id: UUID) -> int:
    audit = await audit_ledger(database, organisation_id=organisation_id)
    assert audit.faults == []
    async with database.connection() as connection:
        count: int = await connection.fetchval("SELECT count(*) FROM payments.open_hold")
    return count

"""The steps of a payment, with the simulated processor in this process."""

from pathlib import Path
from uuid import UUID

import pytest

from ninefold.core.clock import SystemClock
from ninefold.core.processes import ProcessFolder
from ninefold.systems.payments.errors import InvalidAmountError, PaymentStateError, RefundTooLargeError
from ninefold.systems.payments.model.ledger import AccountKey, AccountKind
from ninefold.systems.payments.processors.opening import open_processors
from ninefold.systems.payments.service.audit import audit_ledger
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.ledger import read_balance
from ninefold.systems.payments.service.reading import get_payment
from ninefold.systems.payments.settings import PaymentsSettings
from payments_api import AMOUNT, Till

ORGANISATIONS_OWN = ("processor_receivable", "fees")
FEE = 88


async def balance(till: Till, kind: AccountKind) -> tuple[int, int]:
    """Return what is posted and what is pending."""
    merchant_id = None if kind in ORGANISATIONS_OWN else till.merchant.merchant_id
    key = AccountKey(till.merchant.organisation_id, merchant_id, kind, "USD")
    async with till.database.connection() as connection:
        account = await read_balance(connection, key)
    return account.balance, account.pending


async def timeline(till: Till, intent_id: UUID) -> list[str]:
    async with till.database.connection() as connection:
        details = await get_payment(connection, organisation_id=till.merchant.organisation_id, intent_id=intent_id)
    return [event.type for event in details.timeline]


async def assert_ledger_is_right(till: Till) -> None:
    found = await audit_ledger(till.database, organisation_id=till.merchant.organisation_id)
    assert found.faults == []


async def test_a_payment_is_captured_at_once_and_its_fee_posted(till: Till) -> None:
    done = await till.pay()

    assert (done.intent.state, done.attempt.state, done.charge.state) == ("succeeded", "succeeded", "succeeded")
    assert (done.charge.amount_captured, done.charge.fee) == (AMOUNT, FEE)
    assert await timeline(till, done.intent.intent_id) == ["created", "confirmed", "captured"]
    assert await balance(till, "processor_receivable") == (AMOUNT, 0)
    assert await balance(till, "merchant_held") == (AMOUNT - FEE, 0)
    assert await balance(till, "fees") == (FEE, 0)
    await assert_ledger_is_right(till)


async def test_a_decline_leaves_no_money_anywhere(till: Till) -> None:
    done = await till.pay("pm_card_chargeDeclinedInsufficientFunds")

    assert (done.intent.state, done.attempt.state) == ("requires_payment_method", "declined")
    assert (done.intent.error_code, done.intent.decline_code) == ("card_declined", "insufficient_funds")
    assert done.charge.state == "failed"
    assert await balance(till, "processor_receivable") == (0, 0)


async def test_a_part_is_captured_and_the_rest_released(till: Till) -> None:
    authorised = await till.pay(capture="manual")
    intent_id = authorised.intent.intent_id
    assert (authorised.intent.state, authorised.intent.amount_capturable) == ("requires_capture", AMOUNT)
    assert await balance(till, "merchant_pending") == (0, AMOUNT)
    with pytest.raises(InvalidAmountError):
        await till.flow.capture(till.merchant.merchant_id, intent_id, amount=AMOUNT + 1)

    done = await till.flow.capture(till.merchant.merchant_id, intent_id, amount=500)

    assert (done.intent.state, done.intent.amount_received) == ("succeeded", 500)
    assert await balance(till, "merchant_pending") == (0, 0)
    assert await balance(till, "processor_receivable") == (500, 0)
    await assert_ledger_is_right(till)
    with pytest.raises(PaymentStateError):
        await till.flow.capture(till.merchant.merchant_id, intent_id)


async def test_a_canceled_authorisation_is_voided(till: Till) -> None:
    authorised = await till.pay(capture="manual")

    done = await till.flow.cancel(till.merchant.merchant_id, authorised.intent.intent_id, reason="abandoned")

    assert (done.intent.state, done.intent.cancel_reason) == ("canceled", "abandoned")
    assert done.charge is not None
    assert done.charge.voided_at is not None
    assert await balance(till, "merchant_pending") == (0, 0)
    await assert_ledger_is_right(till)


async def test_a_refund_can_be_made_in_parts_but_not_beyond_what_was_captured(till: Till) -> None:
    paid = await till.pay()
    merchant_id, intent_id = till.merchant.merchant_id, paid.intent.intent_id

    first = await till.flow.refund(merchant_id, intent_id, amount=500, reason="requested_by_customer")
    assert first.refund is not None
    assert (first.refund.state, first.refund.amount) == ("succeeded", 500)
    with pytest.raises(RefundTooLargeError):
        await till.flow.refund(merchant_id, intent_id, amount=AMOUNT - 499)
    second = await till.flow.refund(merchant_id, intent_id)

    assert second.refund is not None
    assert second.refund.amount == AMOUNT - 500
    assert await balance(till, "merchant_available") == (-AMOUNT, 0)
    assert await balance(till, "processor_receivable") == (0, 0)
    await assert_ledger_is_right(till)


async def test_a_refused_refund_goes_back_to_the_merchant(till: Till) -> None:
    paid = await till.pay("pm_card_refundFail")

    done = await till.flow.refund(till.merchant.merchant_id, paid.intent.intent_id)

    assert done.refund is not None
    assert (done.refund.state, done.refund.failure_reason) == ("failed", "refund_refused")
    assert done.charge is not None
    assert (done.charge.amount_refunding, done.charge.amount_refunded) == (0, 0)
    assert await balance(till, "merchant_available") == (0, 0)


async def test_a_refused_capture_leaves_the_payment_authorised(till: Till) -> None:
    authorised = await till.pay("pm_card_captureRefused", capture="manual")

    done = await till.flow.capture(till.merchant.merchant_id, authorised.intent.intent_id)

    assert done.attempt is not None
    assert (done.intent.state, done.attempt.state) == ("requires_capture", "declined")
    assert await balance(till, "merchant_pending") == (0, AMOUNT)


async def test_a_lost_answer_is_a_doubt_with_the_shadow_of_the_funds_until_an_inquiry_ends_it(till: Till) -> None:
    doubtful = await till.pay("pm_card_lostAnswer")
    assert (doubtful.intent.state, doubtful.attempt.state) == ("in_doubt", "in_doubt")
    assert await balance(till, "merchant_pending") == (0, AMOUNT)
    assert await balance(till, "merchant_held") == (0, 0)

    done = await till.flow.resume(doubtful.attempt)

    assert (done.intent.state, done.intent.amount_received) == ("succeeded", AMOUNT)
    assert await balance(till, "merchant_pending") == (0, 0)
    assert await balance(till, "merchant_held") == (AMOUNT - FEE, 0)
    assert await timeline(till, done.intent.intent_id) == ["created", "confirmed", "in_doubt", "captured"]
    await assert_ledger_is_right(till)


async def test_a_lost_answer_to_a_decline_ends_as_a_decline(till: Till) -> None:
    doubtful = await till.pay("pm_card_lostAnswerDeclined")

    done = await till.flow.resume(doubtful.attempt)

    assert done.intent.state == "requires_payment_method"
    assert await balance(till, "merchant_pending") == (0, 0)
    await assert_ledger_is_right(till)


@pytest.mark.parametrize(
    ("token", "operation", "state"),
    [
        ("pm_card_lostCaptureAnswer", "capture", "succeeded"),
        ("pm_card_lostCancelAnswer", "cancel", "canceled"),
    ],
)
async def test_a_doubt_about_what_follows_an_authorisation_is_ended_by_an_inquiry(
    till: Till, token: str, operation: str, state: str
) -> None:
    authorised = await till.pay(token, capture="manual")
    step = till.flow.capture if operation == "capture" else till.flow.cancel
    doubtful = await step(till.merchant.merchant_id, authorised.intent.intent_id)
    assert doubtful.intent.state == "in_doubt"
    assert doubtful.attempt is not None

    done = await till.flow.resume(doubtful.attempt)

    assert done.intent.state == state
    await assert_ledger_is_right(till)


async def test_a_refund_in_doubt_is_pending_and_ended_by_an_inquiry(till: Till) -> None:
    paid = await till.pay("pm_card_lostRefundAnswer")
    doubtful = await till.flow.refund(till.merchant.merchant_id, paid.intent.intent_id)
    assert doubtful.attempt is not None
    assert doubtful.attempt.state == "in_doubt"
    assert doubtful.intent.state == "succeeded"

    done = await till.flow.resume(doubtful.attempt)

    assert done.refund is not None
    assert done.refund.state == "succeeded"
    await assert_ledger_is_right(till)


async def test_what_never_reached_the_processor_is_sent_again_only_if_somebody_waits(till: Till) -> None:
    doubtful = await till.pay("pm_card_lostRequest")
    assert doubtful.attempt.state == "in_doubt"

    still = await till.flow.resume(doubtful.attempt)

    assert still.attempt is not None
    assert still.attempt.state == "in_doubt", "it could still arrive"
    assert still.attempt.error_message == "The processor has received nothing so far."


async def test_a_processor_that_does_not_run_has_received_nothing(
    till: Till, payments_settings: PaymentsSettings, tmp_path: Path
) -> None:
    processors = open_processors(payments_settings, ProcessFolder.of(tmp_path))
    elsewhere = till._replace(flow=PaymentFlow(till.database, processors, payments_settings, SystemClock()))

    done = await elsewhere.pay()

    assert (done.intent.state, done.attempt.state) == ("requires_confirmation", "not_sent")
    again = await till.flow.confirm(till.merchant.merchant_id, done.intent.intent_id)
    assert again.intent.state == "succeeded"
    await processors.close()

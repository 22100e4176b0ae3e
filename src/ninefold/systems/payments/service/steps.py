"""The steps of a payment, each in a transaction of the caller: what is stored before a call, and what after it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import random_text
from ninefold.systems.payments.errors import PaymentNotFoundError
from ninefold.systems.payments.model.events import NewEvent, OwnedEvent, Snapshot
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.money import payable
from ninefold.systems.payments.model.payments import (
    INTENT_PREFIX,
    Attempt,
    Charge,
    EvidenceKind,
    Intent,
    IntentEvent,
    NewIntent,
    PaymentMethod,
    Refund,
)
from ninefold.systems.payments.rules.changes import Change, Limits, Step
from ninefold.systems.payments.rules.events import events_of
from ninefold.systems.payments.service import ledger
from ninefold.systems.payments.service.events import record_events, record_owned_events
from ninefold.systems.payments.service.feeds import announce_payments
from ninefold.systems.payments.store import payments as store
from ninefold.systems.payments.store.payments import LoadedPayment
from ninefold.systems.payments.store.steps import StepRows, step_store

T = TypeVar("T")

CLIENT_SECRET_LENGTH: Final = 24


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """What proves an outcome that neither the answer to the call nor an inquiry has told."""

    kind: EvidenceKind
    text: str
    closed_by: str | None = None
    """The person who closes it."""


class Done(msgspec.Struct, frozen=True, kw_only=True):
    """A payment after a step, with what the step was about."""

    intent: Intent
    attempt: Attempt | None = None
    """The call to the processor; None if none was needed."""
    charge: Charge | None = None
    refund: Refund | None = None
    payment_method: PaymentMethod | None = None


def new_intent(merchant: Merchant, new: NewIntent, *, payment_method: PaymentMethod | None, at: datetime) -> Intent:
    """Return a new payment, which isn't stored yet.

    Raises:
        InvalidAmountError: the amount can't be paid.
        InvalidCurrencyError: there is no such currency.
    """
    money = payable(new.amount, new.currency)
    intent_id = new_id()
    return Intent(
        intent_id=intent_id,
        organisation_id=merchant.organisation_id,
        merchant_id=merchant.merchant_id,
        state="requires_payment_method" if payment_method is None else "requires_confirmation",
        amount=money.amount,
        currency=money.currency.code,
        capture_method=new.capture_method,
        amount_capturable=0,
        amount_received=0,
        customer_id=new.customer_id,
        payment_method_id=None if payment_method is None else payment_method.payment_method_id,
        latest_charge_id=None,
        client_secret=f"{format_id(INTENT_PREFIX, intent_id)}_secret_{random_text(CLIENT_SECRET_LENGTH)}",
        description=new.description,
        receipt_email=new.receipt_email,
        statement_descriptor=new.statement_descriptor,
        metadata=new.metadata,
        action_url=None,
        error_code=None,
        decline_code=None,
        error_message=None,
        in_doubt_since=None,
        capture_before=None,
        cancel_reason=None,
        canceled_at=None,
        created_at=at,
        updated_at=at,
        version=1,
        options=new.options,
    )


async def store_new_intent(connection: Connection, step: Step, change: Change | None) -> Done:
    """Store a new payment, and what its first step changes if it has one.

    Args:
        connection: in a transaction.
        step: the new payment.
        change: what its first step changes; it moves no money.
    """
    created, at = step.intent, step.at
    events = [IntentEvent(intent_id=created.intent_id, version=1, type="created", at=at, detail={})]
    announced = [(created, "created")]
    if change is not None:
        assert not change.transfers, "nothing is moved before a processor is called"
        events.append(_event_of(step, change))
        announced.append((change.intent, change.event))
    last = created if change is None else change.intent
    attempts = [] if change is None else _some(change.attempt)
    await record_events(
        connection, step.merchant, [NewEvent("payment_intent.created", Snapshot(intent=created))], at=at
    )
    await _store(connection, StepRows(intents=[last], events=events, attempts=attempts))
    await announce_payments(connection, announced)
    return Done(intent=last, attempt=None if change is None else change.attempt, payment_method=step.payment_method)


async def load_step(
    connection: Connection, intent_id: UUID, *, merchant_id: UUID | None = None, at: datetime, limits: Limits
) -> Step:
    """Lock a payment until the end of the transaction, and return it with all that a step may change.

    Raises:
        PaymentNotFoundError: there is no such payment, or it is another merchant's.
    """
    steps = await load_steps(connection, [(intent_id, None)], at=at, limits=limits)
    step = steps.get(intent_id)
    if step is None or merchant_id not in (None, step.intent.merchant_id):
        raise no_payment(intent_id)
    return step


async def store_change(connection: Connection, step: Step, change: Change) -> Done:
    """Store what a step changes. Its accounts are then locked until the commit."""
    [done] = await store_changes(connection, [(step, change)])
    return done


async def load_steps(
    connection: Connection, wanted: Sequence[tuple[UUID, UUID | None]], *, at: datetime, limits: Limits
) -> dict[UUID, Step]:
    """Lock payments until the end of the transaction, and return each with all that a step may change, by its id.

    Args:
        connection: in a transaction.
        wanted: each payment, and the attempt that is wanted with it.
        at: when the steps are made.
        limits: how long things may take.
    """
    # In a statement of its own: one that waits for the lock would read the other rows as they were before.
    await store.intent_lock(connection, intent_ids=[intent_id for intent_id, _ in wanted])
    loaded = await store.intent_load_many(connection, wanted=wanted)
    return {intent_id: await _step_of(connection, each, at=at, limits=limits) for intent_id, each in loaded.items()}


async def _step_of(connection: Connection, loaded: LoadedPayment, *, at: datetime, limits: Limits) -> Step:
    waiting = None
    if loaded.intent.action_url is not None:
        waiting = await store.attempt_find_waiting(connection, intent_id=loaded.intent.intent_id)
    return Step(
        intent=loaded.intent,
        merchant=loaded.merchant,
        attempt=loaded.attempt,
        charge=loaded.charge,
        refund=loaded.refund,
        payment_method=loaded.payment_method,
        waiting=waiting,
        at=at,
        limits=limits,
    )


async def store_changes(connection: Connection, changes: Sequence[tuple[Step, Change]]) -> list[Done]:
    """Store what steps of different payments change, in one statement; return what was done, in the same order.

    Their accounts are then locked until the commit.
    """
    if not changes:
        return []
    told = [
        OwnedEvent(step.merchant.organisation_id, step.merchant.merchant_id, event)
        for step, change in changes
        if not change.is_quiet
        for event in events_of(step, change)
    ]
    await record_owned_events(connection, told, at=changes[0][0].at)
    await _store(connection, _rows_of(changes))
    await announce_payments(connection, [(change.intent, change.event) for _, change in changes if not change.is_quiet])
    return [_done_of(step, change) for step, change in changes]


def _rows_of(changes: Sequence[tuple[Step, Change]]) -> StepRows:
    """Return all rows of steps."""
    loud = [(step, change) for step, change in changes if not change.is_quiet]
    transfers = [each for _, change in loud for each in change.transfers]
    return StepRows(
        intents=[change.intent for _, change in loud],
        events=[_event_of(step, change) for step, change in loud],
        refunds=[change.refund for _, change in loud if change.refund is not None],
        charges=[change.charge for _, change in loud if change.charge is not None],
        attempts=[
            each
            for _, change in changes
            for each in (*_some(change.attempt), *(() if change.is_quiet else change.also_attempts))
        ],
        accounts=ledger.account_rows(transfers),
        transfers=[row for step, change in loud for row in ledger.transfer_rows(change.transfers, at=step.at)],
    )


def _event_of(step: Step, change: Change) -> IntentEvent:
    return IntentEvent(
        intent_id=change.intent.intent_id,
        version=change.intent.version,
        type=change.event,
        at=step.at,
        detail=change.detail,
    )


def _done_of(step: Step, change: Change) -> Done:
    if change.is_quiet:
        assert change.attempt is not None, "only an attempt changes quietly"
        return unchanged(step, change.attempt)
    return Done(
        intent=change.intent,
        attempt=change.attempt,
        charge=change.charge or step.charge,
        refund=change.refund or step.refund,
        payment_method=step.payment_method,
    )


async def _store(connection: Connection, rows: StepRows) -> None:
    with ledger.refusals():
        await step_store(connection, rows)


def _some(value: T | None) -> list[T]:
    return [] if value is None else [value]


def unchanged(step: Step, attempt: Attempt) -> Done:
    """Return what was done if at most the attempt has changed."""
    return Done(
        intent=step.intent,
        attempt=attempt,
        charge=step.charge,
        refund=step.refund,
        payment_method=step.payment_method,
    )


def no_payment(intent_id: UUID) -> PaymentNotFoundError:
    """Return the error for a payment that doesn't exist, or is another merchant's."""
    return PaymentNotFoundError(
        f"No such payment: {format_id(INTENT_PREFIX, intent_id)}.", field="payment_id", remedy="List the payments."
    )

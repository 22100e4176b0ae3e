"""The steps of a payment, each in a transaction of the caller: what is stored before a call, and what after it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Final, TypeVar
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.kinds import random_text
from ninefold.systems.payments.errors import PaymentNotFoundError
from ninefold.systems.payments.model.events import NewEvent, Origin, Snapshot
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.money import payable
from ninefold.systems.payments.model.outcomes import NotFound, Unknown
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
from ninefold.systems.payments.rules.outcomes import AnyOutcome, apply_outcome
from ninefold.systems.payments.service import ledger
from ninefold.systems.payments.service.events import record_events
from ninefold.systems.payments.service.feeds import announce_payment
from ninefold.systems.payments.store import payments as store
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


async def insert_intent(
    connection: Connection,
    merchant: Merchant,
    new: NewIntent,
    *,
    payment_method: PaymentMethod | None,
    at: datetime,
    origin: Origin | None = None,
) -> Intent:
    """Store a new payment.

    Raises:
        InvalidAmountError: the amount can't be paid.
        InvalidCurrencyError: there is no such currency.
    """
    money = payable(new.amount, new.currency)
    intent_id = new_id()
    intent = Intent(
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
    event = IntentEvent(intent_id=intent_id, version=1, type="created", at=at, detail={})
    await _store(connection, StepRows(intents=[intent], events=[event]))
    created = NewEvent("payment_intent.created", Snapshot(intent=intent))
    await record_events(connection, merchant, [created], at=at, origin=origin)
    await announce_payment(connection, intent, event="created")
    return intent


async def load_step(
    connection: Connection,
    intent_id: UUID,
    *,
    attempt_id: UUID | None = None,
    merchant_id: UUID | None = None,
    at: datetime,
    limits: Limits,
    origin: Origin | None = None,
) -> Step:
    """Lock a payment until the end of the transaction, and return it with all that a step may change.

    Raises:
        PaymentNotFoundError: there is no such payment, or it is another merchant's.
    """
    # In a statement of its own: one that waits for the lock would read the other rows as they were before.
    await store.intent_lock(connection, intent_id=intent_id)
    loaded = await store.intent_load(connection, intent_id=intent_id, attempt_id=attempt_id)
    if loaded is None or merchant_id not in (None, loaded.intent.merchant_id):
        raise no_payment(intent_id)
    waiting = None
    if loaded.intent.action_url is not None:
        waiting = await store.attempt_find_waiting(connection, intent_id=intent_id)
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
        origin=origin,
    )


async def store_change(connection: Connection, step: Step, change: Change) -> Done:
    """Store what a step changes, in one statement. Its accounts are then locked until the commit."""
    if change.is_quiet:
        assert change.attempt is not None, "only an attempt changes quietly"
        await _store(connection, StepRows(attempts=[change.attempt]))
        return _unchanged(step, change.attempt)
    event = IntentEvent(
        intent_id=change.intent.intent_id,
        version=change.intent.version,
        type=change.event,
        at=step.at,
        detail=change.detail,
    )
    await record_events(connection, step.merchant, events_of(step, change), at=step.at, origin=step.origin)
    await _store(
        connection,
        StepRows(
            intents=[change.intent],
            events=[event],
            refunds=_some(change.refund),
            charges=_some(change.charge),
            attempts=[*_some(change.attempt), *change.also_attempts],
            accounts=ledger.account_rows(change.transfers),
            transfers=ledger.transfer_rows(change.transfers, at=step.at),
        ),
    )
    await announce_payment(connection, change.intent, event=change.event)
    return Done(
        intent=change.intent,
        attempt=change.attempt,
        charge=change.charge or step.charge,
        refund=change.refund or step.refund,
        payment_method=step.payment_method,
    )


async def record_outcome(
    connection: Connection,
    attempt: Attempt,
    outcome: AnyOutcome,
    *,
    at: datetime,
    limits: Limits,
    evidence: Evidence | None = None,
    origin: Origin | None = None,
) -> Done:
    """Store what became of a call. If that is known already, nothing changes.

    Args:
        connection: in a transaction.
        attempt: the call.
        outcome: what the processor says, or what the evidence proves.
        at: when.
        limits: how long things may take.
        evidence: what proves it, unless it was the answer or an inquiry.
        origin: the merchant's request that still waits for it.
    """
    step = await load_step(
        connection, attempt.intent_id, attempt_id=attempt.attempt_id, at=at, limits=limits, origin=origin
    )
    assert step.attempt is not None, "attempts are never deleted"
    if not step.attempt.is_open:
        return _unchanged(step, step.attempt)
    if isinstance(outcome, NotFound) and step.attempt.sent_at != attempt.sent_at:
        outcome = Unknown(reason="It was sent again meanwhile.")
    change = apply_outcome(step, outcome)
    if evidence is not None and change.attempt is not None:
        proved = msgspec.structs.replace(
            change.attempt, evidence_kind=evidence.kind, evidence=evidence.text, closed_by=evidence.closed_by
        )
        detail: Mapping[str, object] = {**change.detail, "evidence": evidence.kind}
        change = msgspec.structs.replace(change, attempt=proved, detail=detail)
    return await store_change(connection, step, change)


async def _store(connection: Connection, rows: StepRows) -> None:
    with ledger.refusals():
        await step_store(connection, rows)


def _some(value: T | None) -> list[T]:
    return [] if value is None else [value]


def _unchanged(step: Step, attempt: Attempt) -> Done:
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

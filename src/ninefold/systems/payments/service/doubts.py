"""Outcomes in doubt: the queue of them, inquiries, and what a person closes by evidence."""

from datetime import datetime
from typing import Final, Literal, TypeAlias
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.errors import AttemptNotFoundError, AttemptStateError
from ninefold.systems.payments.model.outcomes import Approved, Declined, NotFound
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, Attempt, AttemptState
from ninefold.systems.payments.rules.card_numbers import require_no_card_number
from ninefold.systems.payments.rules.changes import Limits
from ninefold.systems.payments.rules.outcomes import AnyOutcome
from ninefold.systems.payments.service.flow import PaymentFlow
from ninefold.systems.payments.service.recording import NewOutcome, record_outcomes
from ninefold.systems.payments.service.steps import Done, Evidence
from ninefold.systems.payments.store import payments as store

Verdict: TypeAlias = Literal["succeeded", "declined", "not_sent"]

_IN_DOUBT: Final = ("in_doubt", "needs_person")


async def list_doubts(
    connection: Connection, *, organisation_id: UUID, state: AttemptState | None, after: UUID | None, limit: int
) -> list[Attempt]:
    """Return the attempts of an organisation whose outcome is in doubt, oldest first."""
    return await store.attempt_list_in_doubt(
        connection, organisation_id=organisation_id, state=state, after=after, limit=limit
    )


async def get_attempt(connection: Connection, *, organisation_id: UUID, attempt_id: UUID) -> Attempt:
    """Return an attempt.

    Raises:
        AttemptNotFoundError: the organisation has no such attempt.
    """
    attempt = await store.attempt_find(connection, organisation_id=organisation_id, attempt_id=attempt_id)
    if attempt is None:
        raise AttemptNotFoundError(
            f"There is no attempt {format_id(ATTEMPT_PREFIX, attempt_id)}.", remedy="List the attempts in doubt."
        )
    return attempt


async def inquire_now(database: Database, flow: PaymentFlow, *, organisation_id: UUID, attempt_id: UUID) -> Done:
    """Ask the processor at once what became of a call, and record its answer.

    Raises:
        AttemptNotFoundError: the organisation has no such attempt.
        AttemptStateError: its outcome isn't in doubt.
    """
    async with database.connection() as connection:
        attempt = await _get_doubt(connection, organisation_id=organisation_id, attempt_id=attempt_id)
    return await flow.resume(attempt)


async def close_doubt(
    connection: Connection,
    *,
    organisation_id: UUID,
    attempt_id: UUID,
    verdict: Verdict,
    processor_reference: str | None,
    evidence: Evidence,
    at: datetime,
    limits: Limits,
) -> Done:
    """Record what a person has found out about a call, with the evidence; call it in a transaction.

    Args:
        connection: in a transaction.
        organisation_id: whose attempt it is.
        attempt_id: the call.
        verdict: what became of it.
        processor_reference: the processor's own id, if the call has succeeded.
        evidence: what proves it.
        at: when.
        limits: how long things may take.

    Raises:
        AttemptNotFoundError: the organisation has no such attempt.
        AttemptStateError: its outcome isn't in doubt.
        CardNumberError: the evidence contains a card number.
    """
    require_no_card_number(evidence.text, field="evidence")
    require_no_card_number(processor_reference, field="processor_reference")
    attempt = await _get_doubt(connection, organisation_id=organisation_id, attempt_id=attempt_id)
    intent = await store.intent_find(connection, organisation_id=organisation_id, intent_id=attempt.intent_id)
    assert intent is not None, "payments are never deleted"
    outcomes: dict[Verdict, AnyOutcome] = {
        "succeeded": Approved(
            reference=processor_reference or attempt.our_reference,
            is_captured=attempt.operation == "authorise" and intent.capture_method == "automatic",
        ),
        "declined": Declined(code="card_declined", message="The payment was declined."),
        "not_sent": NotFound(),
    }
    new = NewOutcome(attempt, outcomes[verdict], evidence)
    [done] = await record_outcomes(connection, [new], at=at, limits=limits)
    return done


async def claim_due(connection: Connection, *, at: datetime, claimed_until: datetime, limit: int) -> list[Attempt]:
    """Claim attempts whose processor is to be asked now, for some time; call it in a transaction."""
    return await store.attempt_claim_due(connection, at=at, claimed_until=claimed_until, limit=limit)


async def _get_doubt(connection: Connection, *, organisation_id: UUID, attempt_id: UUID) -> Attempt:
    attempt = await get_attempt(connection, organisation_id=organisation_id, attempt_id=attempt_id)
    if attempt.state not in _IN_DOUBT:
        raise AttemptStateError(
            f"The outcome of {attempt.our_reference} isn't in doubt: it is {attempt.state}.",
            remedy="Read the payment again.",
        )
    return attempt

"""The flow of a payment: what is intended is committed, then the processor is called, then the outcome is committed.

No transaction is open during a call. Whoever dies in between leaves an attempt, from which a job goes on.
"""

from collections.abc import Mapping
from datetime import timedelta
from typing import Final, Protocol
from uuid import UUID

import msgspec

from ninefold.core.clock import Clock
from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.errors import PaymentMethodRequiredError
from ninefold.systems.payments.model.merchants import Merchant
from ninefold.systems.payments.model.outcomes import NotFound, NotSent, Outcome, Unknown
from ninefold.systems.payments.model.payments import (
    Attempt,
    CancelReason,
    Intent,
    NewIntent,
    PaymentMethod,
    RefundReason,
)
from ninefold.systems.payments.processors.opening import Processors
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, InquiryCall
from ninefold.systems.payments.rules.beginnings import begin_authorisation, begin_cancel, begin_capture, begin_refund
from ninefold.systems.payments.rules.changes import Change, Limits, Step
from ninefold.systems.payments.rules.inquiries import is_absence_final
from ninefold.systems.payments.rules.outcomes import AnyOutcome
from ninefold.systems.payments.service.metrics import CALL_SECONDS, count_call
from ninefold.systems.payments.service.payment_methods import find_or_create_payment_method
from ninefold.systems.payments.service.recording import NewOutcome, OutcomeRecorder
from ninefold.systems.payments.service.steps import (
    Done,
    Evidence,
    load_step,
    new_intent,
    store_change,
    store_new_intent,
)
from ninefold.systems.payments.settings import PaymentsSettings
from ninefold.systems.payments.store.payments import attempt_mark_sent, intent_load


class StepLog(Protocol):
    """Is told of the steps of one request, in the transaction of each."""

    async def began(self, connection: Connection, done: Done) -> None:
        """Store what the request has made so far, before a processor is called."""
        ...

    async def ended(self, connection: Connection, done: Done) -> None:
        """Store what the request is answered with; called again if that transaction fails."""
        ...


def limits_of(settings: PaymentsSettings) -> Limits:
    """Return how long things may take."""
    return Limits(
        processor_timeout=timedelta(seconds=settings.processor_timeout_s),
        in_doubt_deadline=timedelta(seconds=settings.in_doubt_deadline_s),
        authorisation_lifetime=timedelta(seconds=settings.authorisation_s),
    )


class PaymentFlow:
    """Makes the steps of payments.

    Args:
        database: where they are committed.
        processors: which are called.
        settings: how long things may take.
        clock: the time.
    """

    def __init__(self, database: Database, processors: Processors, settings: PaymentsSettings, clock: Clock) -> None:
        self.processors: Final = processors
        self.limits: Final = limits_of(settings)
        self._database: Final = database
        self._clock: Final = clock
        self._recorder: Final = OutcomeRecorder(database, clock, self.limits)

    async def create(
        self,
        merchant: Merchant,
        new: NewIntent,
        *,
        payment_method: str | None = None,
        confirm: bool = False,
        log: StepLog | None = None,
    ) -> Done:
        """Create a payment, and confirm it at once if that is asked for.

        Args:
            merchant: who is paid.
            new: what is asked for.
            payment_method: an id, or a test token such as `pm_card_visa`.
            confirm: whether to authorise the funds now.
            log: is told of the steps.

        Raises:
            InvalidAmountError: the amount can't be paid.
            InvalidCurrencyError: there is no such currency.
            PaymentMethodNotFoundError: the merchant has no such payment method.
            PaymentMethodRequiredError: it is to be confirmed without one.
        """
        at = self._clock.now()
        async with self._database.transaction() as connection:
            method = None
            if payment_method is not None:
                method = await find_or_create_payment_method(
                    connection, merchant_id=merchant.merchant_id, text=payment_method, at=at
                )
            intent = new_intent(merchant, new, payment_method=method, at=at)
            step = Step(intent=intent, merchant=merchant, payment_method=method, at=at, limits=self.limits)
            change = begin_authorisation(step, attempt_id=new_id()) if confirm else None
            begun = await store_new_intent(connection, step, change)
            await _tell(log, connection, begun)
        return await self._go_on(begun, log)

    async def confirm(
        self, merchant_id: UUID, intent_id: UUID, *, payment_method: str | None = None, log: StepLog | None = None
    ) -> Done:
        """Authorise the funds of a payment.

        Raises:
            PaymentNotFoundError: the merchant has no such payment.
            PaymentStateError: it can't be confirmed now.
            PaymentMethodNotFoundError: the merchant has no such payment method.
            PaymentMethodRequiredError: the payment has none.
        """
        async with self._database.transaction() as connection:
            step = await self._load(connection, merchant_id, intent_id)
            if payment_method is not None:
                method = await find_or_create_payment_method(
                    connection, merchant_id=merchant_id, text=payment_method, at=step.at
                )
                step = _with_method(step, method)
            begun = await store_change(connection, step, begin_authorisation(step, attempt_id=new_id()))
            await _tell(log, connection, begun)
        return await self._go_on(begun, log)

    async def capture(
        self, merchant_id: UUID, intent_id: UUID, *, amount: int | None = None, log: StepLog | None = None
    ) -> Done:
        """Capture authorised funds; all of them if no amount is given. What isn't captured is released.

        Raises:
            PaymentNotFoundError: the merchant has no such payment.
            PaymentStateError: it can't be captured now.
            InvalidAmountError: it is more than was authorised.
        """
        async with self._database.transaction() as connection:
            step = await self._load(connection, merchant_id, intent_id)
            change = begin_capture(step, attempt_id=new_id(), amount=amount)
            begun = await self._begin(connection, step, change, log)
        return await self._go_on(begun, log)

    async def cancel(
        self, merchant_id: UUID, intent_id: UUID, *, reason: CancelReason | None = None, log: StepLog | None = None
    ) -> Done:
        """Cancel a payment, and release what is authorised.

        Raises:
            PaymentNotFoundError: the merchant has no such payment.
            PaymentStateError: it can't be canceled now.
        """
        async with self._database.transaction() as connection:
            step = await self._load(connection, merchant_id, intent_id)
            change = begin_cancel(step, attempt_id=new_id(), reason=reason)
            begun = await self._begin(connection, step, change, log)
        return await self._go_on(begun, log)

    async def refund(
        self,
        merchant_id: UUID,
        intent_id: UUID,
        *,
        amount: int | None = None,
        reason: RefundReason | None = None,
        metadata: Mapping[str, str] | None = None,
        log: StepLog | None = None,
    ) -> Done:
        """Refund captured funds; all that is left if no amount is given.

        Raises:
            PaymentNotFoundError: the merchant has no such payment.
            PaymentStateError: nothing was captured.
            RefundTooLargeError: less is left.
        """
        async with self._database.transaction() as connection:
            step = await self._load(connection, merchant_id, intent_id)
            change = begin_refund(
                step,
                attempt_id=new_id(),
                refund_id=new_id(),
                amount=amount,
                reason=reason,
                metadata=dict(metadata or {}),
            )
            begun = await self._begin(connection, step, change, log)
        return await self._go_on(begun, log)

    async def call(self, attempt: Attempt, intent: Intent, payment_method: PaymentMethod | None) -> Outcome:
        """Call the processor for an attempt that is committed. The processor does it once, if it comes again."""
        with CALL_SECONDS.labels(attempt.processor).time():
            return await self._call(attempt, intent, payment_method)

    async def _call(self, attempt: Attempt, intent: Intent, payment_method: PaymentMethod | None) -> Outcome:
        processor = self.processors.get(attempt.processor)
        if attempt.operation == "authorise":
            if payment_method is None:
                raise PaymentMethodRequiredError("The payment has no payment method.", field="payment_method")
            return await processor.authorise(
                AuthoriseCall(
                    our_reference=attempt.our_reference,
                    token=payment_method.token,
                    amount=attempt.amount,
                    currency=attempt.currency,
                    capture=intent.capture_method == "automatic",
                    at=self._clock.now(),
                )
            )
        call = FollowUpCall(
            our_reference=attempt.our_reference,
            authorisation_reference=attempt.authorisation_reference or "",
            amount=attempt.amount,
            currency=attempt.currency,
            at=self._clock.now(),
        )
        match attempt.operation:
            case "capture":
                return await processor.capture(call)
            case "cancel":
                return await processor.cancel(call)
        return await processor.refund(call)

    async def resume(self, attempt: Attempt, *, log: StepLog | None = None, may_send: bool = False) -> Done:
        """Find out what became of a call, and record it; send it if the processor has never received it.

        Args:
            attempt: the call; it may have ended meanwhile.
            log: is told of the outcome.
            may_send: whether an authorisation may be sent too: only if the merchant still waits for it. All others are
                sent, because the merchant has asked for what nothing else does.
        """
        async with self._database.connection() as connection:
            loaded = await intent_load(connection, intent_id=attempt.intent_id, attempt_id=attempt.attempt_id)
        assert loaded is not None, "payments are never deleted"
        assert loaded.attempt is not None, "attempts are never deleted"
        attempt = loaded.attempt
        if not attempt.is_open:
            return await self.record(attempt, Unknown(reason=""), log=log)
        inquiry = InquiryCall(
            operation=attempt.operation,
            our_reference=attempt.our_reference,
            authorisation_reference=attempt.authorisation_reference,
            at=attempt.created_at,
        )
        outcome: AnyOutcome = await self.processors.get(attempt.processor).inquire(inquiry)
        if isinstance(outcome, NotFound):
            if attempt.operation != "authorise" or may_send:
                return await self._send_again(attempt, loaded.intent, loaded.payment_method, log)
            if not is_absence_final(attempt, at=self._clock.now(), processor_timeout=self.limits.processor_timeout):
                outcome = Unknown(reason="The processor has received nothing so far.")
        return await self.record(attempt, outcome, log=log)

    async def _send_again(
        self, attempt: Attempt, intent: Intent, method: PaymentMethod | None, log: StepLog | None
    ) -> Done:
        """Call the processor again, and record the outcome."""
        async with self._database.transaction() as connection:
            sent = await attempt_mark_sent(connection, attempt_id=attempt.attempt_id, at=self._clock.now())
        if sent is None:
            return await self.record(attempt, Unknown(reason=""), log=log)
        outcome = await self.call(sent, intent, method)
        if isinstance(outcome, NotSent):
            # What was sent before can still arrive.
            outcome = Unknown(reason=outcome.reason)
        return await self.record(sent, outcome, log=log)

    async def record(
        self, attempt: Attempt, outcome: AnyOutcome, *, evidence: Evidence | None = None, log: StepLog | None = None
    ) -> Done:
        """Commit what became of a call. If that is known already, nothing changes."""
        ended = None if log is None else log.ended
        done = await self._recorder.record(NewOutcome(attempt, outcome, evidence), ended=ended)
        if done.attempt is not None:
            count_call(done.attempt)
        return done

    async def _load(self, connection: Connection, merchant_id: UUID, intent_id: UUID) -> Step:
        return await load_step(connection, intent_id, merchant_id=merchant_id, at=self._clock.now(), limits=self.limits)

    async def _begin(self, connection: Connection, step: Step, change: Change, log: StepLog | None) -> Done:
        begun = await store_change(connection, step, change)
        await _tell(log, connection, begun)
        return begun

    async def _go_on(self, begun: Done, log: StepLog | None) -> Done:
        """Call the processor for what was begun, if it needs one, and record the outcome."""
        if begun.attempt is None:
            return begun
        outcome = await self.call(begun.attempt, begun.intent, begun.payment_method)
        return await self.record(begun.attempt, outcome, log=log)


async def _tell(log: StepLog | None, connection: Connection, begun: Done) -> None:
    """Tell the log of a first step, which is the only one if no processor is called."""
    if log is None:
        return
    if begun.attempt is None:
        await log.ended(connection, begun)
    else:
        await log.began(connection, begun)


def _with_method(step: Step, method: PaymentMethod) -> Step:
    return msgspec.structs.replace(step, payment_method=method)

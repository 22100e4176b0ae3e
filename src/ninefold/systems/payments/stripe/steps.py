"""A step of a payment for a request: begun, recorded and answered once, also if servers die in between."""

from collections.abc import Awaitable, Callable
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.payments.errors import ProcessorUnavailableError
from ninefold.systems.payments.model.events import Origin
from ninefold.systems.payments.model.outcomes import Declined
from ninefold.systems.payments.service.idempotency import Answer, Claim
from ninefold.systems.payments.service.step_logs import StepLog
from ninefold.systems.payments.service.steps import Done
from ninefold.systems.payments.store.payments import attempt_find_by_id
from ninefold.systems.payments.stripe.server import StripeServer

_AUTHENTICATION_REQUIRED: Final = Declined(
    code="authentication_required",
    decline_code="authentication_required",
    message="Your card was declined. This transaction requires authentication.",
)


class PaymentStep(msgspec.Struct, frozen=True, kw_only=True):
    """What a request wants to be done."""

    start: Callable[[StepLog], Awaitable[Done]]
    """Begins it."""
    again: Callable[[UUID, StepLog], Awaitable[Done]]
    """Begins it again for the payment that exists, if nothing of the first attempt has reached the processor."""
    show: Callable[[Connection, Done], Awaitable[Answer]]
    """Returns the answer, within the transaction of the last change."""
    refuses_action: bool = False
    """Whether it fails if the customer would have to authenticate."""


async def run_step(server: StripeServer, claim: Claim | None, step: PaymentStep, *, origin: Origin) -> Answer:
    """Do what a request wants, or go on with it, and return the answer.

    Raises:
        ProcessorUnavailableError: nothing has reached the processor; the same request goes on.
        NinefoldError: what the step raises.
    """
    recorder = _Recorder(server, claim, step, origin)
    done = await _begin(server, claim, step, recorder)
    if recorder.answer is None and done.attempt is not None and done.attempt.state == "waiting_for_customer":
        await server.flow.record(done.attempt, _AUTHENTICATION_REQUIRED, log=recorder)
    if recorder.answer is None:
        raise ProcessorUnavailableError(
            "The payment processor can't be reached, so nothing was sent to it.", remedy="Send the same request again."
        )
    return recorder.answer


async def _begin(server: StripeServer, claim: Claim | None, step: PaymentStep, recorder: "_Recorder") -> Done:
    if claim is None or claim.stored.intent_id is None:
        return await step.start(recorder)
    if claim.stored.attempt_id is None:
        return await step.again(claim.stored.intent_id, recorder)
    done = await _go_on(server, claim.stored.attempt_id, recorder)
    if recorder.is_unsent:
        return await step.again(claim.stored.intent_id, recorder)
    return done


async def _go_on(server: StripeServer, attempt_id: UUID, recorder: "_Recorder") -> Done:
    """Find out what became of the call of a request whose server has died; send it, if it never arrived."""
    async with server.database.connection() as connection:
        attempt = await attempt_find_by_id(connection, attempt_id=attempt_id)
        assert attempt is not None, "attempts are never deleted"
    return await server.flow.resume(attempt, log=recorder, may_send=True)


class _Recorder:
    """Stores what a step makes, and its answer."""

    def __init__(self, server: StripeServer, claim: Claim | None, step: PaymentStep, origin: Origin) -> None:
        self._server: Final = server
        self._claim: Final = claim
        self._step: Final = step
        self.origin: Final = origin
        self.answer: Answer | None = None
        self.is_unsent = False

    async def began(self, connection: Connection, done: Done) -> None:
        """Note what the request has made, before a processor is called."""
        self.is_unsent = False
        if self._claim is not None:
            await self._claim.note(connection, done)

    async def ended(self, connection: Connection, done: Done) -> None:
        """Store the answer, unless the step isn't at its end."""
        state = None if done.attempt is None else done.attempt.state
        self.is_unsent = state == "not_sent"
        if self.is_unsent or (state == "waiting_for_customer" and self._step.refuses_action):
            return
        self.answer = await self._step.show(connection, done)
        if self._claim is not None:
            await self._claim.finish(connection, self.answer, at=self._server.clock.now())

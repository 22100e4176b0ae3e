"""An attempt on its way: what is sent to whom, and what is needed when it has ended."""

import time
from datetime import datetime
from typing import Protocol
from uuid import UUID

from ninefold.core.egress import STALE_WITHIN_S, EgressError, EgressResponse, StaleConnectionError
from ninefold.systems.webhooks.jobs.gates import Gate, Gates
from ninefold.systems.webhooks.jobs.message import FanOut, Message
from ninefold.systems.webhooks.model import Recipient


class Abortable(Protocol):
    """What carries a request: a connection, or a task that waits for one."""

    def abort(self) -> None:
        """End it at once."""
        ...


class AttemptSender(Protocol):
    """What sends a request, as the request needs it."""

    is_closed: bool

    def complete(self, request: "AttemptRequest", *, response: EgressResponse) -> None:
        """Report an attempt that got a response."""
        ...

    def fail(self, request: "AttemptRequest", error: EgressError) -> None:
        """Report an attempt that got no response."""
        ...

    def resend(self, request: "AttemptRequest", *, spent_s: float) -> None:
        """Send the same request again over a new connection."""
        ...


class AttemptRequest:
    """An attempt in flight: what to send to whom, and what is needed when it has ended.

    It is the `ResponseHandler` of the connection that carries it.

    Args:
        message: what to send.
        recipient: where to send it.
        delivery_id: the delivery's id.
        organisation_id: the delivery's organisation.
        attempt_number: the number of this attempt in its delivery, from 1.
        round_attempt_count: the number of this attempt in its round, from 1. A round is a first attempt and its
            retries; a manual retry starts another round.
        round_started_at: when the round started.
        fan_out: the counter of the event's first attempts; None if the delivery has a row already.
        gate: the subscription's gate, if room was already taken there; else the dispatcher sets it.
        bypasses_limits: whether it is sent even if the circuit is open or a limit is reached, as a probe and a manual
            retry are.
        is_ordered: whether other deliveries may wait for this one to end.
    """

    __slots__ = (
        "attempt_number",
        "attempted_at",
        "bypasses_limits",
        "connection",
        "delivery_id",
        "fan_out",
        "gate",
        "is_done",
        "is_ordered",
        "message",
        "organisation_id",
        "recipient",
        "round_attempt_count",
        "round_started_at",
        "sender",
        "started_at_s",
    )

    attempted_at: datetime
    connection: Abortable | None
    """What carries it; None until it is sent."""
    started_at_s: float
    sender: AttemptSender

    def __init__(
        self,
        *,
        message: Message,
        recipient: Recipient,
        delivery_id: UUID,
        organisation_id: UUID,
        attempt_number: int,
        round_attempt_count: int,
        round_started_at: datetime,
        fan_out: FanOut | None,
        gate: Gate | None = None,
        bypasses_limits: bool = False,
        is_ordered: bool = False,
    ) -> None:
        self.message = message
        self.recipient = recipient
        self.delivery_id = delivery_id
        self.organisation_id = organisation_id
        self.attempt_number = attempt_number
        self.round_attempt_count = round_attempt_count
        self.round_started_at = round_started_at
        self.fan_out = fan_out
        self.gate = gate
        self.bypasses_limits = bypasses_limits
        self.is_ordered = is_ordered
        self.is_done = False
        self.connection = None

    def on_response(self, response: EgressResponse, /) -> None:
        """End the attempt with a response."""
        self.sender.complete(self, response=response)

    def on_error(self, error: EgressError, /) -> None:
        """End the attempt with an error, or send the request again if the connection was stale."""
        if self.is_done:
            return
        spent_s = time.perf_counter() - self.started_at_s
        is_stale = isinstance(error, StaleConnectionError) and spent_s <= STALE_WITHIN_S
        if is_stale and not self.sender.is_closed:
            self.sender.resend(self, spent_s=spent_s)
        else:
            self.sender.fail(self, error)

    def enter(self, gates: Gates, now_s: float, *, organisation_room: int) -> bool:
        """Enter the subscription's gate; return False if the delivery must wait.

        Args:
            gates: the gates of this worker.
            now_s: the event loop's time.
            organisation_room: how many slots the organisation can still take.
        """
        gate = self.gate
        if gate is not None:
            # It took its room when it was claimed.
            may_pass = not gate.is_shut and (now_s >= gate.blocked_until_s or self.bypasses_limits)
            if not may_pass:
                gate.give_back(1, tier=self.message.tier)
            return may_pass
        gate = self.gate = gates.find(self.recipient, self.organisation_id)
        tier = self.message.tier
        if gate.enter(now_s, organisation_room=organisation_room, tier=tier):
            return True
        may_pass = self.bypasses_limits and not gate.is_shut
        if may_pass:
            gate.take(1, now_s, tier=tier)
        return may_pass

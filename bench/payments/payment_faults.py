"""What goes wrong in a simulated world: processes die around commits, and calls to the processor get lost."""

import random
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import date, datetime, timedelta
from typing import Final, Literal, TypeAlias

import msgspec

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.payments.errors import ProcessorUnavailableError
from ninefold.systems.payments.model.outcomes import (
    Approved,
    Declined,
    Found,
    NotFound,
    NotSent,
    Outcome,
    ProcessorEvent,
    SettlementLine,
    Unknown,
)
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, InquiryCall
from ninefold.systems.payments.processors.simulator.bank import CallBody, SimulatedProcessor
from ninefold.systems.payments.processors.simulator.book import Call

Side: TypeAlias = Literal["before", "after"]
Fate: TypeAlias = Literal["fine", "not_sent", "request_lost", "answer_lost", "late", "twice", "webhook_first"]

_FATES: Final[dict[Fate, float]] = {
    "fine": 0.68,
    "not_sent": 0.05,
    "request_lost": 0.05,
    "answer_lost": 0.06,
    "late": 0.07,
    "twice": 0.04,
    "webhook_first": 0.05,
}
_NO_INQUIRY: Final = 0.15
_NO_REPORT: Final = 0.2
_WEBHOOKS: Final = (0, 1, 1, 2)
_WEBHOOK_DELAYS_S: Final = (0, 1, 5, 60, 3_600)


class CrashError(BaseException):
    """The process has died: nothing in memory is left. No `except Exception` sees it."""


class SteppedClock:
    """A clock that a simulation moves."""

    def __init__(self, at: datetime) -> None:
        self._at = at

    def now(self) -> datetime:
        """Return the time of the simulation."""
        return self._at

    def move(self, by: timedelta) -> None:
        """Let time pass."""
        self._at += by


class Crashes:
    """Decides at which commits a process dies.

    Args:
        dice: decides it at random; None: only at `planned`.
        chance: of a crash before a commit, and of one after it.
        planned: the number of a commit, from 0, and on which side of it the process dies.
    """

    def __init__(self, dice: random.Random | None, *, chance: float, planned: tuple[int, Side] | None = None) -> None:
        self.commits = 0
        self.counts: Final[Counter[str]] = Counter()
        self.is_possible = False
        self._dice: Final = dice
        self._chance: Final = chance
        self._planned: Final = planned

    def draw(self) -> Side | None:
        """Return on which side of the next commit the process dies; None if it lives."""
        if not self.is_possible:
            return None
        number, self.commits = self.commits, self.commits + 1
        if self._planned is not None:
            return self._planned[1] if number == self._planned[0] else None
        assert self._dice is not None
        drawn = self._dice.random()
        if drawn >= 2 * self._chance:
            return None
        return "before" if drawn < self._chance else "after"

    def crash(self, side: Side) -> None:
        """Let the process die.

        Raises:
            CrashError: always.
        """
        self.counts[side] += 1
        raise CrashError(side)


class CrashingDatabase(Database):
    """A database whose client dies before or after commits.

    Args:
        database: whose connections are used.
        crashes: decides when.
    """

    def __init__(self, database: Database, crashes: Crashes) -> None:
        super().__init__(database._pool)  # noqa: SLF001  # it has the same connections.
        self._crashes: Final = crashes

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[Connection]:
        """Yield a connection in a transaction, as the database does, and perhaps die around its commit."""
        side = self._crashes.draw()
        async with super().transaction() as connection:
            yield connection
            if side == "before":
                self._crashes.crash(side)
        if side == "after":
            self._crashes.crash(side)


class FaultyProcessor:
    """The simulated processor behind a bad network, as the port has it.

    Args:
        truth: the processor itself.
        dice: decides what gets lost.
        clock: the time.
    """

    def __init__(self, truth: SimulatedProcessor, dice: random.Random, clock: SteppedClock) -> None:
        self.truth: Final = truth
        self.counts: Final[Counter[str]] = Counter()
        self.is_faulty = True
        self.deliver: Callable[[ProcessorEvent], Awaitable[object]] | None = None
        """Takes a webhook."""
        self._dice: Final = dice
        self._clock: Final = clock
        self._webhooks: list[tuple[datetime, ProcessorEvent]] = []
        self._late: list[tuple[datetime, CallBody]] = []

    async def authorise(self, call: AuthoriseCall) -> Outcome:
        """Reserve funds, and capture them at once if the call says so."""
        return await self._call(CallBody(operation="authorise", **msgspec.structs.asdict(call)))

    async def capture(self, call: FollowUpCall) -> Outcome:
        """Capture what was authorised, or a part of it."""
        return await self._call(CallBody(operation="capture", **msgspec.structs.asdict(call)))

    async def cancel(self, call: FollowUpCall) -> Outcome:
        """Release what was authorised."""
        return await self._call(CallBody(operation="cancel", **msgspec.structs.asdict(call)))

    async def refund(self, call: FollowUpCall) -> Outcome:
        """Return what was captured, or a part of it."""
        return await self._call(CallBody(operation="refund", **msgspec.structs.asdict(call)))

    async def inquire(self, call: InquiryCall) -> Found:
        """Return what became of a call."""
        self.let_late_calls_arrive()
        if self.is_faulty and self._dice.random() < _NO_INQUIRY:
            return Unknown(reason="no answer")
        found = self.truth.find(call.our_reference)
        if found is None:
            return NotFound()
        behaviour = self.truth.behaviour_of(self.truth.find_origin(found))
        return found.outcome if behaviour.answers_inquiries else Unknown(reason="It says nothing about it.")

    async def settlement_report(self, day: date) -> Sequence[SettlementLine]:
        """Return what is settled for a day, in UTC.

        Raises:
            ProcessorUnavailableError: it can't be read now.
        """
        self.let_late_calls_arrive()
        if self.is_faulty and self._dice.random() < _NO_REPORT:
            raise ProcessorUnavailableError("no answer", remedy="Try again later.")
        return self.truth.settle(day)

    def read_webhook(self, headers: Mapping[str, str], body: bytes) -> ProcessorEvent | None:
        """Return nothing: here, webhooks are delivered without HTTP."""
        del headers, body
        return None

    async def close(self) -> None:
        """Close nothing."""

    async def deliver_webhooks(self) -> int:
        """Deliver the webhooks that are due, in any order; return how many. One that isn't taken comes again."""
        due = [each for each in self._webhooks if each[0] <= self._clock.now()]
        self._dice.shuffle(due)
        for each in due:
            assert self.deliver is not None
            await self.deliver(each[1])
            self._webhooks.remove(each)
        return len(due)

    def let_late_calls_arrive(self) -> None:
        """Do the calls that were on their way until now."""
        late, self._late = self._late, []
        for arrives_at, body in late:
            if arrives_at <= self._clock.now():
                self._receive(body)
            else:
                self._late.append((arrives_at, body))

    def announce(self, call: Call, *, at_least: int = 0) -> None:
        """Queue the webhooks of a call."""
        for _ in range(max(at_least, self._dice.choice(_WEBHOOKS))):
            due_at = self._clock.now() + timedelta(seconds=self._dice.choice(_WEBHOOK_DELAYS_S))
            self._webhooks.append((due_at, self._event_of(call)))

    async def _call(self, body: CallBody) -> Outcome:
        fate = self._draw_fate()
        behaviour = self.truth.behaviour_for(body)
        lost = behaviour.lost if body.operation in behaviour.lost_of else "nothing"
        if lost != "nothing":
            fate = "request_lost" if lost == "request" else "answer_lost"
        self.counts[fate] += 1
        match fate:
            case "not_sent":
                return NotSent(reason="no connection")
            case "request_lost":
                return Unknown(reason="no answer")
            case "late":
                # It arrives before the caller counts it as lost.
                arrives_at = self._clock.now() + timedelta(seconds=self._dice.uniform(0, 10))
                self._late.append((arrives_at, body))
                return Unknown(reason="no answer")
            case "twice":
                self._receive(body)
        call = self._receive(body)
        if fate == "webhook_first":
            assert self.deliver is not None
            await self.deliver(self._event_of(call))
        return Unknown(reason="no answer") if fate == "answer_lost" else call.outcome

    def _draw_fate(self) -> Fate:
        if not self.is_faulty:
            return "fine"
        return self._dice.choices(list(_FATES), weights=list(_FATES.values()))[0]

    def _receive(self, body: CallBody) -> Call:
        is_new = self.truth.find(body.our_reference) is None
        call = self.truth.receive(body)
        if is_new and isinstance(call.outcome, Approved | Declined):
            self.announce(call)
        return call

    def _event_of(self, call: Call) -> ProcessorEvent:
        return ProcessorEvent(
            event_id=f"simevt_{new_id().hex}",
            our_reference=call.our_reference,
            outcome=call.outcome,
            at=self._clock.now(),
        )

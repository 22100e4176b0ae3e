"""What every processor does, behind the port: each implementation runs this suite.

An implementation brings a function that opens it, and the tokens of its test cards.
"""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

import pytest

from ninefold.core.ids import format_id, new_id
from ninefold.core.processes import ProcessFolder
from ninefold.systems.payments.model.outcomes import Approved, Declined, NeedsAction, NotFound, NotSent, Unknown
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX
from ninefold.systems.payments.processors.opening import open_simulator
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, Processor
from ninefold.systems.payments.settings import read_payments_settings
from payments_api import DirectSimulator, simulator_running

AMOUNT = 2_000
NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


class Implementation(NamedTuple):
    """A processor, and what it calls its test cards."""

    name: str
    open: Callable[[Path], AbstractAsyncContextManager[Processor]]
    approved: str = "pm_card_visa"
    declined: str = "pm_card_chargeDeclined"
    needs_action: str | None = "pm_card_authenticationRequired"
    lost_answer: str | None = "pm_card_lostAnswer"
    can_be_down: bool = True
    reports: bool = True


@asynccontextmanager
async def _simulator(folder: Path) -> AsyncIterator[Processor]:
    settings = read_payments_settings({"NINEFOLD_PAYMENTS_PROCESSOR_TIMEOUT_S": "2", "NINEFOLD_PORT": "1"})
    async with simulator_running(folder, {"NINEFOLD_PORT": "1"}):
        opened = open_simulator(settings, ProcessFolder.of(folder))
        yield opened
        await opened.close()


@asynccontextmanager
async def _direct(_: Path) -> AsyncIterator[Processor]:
    yield DirectSimulator()


IMPLEMENTATIONS = [
    Implementation("simulator", _simulator),
    # What the other tests use instead of the process does the same.
    Implementation("simulator without a process", _direct),
]


@pytest.fixture(params=IMPLEMENTATIONS, ids=lambda each: each.name)
def implementation(request: pytest.FixtureRequest) -> Implementation:
    found: Implementation = request.param
    return found


@pytest.fixture
async def processor(implementation: Implementation, tmp_path: Path) -> AsyncIterator[Processor]:
    async with implementation.open(tmp_path) as opened:
        yield opened


def reference() -> str:
    return format_id(ATTEMPT_PREFIX, new_id())


def authorise(token: str, *, capture: bool = False, amount: int = AMOUNT, our_reference: str = "") -> AuthoriseCall:
    return AuthoriseCall(
        our_reference=our_reference or reference(),
        token=token,
        amount=amount,
        currency="USD",
        capture=capture,
        at=NOW,
    )


def following(authorisation: Approved, amount: int = AMOUNT, *, our_reference: str = "") -> FollowUpCall:
    return FollowUpCall(
        our_reference=our_reference or reference(),
        authorisation_reference=authorisation.reference,
        amount=amount,
        currency="USD",
        at=NOW,
    )


async def approve(processor: Processor, implementation: Implementation, *, capture: bool = False) -> Approved:
    outcome = await processor.authorise(authorise(implementation.approved, capture=capture))
    assert isinstance(outcome, Approved)
    assert outcome.is_captured == capture
    return outcome


async def test_an_authorisation_is_approved_and_can_be_asked_about(
    processor: Processor, implementation: Implementation
) -> None:
    call = authorise(implementation.approved)

    outcome = await processor.authorise(call)

    assert isinstance(outcome, Approved)
    assert await processor.inquire(call.our_reference) == outcome


async def test_a_decline_says_why(processor: Processor, implementation: Implementation) -> None:
    call = authorise(implementation.declined)

    outcome = await processor.authorise(call)

    assert isinstance(outcome, Declined)
    assert outcome.code == "card_declined"
    assert isinstance(await processor.inquire(call.our_reference), Declined)


async def test_the_same_reference_is_done_once(processor: Processor, implementation: Implementation) -> None:
    call = authorise(implementation.approved, capture=True)
    first = await processor.authorise(call)
    assert isinstance(first, Approved)

    assert await processor.authorise(call) == first
    refund = following(first, 500)
    done = await processor.refund(refund)
    assert await processor.refund(refund) == done
    assert isinstance(await processor.refund(following(first, AMOUNT - 500)), Approved)


async def test_a_part_is_captured_once(processor: Processor, implementation: Implementation) -> None:
    authorised = await approve(processor, implementation)

    assert isinstance(await processor.capture(following(authorised, 500)), Approved)
    assert isinstance(await processor.capture(following(authorised, 500)), Declined)


async def test_what_is_canceled_can_not_be_captured(processor: Processor, implementation: Implementation) -> None:
    authorised = await approve(processor, implementation)

    assert isinstance(await processor.cancel(following(authorised)), Approved)
    assert isinstance(await processor.capture(following(authorised)), Declined)


async def test_no_more_is_refunded_than_was_captured(processor: Processor, implementation: Implementation) -> None:
    captured = await approve(processor, implementation, capture=True)

    assert isinstance(await processor.refund(following(captured, 1_500)), Approved)
    assert isinstance(await processor.refund(following(captured, 501)), Declined)
    assert isinstance(await processor.refund(following(captured, 500)), Approved)


async def test_an_unknown_reference_was_never_received(processor: Processor) -> None:
    assert await processor.inquire(reference()) == NotFound()


async def test_a_lost_answer_is_unknown_and_an_inquiry_tells(
    processor: Processor, implementation: Implementation
) -> None:
    if implementation.lost_answer is None:
        pytest.skip("Its answers can't be made to get lost.")
    call = authorise(implementation.lost_answer)

    assert isinstance(await processor.authorise(call), Unknown)
    assert isinstance(await processor.inquire(call.our_reference), Approved)


async def test_a_customer_has_to_authenticate(processor: Processor, implementation: Implementation) -> None:
    if implementation.needs_action is None:
        pytest.skip("It has no card for that.")

    outcome = await processor.authorise(authorise(implementation.needs_action))

    assert isinstance(outcome, NeedsAction)
    assert outcome.url


async def test_the_report_of_a_day_has_what_moved_money(processor: Processor, implementation: Implementation) -> None:
    if not implementation.reports:
        pytest.skip("It has no report that can be asked for at once.")
    at_once = authorise(implementation.approved, capture=True)
    captured = await processor.authorise(at_once)
    assert isinstance(captured, Approved)
    refund = following(captured, 500)
    await processor.refund(refund)
    await approve(processor, implementation)

    lines = await processor.settlement_report(NOW.date())

    assert [(each.our_reference, each.type, each.amount, each.currency) for each in lines] == [
        (at_once.our_reference, "capture", AMOUNT, "USD"),
        (refund.our_reference, "refund", 500, "USD"),
    ]


async def test_a_processor_that_can_not_be_reached_has_received_nothing(tmp_path: Path) -> None:
    simulator = open_simulator(read_payments_settings({}), ProcessFolder.of(tmp_path))
    calls: list[Awaitable[object]] = [
        simulator.authorise(authorise("pm_card_visa")),
        simulator.refund(following(Approved(reference="sim_1"))),
    ]

    assert [type(await call) for call in calls] == [NotSent, NotSent]
    await simulator.close()

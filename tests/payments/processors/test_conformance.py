"""What every processor must do, whatever it is."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest

from ninefold.core.ids import format_id, new_id
from ninefold.systems.payments.errors import ProcessorUnavailableError, WebhookRefusedError
from ninefold.systems.payments.model.outcomes import (
    Approved,
    Declined,
    NeedsAction,
    NotFound,
    NotSent,
    Outcome,
    SettlementLine,
    Unknown,
)
from ninefold.systems.payments.model.payments import ATTEMPT_PREFIX, Operation
from ninefold.systems.payments.processors.port import AuthoriseCall, FollowUpCall, InquiryCall
from payment_processors import ProcessorUnderTest, running_localstripe, running_simulator, stripe_at


@pytest.fixture(scope="module")
def localstripe_url() -> Iterator[str]:
    with running_localstripe() as url:
        yield url


@pytest.fixture(params=["simulator", "stripe"])
async def tested(request: pytest.FixtureRequest) -> AsyncIterator[ProcessorUnderTest]:
    if request.param == "stripe":
        async with stripe_at(request.getfixturevalue("localstripe_url")) as stripe:
            yield stripe
    else:
        # A socket's path can't be long.
        with TemporaryDirectory(prefix="ninefold-") as folder:
            async with running_simulator(Path(folder)) as simulator:
                yield simulator


@pytest.fixture
def began_at() -> datetime:
    return datetime.now(UTC)


async def test_funds_are_authorised_and_then_captured_in_part(tested: ProcessorUnderTest, began_at: datetime) -> None:
    authorised = await tested.processor.authorise(authorisation(1_000))
    capture = follow_up(authorised, 400)
    captured = await tested.processor.capture(capture)
    assert isinstance(authorised, Approved)
    assert not authorised.is_captured
    assert isinstance(captured, Approved)
    [line] = await settled(tested, began_at)
    assert (capture.our_reference, "capture", 400, "USD") == (line.our_reference, line.type, line.amount, line.currency)


async def test_funds_can_be_captured_at_once(tested: ProcessorUnderTest, began_at: datetime) -> None:
    call = authorisation(1_250, capture=True)
    outcome = await tested.processor.authorise(call)
    assert isinstance(outcome, Approved)
    assert outcome.is_captured
    [line] = await settled(tested, began_at)
    assert (call.our_reference, "capture", 1_250, "USD") == (line.our_reference, line.type, line.amount, line.currency)


async def test_a_declined_card_moves_nothing(tested: ProcessorUnderTest, began_at: datetime) -> None:
    outcome = await tested.processor.authorise(authorisation(500, token="pm_card_chargeDeclined", capture=True))
    assert isinstance(outcome, Declined)
    assert outcome.code == "card_declined"
    assert await settled(tested, began_at) == []


async def test_a_call_that_comes_again_is_done_once(tested: ProcessorUnderTest, began_at: datetime) -> None:
    call = authorisation(700, capture=True)
    first, again = [await tested.processor.authorise(call) for _ in range(2)]
    refund = follow_up(first, 200)
    refunded, refunded_again = [await tested.processor.refund(refund) for _ in range(2)]
    assert first == again
    assert refunded == refunded_again
    assert [(line.type, line.amount) for line in await settled(tested, began_at)] == [("capture", 700), ("refund", 200)]


async def test_more_than_authorised_is_never_captured(tested: ProcessorUnderTest, began_at: datetime) -> None:
    authorised = await tested.processor.authorise(authorisation(300))
    assert isinstance(await tested.processor.capture(follow_up(authorised, 301)), Declined)
    assert isinstance(await tested.processor.capture(follow_up(authorised, 300)), Approved)
    assert isinstance(await tested.processor.capture(follow_up(authorised, 300)), Declined)
    assert [line.amount for line in await settled(tested, began_at)] == [300]


async def test_what_is_canceled_cant_be_captured(tested: ProcessorUnderTest) -> None:
    authorised = await tested.processor.authorise(authorisation(300))
    assert isinstance(await tested.processor.cancel(follow_up(authorised, 300)), Approved)
    assert isinstance(await tested.processor.capture(follow_up(authorised, 300)), Declined)


async def test_what_is_captured_cant_be_canceled(tested: ProcessorUnderTest) -> None:
    authorised = await tested.processor.authorise(authorisation(300, capture=True))
    assert isinstance(await tested.processor.cancel(follow_up(authorised, 300)), Declined)


async def test_more_than_captured_is_never_refunded(tested: ProcessorUnderTest, began_at: datetime) -> None:
    captured = await tested.processor.authorise(authorisation(900, capture=True))
    first = follow_up(captured, 600)
    assert isinstance(await tested.processor.refund(first), Approved)
    assert isinstance(await tested.processor.refund(follow_up(captured, 301)), Declined)
    [refund] = [line for line in await settled(tested, began_at) if line.type == "refund"]
    assert (first.our_reference, 600, "USD") == (refund.our_reference, refund.amount, refund.currency)


@pytest.mark.parametrize("is_passed", [True, False])
async def test_a_customer_authenticates(tested: ProcessorUnderTest, *, is_passed: bool) -> None:
    call = authorisation(800, token="pm_card_authenticationRequired", capture=True)
    asked = await tested.processor.authorise(call)
    assert isinstance(asked, NeedsAction)
    assert asked.url
    assert isinstance(await tested.processor.inquire(inquiry(call)), NeedsAction)
    await tested.authenticate(asked.reference, is_passed=is_passed)
    found = await tested.processor.inquire(inquiry(call))
    if is_passed:
        assert isinstance(found, Approved)
        assert found.is_captured
    else:
        assert isinstance(found, Declined)
        assert found.code == "payment_intent_authentication_failure"


async def test_an_authentication_can_be_canceled(tested: ProcessorUnderTest) -> None:
    call = authorisation(800, token="pm_card_authenticationRequired")
    asked = await tested.processor.authorise(call)
    assert isinstance(await tested.processor.cancel(follow_up(asked, 800)), Approved)
    assert isinstance(await tested.processor.inquire(inquiry(call)), Declined)


async def test_an_answer_that_gets_lost_is_unknown_until_it_is_asked_for(
    tested: ProcessorUnderTest, began_at: datetime
) -> None:
    call = authorisation(650, token="pm_card_lostAnswer", capture=True)
    assert isinstance(await tested.processor.authorise(call), Unknown)
    found = await tested.processor.inquire(inquiry(call))
    assert isinstance(found, Approved)
    assert [line.amount for line in await settled(tested, began_at)] == [650]


async def test_an_inquiry_tells_what_became_of_each_call(tested: ProcessorUnderTest) -> None:
    call = authorisation(1_000)
    authorised = await tested.processor.authorise(call)
    capture, refund = follow_up(authorised, 1_000), follow_up(authorised, 100)
    assert authorised == await tested.processor.inquire(inquiry(call))
    assert isinstance(await ask(tested, capture, "capture"), NotFound)
    await tested.processor.capture(capture)
    assert isinstance(await ask(tested, capture, "capture"), Approved)
    assert isinstance(await ask(tested, refund, "refund"), NotFound)
    await tested.processor.refund(refund)
    assert isinstance(await ask(tested, refund, "refund"), Approved)
    assert isinstance(await ask(tested, follow_up(authorised, 100), "refund"), NotFound)


async def test_an_inquiry_tells_of_a_cancellation(tested: ProcessorUnderTest) -> None:
    authorised = await tested.processor.authorise(authorisation(1_000))
    cancellation = follow_up(authorised, 1_000)
    assert isinstance(await ask(tested, cancellation, "cancel"), NotFound)
    await tested.processor.cancel(cancellation)
    assert isinstance(await ask(tested, cancellation, "cancel"), Approved)


async def test_a_call_that_never_came_isnt_found(tested: ProcessorUnderTest) -> None:
    await tested.processor.authorise(authorisation(1_000))
    assert isinstance(await tested.processor.inquire(inquiry(authorisation(1_000))), NotFound)


async def test_a_call_is_not_sent_if_nobody_listens(tested: ProcessorUnderTest, began_at: datetime) -> None:
    call = authorisation(1_000)
    assert isinstance(await tested.unreachable.authorise(call), NotSent)
    assert isinstance(await tested.unreachable.inquire(inquiry(call)), Unknown)
    with pytest.raises(ProcessorUnavailableError):
        await tested.unreachable.settlement_report(began_at.date())


async def test_a_webhook_without_a_signature_is_refused(tested: ProcessorUnderTest) -> None:
    with pytest.raises(WebhookRefusedError):
        tested.processor.read_webhook({}, b"{}")


def authorisation(amount: int, *, token: str = "pm_card_visa", capture: bool = False) -> AuthoriseCall:
    at = datetime.now(UTC)
    return AuthoriseCall(
        our_reference=new_reference(), token=token, amount=amount, currency="USD", capture=capture, at=at
    )


def follow_up(authorised: Outcome, amount: int) -> FollowUpCall:
    assert isinstance(authorised, Approved | NeedsAction)
    return FollowUpCall(
        our_reference=new_reference(),
        authorisation_reference=authorised.reference,
        amount=amount,
        currency="USD",
        at=datetime.now(UTC),
    )


def inquiry(call: AuthoriseCall) -> InquiryCall:
    return InquiryCall(
        operation="authorise", our_reference=call.our_reference, authorisation_reference=None, at=call.at
    )


async def ask(tested: ProcessorUnderTest, call: FollowUpCall, operation: Operation) -> Outcome | NotFound:
    return await tested.processor.inquire(
        InquiryCall(
            operation=operation,
            our_reference=call.our_reference,
            authorisation_reference=call.authorisation_reference,
            at=call.at,
        )
    )


async def settled(tested: ProcessorUnderTest, began_at: datetime) -> list[SettlementLine]:
    """Return what is settled of the test's own calls, perhaps on two days."""
    days = {began_at.date(), datetime.now(UTC).date()}
    lines = [line for day in sorted(days) for line in await tested.processor.settlement_report(day)]
    return [line for line in lines if line.our_reference in _references]


def new_reference() -> str:
    reference = format_id(ATTEMPT_PREFIX, new_id())
    _references.add(reference)
    return reference


_references: set[str] = set()
"""Of the test. All tests share an account at Stripe."""


@pytest.fixture(autouse=True)
def forget_references() -> None:
    _references.clear()

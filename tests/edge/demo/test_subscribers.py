import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, datetime
from typing import TypeAlias
from uuid import uuid4

import httpx
import pytest
from standardwebhooks import Webhook

from ninefold.edge.demo.api import Attempt, Delivery
from ninefold.edge.demo.status import describe_status, percentile, summarize
from ninefold.edge.demo.subscribers import Behaviour, Subscriber

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
BODY = b'{"number":1.0,"text":"\xc3\xa4"}'


Make: TypeAlias = Callable[..., Awaitable[Subscriber]]


@pytest.fixture
async def make() -> AsyncIterator[Make]:
    """Return a function that creates subscribers, which are closed after the test."""
    made = []

    async def make_one(*, fails_every: int = 0, is_open: bool = True) -> Subscriber:
        subscriber = Subscriber(Behaviour(name="test", story="is tested", fails_every=fails_every))
        subscriber.subscribe(subscription_id="sub_1", secret=SECRET)
        made.append(subscriber)
        if is_open:
            await subscriber.receiver.open()
        return subscriber

    yield make_one
    for subscriber in made:
        await subscriber.receiver.close()


class Sender:
    """Sends to one subscriber as Ninefold does."""

    def __init__(self, subscriber: Subscriber, *, secret: str = SECRET) -> None:
        self.subscriber = subscriber
        self.secret = secret

    async def send(self, event_id: str, body: bytes = BODY) -> int:
        message_id = str(uuid4())
        now = datetime.now(UTC)
        headers = {
            "webhook-id": message_id,
            "webhook-timestamp": str(int(now.timestamp())),
            "webhook-signature": Webhook(self.secret).sign(message_id, now, body.decode()),
            "X-Webhook-Id": event_id,
        }
        async with httpx.AsyncClient(trust_env=False) as client:
            response = await client.post(self.subscriber.receiver.url, content=body, headers=headers)
            return response.status_code


async def test_a_subscriber_is_complete_when_every_expected_event_has_arrived(make: Make) -> None:
    subscriber = await make()
    subscriber.expect("evt_1", BODY, published_at=0.0)
    assert list(subscriber.missing) == ["evt_1"]

    assert await Sender(subscriber).send("evt_1") == 204

    assert subscriber.is_complete
    assert subscriber.delivered_count == 1
    assert len(subscriber.latencies_s()) == 1


@pytest.mark.parametrize("other", [b'{"number":1,"text":"\xc3\xa4"}', b'{"text":"\xc3\xa4","number":1.0}'])
async def test_an_event_with_other_bytes_counts_as_missing(other: bytes, make: Make) -> None:
    subscriber = await make()
    subscriber.expect("evt_1", BODY, published_at=0.0)

    assert await Sender(subscriber).send("evt_1", other) == 204

    assert list(subscriber.missing) == ["evt_1"]
    assert not subscriber.is_complete


async def test_an_invalid_signature_is_a_problem(make: Make) -> None:
    subscriber = await make()

    assert await Sender(subscriber, secret="whsec_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA").send("evt_1") == 400

    assert "no valid signature" in subscriber.problems[0]
    assert not subscriber.is_complete


async def test_the_first_attempt_of_every_other_event_fails_as_configured(make: Make) -> None:
    subscriber = await make(fails_every=2)
    sender = Sender(subscriber)

    assert [await sender.send(f"evt_{number}") for number in (1, 2, 3, 4)] == [204, 500, 204, 500]
    assert [await sender.send(f"evt_{number}") for number in (1, 2, 3, 4)] == [204, 204, 204, 204]


async def test_an_event_that_was_not_published_is_unexpected(make: Make) -> None:
    subscriber = await make()

    await Sender(subscriber).send("evt_1")

    assert list(subscriber.unexpected) == ["evt_1"]
    assert not subscriber.is_complete


async def test_an_event_that_arrives_again_with_other_bytes_is_a_problem(make: Make) -> None:
    subscriber = await make()
    subscriber.expect("evt_1", BODY, published_at=0.0)

    await Sender(subscriber).send("evt_1")
    await Sender(subscriber).send("evt_1", b"{}")

    assert "different bytes" in subscriber.problems[0]


async def test_a_subscriber_refuses_connections_until_it_is_opened(make: Make) -> None:
    subscriber = await make(is_open=False)
    with pytest.raises(httpx.ConnectError):
        await Sender(subscriber).send("evt_1")

    await subscriber.receiver.open()

    assert await Sender(subscriber).send("evt_1") == 204


async def test_a_request_that_is_not_http_is_refused(make: Make) -> None:
    subscriber = await make()

    reader, writer = await asyncio.open_connection("127.0.0.1", httpx.URL(subscriber.receiver.url).port)
    writer.write(b"nonsense\r\n\r\n")
    answer = await reader.read()
    writer.close()

    assert answer.startswith(b"HTTP/1.1 400")


async def test_the_summary_is_complete_only_if_ninefold_has_recorded_every_delivery(make: Make) -> None:
    subscriber = await make()
    subscriber.expect("evt_1", BODY, published_at=0.0)
    await Sender(subscriber).send("evt_1")

    complete = summarize([subscriber], [[delivery("delivered")]], payloads="test", events=1, duration_s=1.0)
    unrecorded = summarize([subscriber], [[]], payloads="test", events=1, duration_s=1.0)
    unfinished = summarize([subscriber], [[delivery("retrying")]], payloads="test", events=1, duration_s=1.0)

    assert [summary.is_complete for summary in (complete, unrecorded, unfinished)] == [True, False, False]
    assert "dlv_1" in unfinished.subscribers[0].problems[0]


async def test_the_status_has_the_time_of_the_next_attempt_and_its_reason(make: Make) -> None:
    subscriber = await make(is_open=False)
    subscriber.expect("evt_1", BODY, published_at=0.0)

    status = describe_status(subscriber, retrying=[delivery("retrying")], waiting=[], failed=[])

    assert (status.expected, status.delivered, status.retrying) == (1, 0, 1)
    assert status.why == "connect failed"
    assert datetime(2026, 1, 1, tzinfo=UTC) == status.next_attempt_at


@pytest.mark.parametrize(
    ("values", "percent", "expected"),
    [([], 50, None), ([1.0], 99, 1.0), ([1.0, 2.0], 50, 1.0), ([1.0, 2.0, 3.0], 50, 2.0), ([1.0, 2.0], 99, 2.0)],
)
def test_percentile_is_the_smallest_value_that_is_large_enough(
    values: list[float], percent: int, expected: float | None
) -> None:
    assert expected == percentile(values, percent)


def delivery(status: str) -> Delivery:
    return Delivery(
        delivery_id="dlv_1",
        status=status,
        attempt_count=2,
        attempts=[Attempt(response_code=500), Attempt(error_class="connect_failed")],
        next_attempt_at=datetime(2026, 1, 1, tzinfo=UTC) if status == "retrying" else None,
    )

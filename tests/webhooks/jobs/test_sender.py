"""What one attempt sends, how often, within which time, and that a failed attempt leaves no garbage."""

import asyncio
import gc
import weakref
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from core.egress.scripted_server import OK, Peer, answering, answering_and_waiting, running
from ninefold.core.egress import AddressPolicy, EgressClient
from ninefold.systems.webhooks.jobs import attempt_request
from ninefold.systems.webhooks.jobs.attempt_request import AttemptRequest
from ninefold.systems.webhooks.jobs.message import FanOut, make_message
from ninefold.systems.webhooks.jobs.sender import Sender
from ninefold.systems.webhooks.model import Recipient, SigningSecret
from ninefold.systems.webhooks.model.attempts import Attempt

WITHIN_S = 5.0
START = datetime(2026, 1, 1, tzinfo=UTC)


class TickingClock:
    """A clock that advances by a minute each time it is read."""

    def __init__(self) -> None:
        self.time = START

    def now(self) -> datetime:
        self.time += timedelta(minutes=1)
        return self.time


class RecordingSender(Sender):
    """A sender that records its attempts."""

    def __init__(self, egress: EgressClient) -> None:
        super().__init__(
            egress,
            TickingClock(),
            on_attempt_end=self._keep,
            timeout_s=WITHIN_S,
            response_body_kept_bytes=100,
        )
        self.ended: asyncio.Queue[Attempt] = asyncio.Queue()

    def _keep(self, _request: AttemptRequest, attempt: Attempt, _retry_after_s: float | None) -> None:
        self.ended.put_nowait(attempt)


def make_request(url: str, *, fan_out: FanOut | None = None) -> AttemptRequest:
    recipient = Recipient(
        subscription_id=uuid4(),
        url=url,
        url_revision=1,
        event_types=("*",),
        created_at=START,
        secrets=(SigningSecret(key=b"k" * 32, expires_at=None),),
    )
    return AttemptRequest(
        message=make_message(uuid4(), event_type="order.created", payload=b"{}"),
        recipient=recipient,
        delivery_id=uuid4(),
        organisation_id=uuid4(),
        attempt_number=1,
        round_attempt_count=1,
        round_started_at=START,
        fan_out=fan_out,
    )


async def deliver(sender: RecordingSender, url: str, *, count: int = 1) -> list[Attempt]:
    """Send `count` requests at once; return their attempts in the order in which they ended."""
    sender.send([make_request(url) for _ in range(count)])
    return [await asyncio.wait_for(sender.ended.get(), WITHIN_S) for _ in range(count)]


@pytest.fixture
async def sender() -> AsyncIterator[RecordingSender]:
    egress = EgressClient(AddressPolicy.from_cidrs(["127.0.0.0/8"]))
    made = RecordingSender(egress)
    yield made
    made.close()
    await egress.aclose()


class HangingUp:
    """A server that answers the first request of each connection and closes the connection on the second.

    It answers once `connections` connections are open. Requests on later connections are answered only if
    `is_fresh_answered`.
    """

    def __init__(self, *, connections: int, is_fresh_answered: bool) -> None:
        self._connections = connections
        self._is_fresh_answered = is_fresh_answered
        self._are_there = asyncio.Event()

    async def __call__(self, peer: Peer) -> None:
        await peer.read_request()
        if peer.number > self._connections and not self._is_fresh_answered:
            return
        if peer.number == self._connections:
            self._are_there.set()
        await self._are_there.wait()
        await peer.send(OK)
        await peer.read_request()


async def test_a_request_lost_on_a_stale_connection_is_sent_again_unchanged(sender: RecordingSender) -> None:
    async with running(HangingUp(connections=3, is_fresh_answered=True)) as server:
        await deliver(sender, server.url(), count=3)
        [attempt] = await deliver(sender, server.url())
    assert attempt.response_status == 200
    # The two requests are identical, including the signature with the time at which the attempt started.
    assert server.requests[3] == server.requests[4]
    assert attempt.attempted_at == START + timedelta(minutes=2)
    assert (len(server.requests), server.connection_count) == (5, 4)


async def test_an_attempt_sends_at_most_two_requests_however_many_connections_are_stale(
    sender: RecordingSender,
) -> None:
    async with running(HangingUp(connections=5, is_fresh_answered=False)) as server:
        await deliver(sender, server.url(), count=5)
        [attempt] = await deliver(sender, server.url())
    assert attempt.error_class == "connection_closed"
    assert len(server.requests) == 5 + 2


async def test_a_kept_connection_that_closes_long_after_the_request_is_not_considered_stale(
    sender: RecordingSender, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(attempt_request, "STALE_WITHIN_S", 0.0)
    async with running(HangingUp(connections=1, is_fresh_answered=True)) as server:
        await deliver(sender, server.url())
        [attempt] = await deliver(sender, server.url())
    assert (attempt.error_class, attempt.error_detail) == (
        "connection_closed",
        "The connection was closed before the response began.",
    )
    assert len(server.requests) == 2


@pytest.mark.parametrize(
    "response",
    [
        b"HTTP/1.1 200 OK\nContent-Length: 2\nConnection: close\n\nok",
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
    ],
    ids=["bare LF", "length and chunks"],
)
async def test_a_sloppy_response_counts(sender: RecordingSender, response: bytes) -> None:
    async with running(answering_and_waiting(response)) as server:
        [attempt] = await deliver(sender, server.url())
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert (attempt.response_status, attempt.response_body, attempt.error_class) == (200, b"ok", None)
    assert not attempt.is_response_body_truncated


@pytest.mark.parametrize(
    ("status", "error_class"), [(200, None), (500, "unsuccessful_status")], ids=["success", "failure"]
)
async def test_a_response_counts_although_its_body_is_cut_short(
    sender: RecordingSender, status: int, error_class: str | None
) -> None:
    async with running(answering(b"HTTP/1.1 %d Said\r\ncontent-length: 9\r\n\r\nok" % status)) as server:
        [attempt] = await deliver(sender, server.url())
    assert (attempt.response_status, attempt.response_body, attempt.error_class) == (status, b"ok", error_class)
    assert attempt.is_response_body_truncated


async def test_an_error_keeps_the_status_that_had_arrived(sender: RecordingSender) -> None:
    head = b"HTTP/1.1 200 OK\r\nx-a: " + b"a" * 100_000
    async with running(answering_and_waiting(head)) as server:
        attempts = await deliver(sender, server.url())
    assert [(attempt.response_status, attempt.error_class) for attempt in attempts] == [(200, "headers_too_large")]


async def test_a_closed_sender_sends_nothing_again(sender: RecordingSender) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()
        sender.close()

    async with running(script) as server:
        await deliver(sender, server.url())
        server.ended.clear()
        sender.send([make_request(server.url())])
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
        await sender._egress._pool.wait_until_empty(timeout_s=WITHIN_S)
        assert not sender._tasks
    assert sender.ended.empty()
    assert (len(server.requests), server.connection_count) == (2, 1)


async def test_a_failed_attempt_leaves_no_reference_cycles(sender: RecordingSender) -> None:
    async def refuse(peer: Peer) -> None:
        await peer.read_request()
        peer.reset()

    async with running(refuse) as server:
        gc.collect()
        gc.disable()
        try:
            fan_out = await deliver_and_forget(sender, server.url())
            assert fan_out() is None
        finally:
            gc.enable()


class WatchedFanOut(FanOut):
    """A fan-out that supports weak references."""


async def deliver_and_forget(sender: RecordingSender, url: str) -> "weakref.ref[WatchedFanOut]":
    """Return a weak reference to an object that lives only as long as the request."""
    fan_out = WatchedFanOut(1)
    sender.send([make_request(url, fan_out=fan_out)])
    attempt = await asyncio.wait_for(sender.ended.get(), WITHIN_S)
    assert attempt.error_class == "connection_closed"
    await asyncio.sleep(0)
    return weakref.ref(fan_out)

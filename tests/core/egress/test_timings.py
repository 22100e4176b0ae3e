"""How long the phases of a request take, measured with a clock that only the server and the resolver advance."""

import asyncio
import ssl
from collections.abc import Sequence

import pytest
import trustme

from core.egress.conftest import LOOPBACK, FakeHandler, FakeResolver, MakeClient, Post
from core.egress.scripted_server import OK, Peer, answering_and_waiting, running, serve_ok
from ninefold.core.egress import (
    ConnectFailedError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressClient,
    EgressTimings,
    LocalLimitError,
    ResponseTimeoutError,
    StaleConnectionError,
    parse_target,
)
from ninefold.core.egress.timings import OpeningMeter, OpeningPhase

WITHIN_S = 5.0
UNTAKEN_BODY = b"a" * 20_000_000


class FakeCounter:
    """Stands in for `time.perf_counter`."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def __call__(self) -> float:
        return self.now_s

    def advance(self, seconds: float) -> None:
        self.now_s += seconds


@pytest.fixture(autouse=True)
def counter(monkeypatch: pytest.MonkeyPatch) -> FakeCounter:
    fake = FakeCounter()
    monkeypatch.setattr("ninefold.core.egress.timings.perf_counter", fake)
    monkeypatch.setattr("ninefold.core.egress.connection.perf_counter", fake)
    return fake


class SlowResolver(FakeResolver):
    """Takes a second by the fake counter."""

    def __init__(self, counter: FakeCounter, *answers: Sequence[str]) -> None:
        super().__init__(*answers)
        self._counter = counter

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        self._counter.advance(1)
        return await super().resolve(host, timeout_s=timeout_s)


async def test_each_phase_of_a_request_over_a_new_connection_is_measured(counter: FakeCounter) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        counter.advance(4)
        await peer.send(OK)

    authority = trustme.CA()
    server_tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("hooks.example").configure_cert(server_tls)
    server_tls.sni_callback = lambda _socket, _name, _context: counter.advance(2)
    client_tls = ssl.create_default_context()
    authority.configure_trust(client_tls)
    client = EgressClient(LOOPBACK, resolver=SlowResolver(counter, ["127.0.0.1"]), tls=client_tls)
    async with running(script, tls=server_tls) as server:
        target = parse_target(server.url(host="hooks.example", scheme="https"))
        response = await client.post(target, head=b"", body=b"", timeout_s=WITHIN_S)
    await client.aclose()
    assert response.timings == EgressTimings(lookup_s=1, connect_s=0, tls_s=2, send_s=0, wait_s=4)


async def test_an_address_without_tls_has_neither_lookup_nor_handshake(client: EgressClient, post: Post) -> None:
    async with running(serve_ok) as server:
        response = await post(client, server.url())
    assert response.timings == EgressTimings(connect_s=0, send_s=0, wait_s=0)


async def test_a_success_over_a_kept_connection_is_not_measured(client: EgressClient, post: Post) -> None:
    handler = FakeHandler()
    async with running(serve_ok) as server:
        await post(client, server.url())
        assert (await post(client, server.url())).timings is None
        assert client.post_at_once(parse_target(server.url()), head=b"", body=b"", timeout_s=WITHIN_S, handler=handler)
        assert (await handler.outcome()).timings is None
    assert server.connection_count == 1


async def test_another_status_over_a_kept_connection_is_measured(
    client: EgressClient, post: Post, counter: FakeCounter
) -> None:
    async def script(peer: Peer) -> None:
        while True:
            await peer.read_request()
            counter.advance(4)
            await peer.send(b"HTTP/1.1 503 Busy\r\ncontent-length: 0\r\n\r\n")

    async with running(script) as server:
        first, second = [await post(client, server.url()) for _ in range(2)]
    assert server.connection_count == 1
    assert first.timings == EgressTimings(connect_s=0, send_s=0, wait_s=4)
    assert second.timings == EgressTimings(send_s=0, wait_s=4)


async def test_sending_lasts_until_the_server_has_taken_a_large_request(
    client: EgressClient, post: Post, counter: FakeCounter
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_head()
        counter.advance(2)
        await peer.read_exactly(len(UNTAKEN_BODY))
        counter.advance(4)
        await peer.send(OK)

    async with running(script) as server:
        response = await post(client, server.url(), body=UNTAKEN_BODY)
    assert response.timings == EgressTimings(connect_s=0, send_s=2, wait_s=4)


async def test_a_failed_lookup_has_no_further_phase(make_client: MakeClient, post: Post, counter: FakeCounter) -> None:
    client = make_client(resolver=SlowResolver(counter))
    with pytest.raises(DnsFailedError) as caught:
        await post(client, "http://none.example/")
    assert caught.value.timings == EgressTimings(lookup_s=1)


async def test_a_failed_connection_has_no_further_phase(
    make_client: MakeClient, post: Post, counter: FakeCounter
) -> None:
    client = make_client(resolver=SlowResolver(counter, ["127.0.0.2", "127.0.0.1"]))
    async with running(serve_ok) as server:
        port = server.port
    with pytest.raises(ConnectFailedError) as caught:
        await post(client, f"https://hooks.example:{port}/")
    assert caught.value.timings == EgressTimings(lookup_s=1, connect_s=0)


async def silence(peer: Peer) -> None:
    await peer.wait_for_end()


async def take_nothing(_peer: Peer) -> None:
    await asyncio.Event().wait()


async def hang_up(peer: Peer) -> None:
    await peer.read_request()
    peer.reset()


async def test_a_handshake_that_times_out_has_no_further_phase(make_client: MakeClient, post: Post) -> None:
    client = make_client(connect_timeout_s=0.05)
    async with running(silence) as server:
        with pytest.raises(ConnectTimeoutError) as caught:
            await post(client, server.url(scheme="https"))
    assert caught.value.timings == EgressTimings(connect_s=0, tls_s=0)


async def test_a_timeout_tells_whether_the_request_was_sent(client: EgressClient, post: Post) -> None:
    async with running(silence) as server, running(take_nothing) as deaf_server:
        with pytest.raises(ResponseTimeoutError) as unanswered:
            await post(client, server.url(), timeout_s=0.05)
        with pytest.raises(ResponseTimeoutError) as unsent:
            await post(client, deaf_server.url(), body=UNTAKEN_BODY, timeout_s=0.05)
    assert unanswered.value.timings == EgressTimings(connect_s=0, send_s=0, wait_s=0)
    assert unsent.value.timings == EgressTimings(connect_s=0, send_s=0)


async def test_a_connection_that_ends_without_a_response_is_measured(client: EgressClient, post: Post) -> None:
    async with running(hang_up) as server:
        with pytest.raises(ConnectionClosedError) as caught:
            await post(client, server.url())
    assert caught.value.timings == EgressTimings(connect_s=0, send_s=0, wait_s=0)


async def test_a_connection_that_was_closed_while_kept_has_no_opening(client: EgressClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()

    handler = FakeHandler()
    async with running(script) as server:
        await post(client, server.url())
        assert client.post_at_once(parse_target(server.url()), head=b"", body=b"", timeout_s=WITHIN_S, handler=handler)
        with pytest.raises(StaleConnectionError) as caught:
            await handler.outcome()
    assert caught.value.timings == EgressTimings(send_s=0, wait_s=0)


async def test_a_request_that_is_sent_again_has_the_phases_of_its_new_connection(
    client: EgressClient, post: Post
) -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(OK)
        await peer.read_request()

    async with running(script) as server:
        await post(client, server.url())
        response = await post(client, server.url())
    assert server.connection_count == 2
    assert response.timings == EgressTimings(connect_s=0, send_s=0, wait_s=0)


async def test_a_local_limit_keeps_the_phases_of_the_timeout_that_it_explains(
    make_client: MakeClient, post: Post
) -> None:
    client = make_client(connections_max=1)
    async with running(silence) as server:
        requests = (
            post(client, server.url(), timeout_s=0.1),
            post(client, server.url(scheme="https"), timeout_s=0.15),
        )
        _, outcome = await asyncio.gather(*requests, return_exceptions=True)
    assert isinstance(outcome, LocalLimitError)
    assert outcome.timings == EgressTimings(connect_s=0, tls_s=0)


async def test_waiting_for_a_connection_is_no_phase(make_client: MakeClient, post: Post) -> None:
    client = make_client(connections_max=1)
    async with running(answering_and_waiting(b"")) as server:
        busy = asyncio.create_task(post(client, server.url()))
        await asyncio.wait_for(server.connected.wait(), WITHIN_S)
        with pytest.raises(LocalLimitError) as caught:
            await post(client, server.url(), timeout_s=0.02)
        busy.cancel()
        await asyncio.wait([busy])
    assert caught.value.timings is None


def test_a_phase_that_repeats_is_added_up(counter: FakeCounter) -> None:
    meter = OpeningMeter()
    phases: list[tuple[OpeningPhase, float]] = [
        ("lookup_s", 1),
        ("connect_s", 2),
        ("tls_s", 4),
        ("connect_s", 8),
        ("tls_s", 16),
    ]
    for phase, seconds in phases:
        meter.begin(phase)
        counter.advance(seconds)
    assert meter.finish() == EgressTimings(lookup_s=1, connect_s=10, tls_s=20)


def test_without_a_phase_there_are_no_timings() -> None:
    assert OpeningMeter().finish() is None

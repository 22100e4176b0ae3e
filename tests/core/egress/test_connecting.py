"""Opening connections: what is resolved, what is checked, and where the connection leads."""

import asyncio
import socket
import ssl
from collections.abc import Sequence

import pytest
import trustme
from structlog.testing import capture_logs

from core.egress.conftest import LOOPBACK, FakeResolver, MakeClient, Post
from core.egress.scripted_server import Peer, running, serve_ok
from ninefold.core.egress import (
    AddressDeniedError,
    AddressPolicy,
    ConnectFailedError,
    ConnectionClosedError,
    ConnectTimeoutError,
    DnsFailedError,
    EgressClient,
    EgressLimits,
    Resolver,
    TlsFailedError,
    parse_target,
)

WITHIN_S = 5.0


class SlowResolver:
    """Never answers, and sets an event when it is asked."""

    def __init__(self) -> None:
        self.is_asked = asyncio.Event()

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        self.is_asked.set()
        await asyncio.Event().wait()
        raise AssertionError(f"{host} was resolved after {timeout_s} s")

    def close(self) -> None:
        """Hold nothing."""


async def test_a_name_is_resolved_and_the_connection_goes_to_its_address(make_client: MakeClient, post: Post) -> None:
    resolver = FakeResolver(["127.0.0.1"])
    async with running(serve_ok) as server:
        await post(make_client(resolver=resolver), server.url(host="hooks.example"))
    assert resolver.asked == ["hooks.example"]
    assert b"\r\nhost: hooks.example:%d\r\n" % server.port in server.requests[0].head


@pytest.mark.parametrize(
    "answer",
    [
        ["10.0.0.1"],
        ["8.8.8.8", "10.0.0.1"],
        ["127.0.0.1", "10.0.0.1"],
        ["127.0.0.1", "::ffff:10.0.0.1"],
        ["fe80::1%eth0"],
        ["::1"],
    ],
)
async def test_a_denied_address_in_the_answer_refuses_the_request(
    make_client: MakeClient, post: Post, answer: list[str]
) -> None:
    client = make_client(resolver=FakeResolver(answer))
    async with running(serve_ok) as server:
        with pytest.raises(AddressDeniedError, match=r"hooks\.example leads to"):
            await post(client, server.url(host="hooks.example"))
    assert server.connection_count == 0


@pytest.mark.parametrize("host", ["127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "169.254.169.254", "0.0.0.0"])
async def test_a_denied_address_in_the_url_refuses_the_request(make_client: MakeClient, post: Post, host: str) -> None:
    client = make_client(policy=AddressPolicy())
    async with running(serve_ok) as server:
        with pytest.raises(AddressDeniedError, match="may not reach"):
            await post(client, server.url(host=host))
    assert server.connection_count == 0


async def test_a_name_that_changes_its_address_is_checked_again(make_client: MakeClient, post: Post) -> None:
    resolver = FakeResolver(["127.0.0.1"], ["10.0.0.1"])
    client = make_client(resolver=resolver)
    async with running(serve_ok) as server:
        url = server.url(host="rebind.example")
        for _ in range(3):
            assert (await post(client, url)).status == 200
        # One connection, one lookup: the address that was checked is the one that is used.
        assert resolver.asked == ["rebind.example"]
        other_port_url = url.replace(f":{server.port}", f":{server.port - 1}")
        with pytest.raises(AddressDeniedError):
            await post(client, other_port_url)


async def test_connecting_does_not_look_the_name_up_again(
    make_client: MakeClient, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[object] = []
    real = socket.getaddrinfo

    def note(host: object, *arguments: object, **options: object) -> object:
        asked.append(host)
        return real(host, *arguments, **options)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", note)
    async with running(serve_ok) as server:
        asked.clear()
        await post(make_client(resolver=FakeResolver(["127.0.0.1"])), server.url(host="hooks.example"))
    assert set(asked) <= {"127.0.0.1"}


async def test_a_connection_to_another_address_than_the_checked_one_is_refused(
    make_client: MakeClient, post: Post, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("ninefold.core.egress.connection.Connection.peer_address", "10.0.0.1")
    client = make_client()
    async with running(serve_ok) as server:
        with pytest.raises(AddressDeniedError, match=r"The connection to 127\.0\.0\.1:\d+ led to an address that"):
            await post(client, server.url())
    assert server.requests == []
    assert client.open_connections == 0


async def test_localhost_works_where_only_ipv4_loopback_is_allowed(make_client: MakeClient, post: Post) -> None:
    client = make_client(resolver=FakeResolver(["::1", "127.0.0.1"]))
    async with running(serve_ok) as server:
        assert (await post(client, server.url(host="localhost"))).status == 200


async def test_the_system_resolver_finds_localhost(make_client: MakeClient, post: Post) -> None:
    async with running(serve_ok) as server:
        assert (await post(make_client(), server.url(host="localhost"))).status == 200


async def test_the_next_address_is_tried_when_one_fails(make_client: MakeClient, post: Post) -> None:
    client = make_client(resolver=FakeResolver(["127.0.0.2", "127.0.0.1"]))
    async with running(serve_ok) as server:
        assert (await post(client, server.url(host="hooks.example"))).status == 200


async def test_the_number_of_addresses_tried_is_limited(make_client: MakeClient, post: Post) -> None:
    client = make_client(resolver=FakeResolver(["127.0.0.2", "127.0.0.3", "127.0.0.1"]), addresses_tried_max=2)
    async with running(serve_ok) as server:
        with (
            capture_logs() as logs,
            pytest.raises(ConnectFailedError, match=r"^hooks\.example:\d+ can't be reached"),
        ):
            await post(client, server.url(host="hooks.example"))
    # The addresses can belong to the operator's network, so they are only logged.
    assert [(entry["event"], entry["address"]) for entry in logs] == [
        ("egress.connection.failed", "127.0.0.2"),
        ("egress.connection.failed", "127.0.0.3"),
    ]


async def test_a_name_without_an_address_is_a_failed_lookup(make_client: MakeClient, post: Post) -> None:
    client = make_client(resolver=FakeResolver(), connections_max=1)
    for _ in range(2):
        with pytest.raises(DnsFailedError, match=r"nowhere\.example can't be resolved"):
            await post(client, "http://nowhere.example/")


async def test_a_lookup_is_limited_by_the_connect_timeout(make_client: MakeClient, post: Post) -> None:
    client = make_client(resolver=SlowResolver(), connect_timeout_s=0.05)
    with pytest.raises(ConnectTimeoutError, match=r"No connection to slow\.example could be opened in time"):
        await post(client, "http://slow.example/")


async def test_connecting_is_limited_by_the_timeout_of_the_request(make_client: MakeClient, post: Post) -> None:
    client = make_client(resolver=SlowResolver())
    with pytest.raises(ConnectTimeoutError):
        await post(client, "http://slow.example/", timeout_s=0.05)


async def test_a_handshake_is_limited_by_the_connect_timeout(make_client: MakeClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        await peer.wait_for_end()

    client = make_client(connect_timeout_s=0.1, connections_max=1)
    async with running(script) as server:
        for _ in range(2):
            server.ended.clear()
            with pytest.raises(ConnectTimeoutError):
                await post(client, server.url(scheme="https"))
            await asyncio.wait_for(server.ended.wait(), WITHIN_S)
    assert client.open_connections == 0


async def test_canceling_a_request_in_its_handshake_leaks_nothing(make_client: MakeClient, post: Post) -> None:
    async def script(peer: Peer) -> None:
        is_connected.set()
        await peer.wait_for_end()

    is_connected = asyncio.Event()
    client = make_client(connections_max=1)
    async with running(script) as server, running(serve_ok) as other:
        request = asyncio.create_task(post(client, server.url(scheme="https")))
        await asyncio.wait_for(is_connected.wait(), WITHIN_S)
        request.cancel()
        with pytest.raises(asyncio.CancelledError):
            await request
        await asyncio.wait_for(server.ended.wait(), WITHIN_S)
        assert (await post(client, other.url())).status == 200


async def test_closing_ends_a_request_that_is_being_resolved(post: Post) -> None:
    resolver = SlowResolver()
    client = EgressClient(LOOPBACK, resolver=resolver)
    request = asyncio.create_task(post(client, "http://slow.example/"))
    await asyncio.wait_for(resolver.is_asked.wait(), WITHIN_S)
    await client.aclose()
    with pytest.raises(ConnectionClosedError, match="shutting down"):
        await request


async def test_closing_closes_the_resolver() -> None:
    resolver = FakeResolver()
    await EgressClient(LOOPBACK, resolver=resolver).aclose()
    assert resolver.is_closed


# TLS.

AUTHORITY = trustme.CA()


def server_context(certificate: trustme.LeafCert) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def client_context(authority: trustme.CA = AUTHORITY) -> ssl.SSLContext:
    context = ssl.create_default_context()
    context.set_alpn_protocols(["http/1.1"])
    authority.configure_trust(context)
    return context


def tls_client(resolver: Resolver | None = None) -> EgressClient:
    return EgressClient(
        LOOPBACK,
        resolver=resolver or FakeResolver(["127.0.0.1"]),
        limits=EgressLimits(connections_max=1),
        tls=client_context(),
    )


async def test_over_tls_the_name_of_the_url_is_verified(post: Post) -> None:
    names: list[str | None] = []
    tls = server_context(AUTHORITY.issue_cert("hooks.example"))
    tls.sni_callback = lambda _socket, name, _context: names.append(name)
    client = tls_client()
    async with running(serve_ok, tls=tls) as server:
        for _ in range(2):
            assert (await post(client, server.url(host="hooks.example", scheme="https"))).body == b"ok"
    await client.aclose()
    assert names == ["hooks.example"]
    assert b"\r\nhost: hooks.example:%d\r\n" % server.port in server.requests[0].head
    assert server.connection_count == 1


async def test_over_tls_an_address_is_verified_as_such(post: Post) -> None:
    client = tls_client()
    async with running(serve_ok, tls=server_context(AUTHORITY.issue_cert("127.0.0.1"))) as server:
        assert (await post(client, server.url(scheme="https"))).body == b"ok"
    await client.aclose()


async def test_the_default_context_trusts_no_unknown_authority(make_client: MakeClient, post: Post) -> None:
    async with running(serve_ok, tls=server_context(AUTHORITY.issue_cert("127.0.0.1"))) as server:
        with pytest.raises(TlsFailedError, match="isn't signed by a trusted authority"):
            await post(make_client(), server.url(scheme="https"))


async def test_over_tls_a_response_that_is_cut_short_is_marked_as_such() -> None:
    async def script(peer: Peer) -> None:
        await peer.read_request()
        await peer.send(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nabc")

    client = tls_client()
    async with running(script, tls=server_context(AUTHORITY.issue_cert("127.0.0.1"))) as server:
        response = await client.post(parse_target(server.url(scheme="https")), head=b"", body=b"", timeout_s=5)
    assert (response.status, response.body, response.is_body_truncated) == (200, b"abc", True)
    await client.aclose()

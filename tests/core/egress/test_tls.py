"""What a failed handshake says, shown with OpenSSL's own server: uvloop's sends no alerts."""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pytest
import trustme

from core.egress.conftest import LOOPBACK, FakeResolver, Post
from core.egress.scripted_server import answering_and_waiting, running
from ninefold.core.egress import (
    EgressClient,
    EgressError,
    ProtocolError,
    TlsFailedError,
    count_authorities,
    default_tls_context,
    parse_target,
)
from ninefold.core.egress.tls import explain_tls_error
from ninefold.core.errors import SettingError

WITHIN_S = 5.0
AUTHORITY = trustme.CA()
LEAF = AUTHORITY.issue_cert("hooks.example")
UNTRUSTED = (
    "The certificate of hooks.example isn't signed by a trusted authority: unable to get local issuer certificate."
)
REFUSED = (
    "hooks.example refused the TLS handshake: it demands a client certificate, or supports none of Ninefold's ciphers."
)
RESPONSE = b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok"


def server_context(certificate: trustme.LeafCert = LEAF) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    certificate.configure_cert(context)
    return context


def demanding_a_client_certificate(*, version_max: ssl.TLSVersion) -> ssl.SSLContext:
    context = server_context()
    AUTHORITY.configure_trust(context)
    context.verify_mode = ssl.CERT_REQUIRED
    context.maximum_version = version_max
    return context


def speaking_only(version: ssl.TLSVersion) -> ssl.SSLContext:
    context = server_context()
    context.set_ciphers("ALL:@SECLEVEL=0")
    with pytest.warns(DeprecationWarning, match="is deprecated"):
        context.minimum_version = context.maximum_version = version
    return context


def alerting(alert: ssl.AlertDescription) -> ssl.SSLContext:
    context = server_context()
    context.sni_callback = lambda _socket, _name, _context: alert
    return context


def valid_between(start: datetime, end: datetime) -> ssl.SSLContext:
    return server_context(AUTHORITY.issue_cert("hooks.example", not_before=start, not_after=end))


@contextmanager
def openssl_server(tls: ssl.SSLContext) -> Iterator[int]:
    """Answer one request with 200 on each of many connections; yield the port."""

    def serve() -> None:
        with suppress(OSError):
            while True:
                connection, _ = listener.accept()
                connection.settimeout(WITHIN_S)
                with suppress(OSError), tls.wrap_socket(connection, server_side=True) as secured:
                    secured.recv(65_536)
                    secured.sendall(RESPONSE)
                connection.close()

    with socket.create_server(("127.0.0.1", 0)) as listener:
        thread = Thread(target=serve, daemon=True)
        thread.start()
        yield listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(WITHIN_S)


@pytest.fixture
async def client(tmp_path: Path) -> AsyncIterator[EgressClient]:
    """A client that trusts the authority of these tests."""
    AUTHORITY.cert_pem.write_to_path(tmp_path / "ca.pem")
    tls = default_tls_context(tmp_path / "ca.pem")
    made = EgressClient(LOOPBACK, resolver=FakeResolver(["127.0.0.1"]), tls=tls)
    yield made
    await made.aclose()


async def failure(post: Post, client: EgressClient, port: int) -> tuple[str, str]:
    """Send a request that fails; return its error class, and its words without the port."""
    with pytest.raises(EgressError) as caught:
        await post(client, f"https://hooks.example:{port}/")
    return caught.value.error_class, str(caught.value).replace(f":{port}", "")


async def test_an_authority_of_the_file_is_trusted(client: EgressClient, post: Post) -> None:
    with openssl_server(server_context()) as port:
        assert (await post(client, f"https://hooks.example:{port}/")).status == 200


@pytest.mark.parametrize(
    ("make_context", "error_class", "words"),
    [
        (
            lambda: server_context(AUTHORITY.issue_cert("other.example")),
            "tls_certificate_wrong_host",
            "The certificate of hooks.example isn't valid for hooks.example.",
        ),
        (
            lambda: server_context(AUTHORITY.issue_cert("127.0.0.1")),
            "tls_certificate_wrong_host",
            "The certificate of hooks.example isn't valid for hooks.example.",
        ),
        (
            lambda: valid_between(datetime(2020, 1, 1, tzinfo=UTC), datetime(2020, 1, 2, tzinfo=UTC)),
            "tls_certificate_expired",
            "The certificate of hooks.example has expired.",
        ),
        (
            lambda: valid_between(datetime(2090, 1, 1, tzinfo=UTC), datetime(2090, 1, 2, tzinfo=UTC)),
            "tls_failed",
            "The certificate of hooks.example isn't valid: certificate is not yet valid.",
        ),
        (
            lambda: server_context(trustme.CA().issue_cert("hooks.example")),
            "tls_certificate_untrusted",
            UNTRUSTED,
        ),
        (
            lambda: speaking_only(ssl.TLSVersion.TLSv1),
            "tls_version_too_old",
            "hooks.example only speaks versions of TLS that are too old; Ninefold speaks TLS 1.2 and 1.3.",
        ),
        (
            lambda: speaking_only(ssl.TLSVersion.TLSv1_1),
            "tls_version_too_old",
            "hooks.example only speaks versions of TLS that are too old; Ninefold speaks TLS 1.2 and 1.3.",
        ),
        (
            lambda: alerting(ssl.AlertDescription.ALERT_DESCRIPTION_UNRECOGNIZED_NAME),
            "tls_host_unknown",
            "hooks.example has no certificate for hooks.example: it doesn't know this name.",
        ),
        (
            lambda: alerting(ssl.AlertDescription.ALERT_DESCRIPTION_INTERNAL_ERROR),
            "tls_failed",
            "The TLS handshake with hooks.example failed: tlsv1 alert internal error.",
        ),
        (
            lambda: demanding_a_client_certificate(version_max=ssl.TLSVersion.TLSv1_3),
            "tls_client_certificate_required",
            "hooks.example demands a client certificate, and Ninefold has none.",
        ),
        (
            lambda: demanding_a_client_certificate(version_max=ssl.TLSVersion.TLSv1_2),
            "tls_failed",
            REFUSED,
        ),
    ],
    ids=[
        "other name",
        "address",
        "expired",
        "not yet valid",
        "unknown authority",
        "TLS 1.0",
        "TLS 1.1",
        "unknown name",
        "internal error",
        "client certificate in TLS 1.3",
        "client certificate in TLS 1.2",
    ],
)
async def test_each_reason_has_its_own_words(
    client: EgressClient, post: Post, make_context: Callable[[], ssl.SSLContext], error_class: str, words: str
) -> None:
    with openssl_server(make_context()) as port:
        assert await failure(post, client, port) == (error_class, words)


async def test_a_streamed_request_learns_of_a_client_certificate_too(client: EgressClient) -> None:
    tls = demanding_a_client_certificate(version_max=ssl.TLSVersion.TLSv1_3)
    with openssl_server(tls) as port, pytest.raises(TlsFailedError, match="demands a client certificate"):
        await client.request("GET", parse_target(f"https://hooks.example:{port}/"), timeout_s=WITHIN_S)


@pytest.mark.parametrize(
    "greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"SSH-2.0-OpenSSH_9.9\r\n", b"220 mail ESMTP\r\n"]
)
async def test_another_protocol_on_the_port_is_told(client: EgressClient, post: Post, greeting: bytes) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await reader.read()
        writer.close()

    server = await asyncio.start_server(script, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await failure(post, client, port) == (
            "tls_not_spoken",
            "hooks.example doesn't speak TLS at this port.",
        )


@pytest.mark.parametrize("record", [b"\x15\x03\x01\x00\x02\x02\x46", b"\x16\x03\x03\x00\x02\x02\x46"])
async def test_tls_on_the_port_of_a_plain_url_is_told(client: EgressClient, post: Post, record: bytes) -> None:
    async with running(answering_and_waiting(record)) as server:
        with pytest.raises(ProtocolError, match="speaks TLS at this port, and the URL's scheme is http"):
            await post(client, server.url())


async def test_a_connection_that_ends_in_the_handshake_says_so(client: EgressClient, post: Post) -> None:
    async def script(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read(1)
        writer.close()

    server = await asyncio.start_server(script, "127.0.0.1", 0)
    async with server:
        port = server.sockets[0].getsockname()[1]
        assert await failure(post, client, port) == (
            "tls_failed",
            "hooks.example closed the connection in the TLS handshake.",
        )


def test_the_host_of_an_origin_can_be_an_ipv6_address() -> None:
    error = ssl.SSLError(1, "alert")
    error.reason = "TLSV1_UNRECOGNIZED_NAME"
    assert "no certificate for [2001:db8::1]:" in str(explain_tls_error(error, origin="https://[2001:db8::1]:443"))


def test_the_default_context_speaks_only_safe_versions() -> None:
    assert default_tls_context().minimum_version == ssl.TLSVersion.TLSv1_2


@pytest.mark.parametrize(
    ("content", "problem"), [(None, "can't be read: No such file or directory"), ("what", "has no certificates")]
)
def test_a_file_without_authorities_is_refused(tmp_path: Path, content: str | None, problem: str) -> None:
    path = tmp_path / "ca.pem"
    if content is not None:
        path.write_text(content)
    for load in (default_tls_context, count_authorities):
        with pytest.raises(SettingError, match=problem) as caught:
            load(path)
        assert caught.value.field == "NINEFOLD_EGRESS_CA_FILE"


def test_the_authorities_of_a_file_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "ca.pem"
    for authority in (trustme.CA(), trustme.CA()):
        authority.cert_pem.write_to_path(path, append=True)
    assert count_authorities(path) == 2

"""Bodies that are refused unread: a client that sends the whole body before it reads still gets the response."""

import json
import socket
from typing import Any
from urllib.parse import urlsplit

import pytest

from http_api import Api
from ninefold.core.web.bodies.drain import DRAIN_BYTES_MAX
from ninefold.systems.webhooks.routes.events import BATCH_BODY_BYTES_MAX

TIMEOUT_S = 30.0


def send(url: str, *lines: str, body: bytes = b"") -> tuple[int, dict[str, Any]]:
    """Send a whole request before reading the response, as simple clients do; return the status and the problem."""
    host, port = urlsplit(url).hostname, urlsplit(url).port
    head = "\r\n".join([*lines, f"Host: {host}", "Connection: close", "", ""]).encode()
    with socket.create_connection((host, port or 0), timeout=TIMEOUT_S) as connection:
        connection.sendall(head + body)
        answer = connection.makefile("rb").read()
    status_line, _, rest = answer.partition(b"\r\n")
    return int(status_line.split()[1]), json.loads(rest.partition(b"\r\n\r\n")[2])


def test_a_client_that_sends_an_unread_body_gets_the_response(server_url: str, server_api: Api) -> None:
    size = DRAIN_BYTES_MAX
    assert size == 2 * BATCH_BODY_BYTES_MAX
    key, length, json_type = (
        f"Authorization: Bearer {server_api.api_key}",
        f"Content-Length: {size}",
        "Content-Type: application/json",
    )
    batch = "POST /api/v1/events/batch HTTP/1.1"
    for lines, code in [
        ((batch, key, length, json_type), "payload_too_large"),
        ((batch, length, json_type), "api_key_missing"),
        ((batch, key, length, "Content-Type: text/plain"), "unsupported_media_type"),
        (("POST /api/v1/nowhere HTTP/1.1", key, length, json_type), "route_not_found"),
        (("PUT /api/v1/events HTTP/1.1", key, length, json_type), "method_not_allowed"),
    ]:
        assert send(server_url, *lines, body=b"x" * size)[1]["code"] == code


def test_a_client_that_sends_a_large_chunked_body_gets_the_response(server_url: str, server_api: Api) -> None:
    chunk = b"10000\r\n" + b"x" * 0x10000 + b"\r\n"
    lines = (
        "POST /api/v1/events/batch HTTP/1.1",
        f"Authorization: Bearer {server_api.api_key}",
        "Transfer-Encoding: chunked",
    )
    body = chunk * (2 * BATCH_BODY_BYTES_MAX // 0x10000 - 1) + b"0\r\n\r\n"
    status, problem = send(server_url, *lines, body=body)
    assert (status, problem["code"]) == (413, "payload_too_large")


@pytest.mark.parametrize(
    "lines",
    [
        ("Content-Length: 1000000000000",),
        ("Content-Length: 6000000", "Expect: 100-continue"),
    ],
    ids=["more than the server reads", "Expect: 100-continue"],
)
def test_a_client_that_sends_only_the_headers_gets_the_response(
    server_url: str, server_api: Api, lines: tuple[str, ...]
) -> None:
    head = ("POST /api/v1/events/batch HTTP/1.1", f"Authorization: Bearer {server_api.api_key}", *lines)
    status, problem = send(server_url, *head)
    assert (status, problem["code"]) == (413, "payload_too_large")

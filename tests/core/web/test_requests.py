"""What every request gets: id, headers, log line, metrics."""

from collections.abc import MutableMapping
from typing import Any

import httpx
import pytest
from prometheus_client import REGISTRY


async def test_each_response_has_its_own_id(client: httpx.AsyncClient) -> None:
    ids = {(await client.get("/healthz")).headers["x-request-id"] for _ in range(3)}

    assert len(ids) == 3
    assert all(request_id.startswith("req_") for request_id in ids)


@pytest.mark.parametrize("given", ["4bf92f3577b34da6a3ce929d0e0e4736", "my-id.2026_08"])
async def test_a_valid_id_of_the_client_is_kept(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/healthz", headers={"X-Request-Id": given})

    assert response.headers["x-request-id"] == given


@pytest.mark.parametrize("given", ["short", "x" * 129, "with space", 'injected"}\t{'])
async def test_an_invalid_id_of_the_client_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    response = await client.get("/healthz", headers={"X-Request-Id": given})

    assert response.headers["x-request-id"].startswith("req_")


@pytest.mark.parametrize("path", ["/healthz", "/openapi.json", "/nowhere", "/api/v1/notes", "/api/v1/bugs", "/%00"])
async def test_every_response_has_the_security_headers_once(client: httpx.AsyncClient, path: str) -> None:
    response = await client.get(path)

    for name, value in {
        "x-content-type-options": "nosniff",
        "referrer-policy": "no-referrer",
        "cache-control": "no-store",
    }.items():
        assert response.headers.get_list(name) == [value]


async def test_head_returns_what_get_returns_without_the_body(client: httpx.AsyncClient) -> None:
    got = await client.get("/api/v1/notes")
    headed = await client.head("/api/v1/notes")

    assert headed.status_code == 200
    assert headed.content == b""
    assert headed.headers["content-length"] == got.headers["content-length"]


async def test_a_request_is_logged_with_its_route_and_without_its_url(
    client: httpx.AsyncClient, logs: list[MutableMapping[str, Any]]
) -> None:
    await client.get("/api/v1/notes/note_01h455vb4pex5vsknk084sn02q?secret=hunter2")

    (line,) = logs
    assert line["event"] == "web.request.answered"
    assert line["method"] == "GET"
    assert line["route"] == "/api/v1/notes/{note_id}"
    assert line["status"] == 400
    assert line["duration_ms"] > 0
    assert line["request_id"].startswith("req_")
    assert "hunter2" not in str(line)


async def test_a_request_does_not_inherit_the_log_context_of_another(
    client: httpx.AsyncClient, logs: list[MutableMapping[str, Any]]
) -> None:
    await client.get("/api/v1/notes")
    await client.get("/nowhere")

    assert "organisation_id" in logs[0]
    assert "organisation_id" not in logs[1]


@pytest.mark.parametrize("path", ["/healthz", "/readyz", "/metrics"])
async def test_health_checks_and_metrics_are_logged_at_debug(
    client: httpx.AsyncClient, logs: list[MutableMapping[str, Any]], path: str
) -> None:
    await client.get(path)

    assert [line["log_level"] for line in logs] == ["debug"]


@pytest.mark.parametrize(
    ("method", "path", "labels"),
    [
        ("GET", "/api/v1/notes", {"method": "GET", "route": "/api/v1/notes", "status": "200"}),
        ("GET", "/no/such/route", {"method": "GET", "route": "unrouted", "status": "404"}),
        ("BREW", "/no/such/route", {"method": "other", "route": "unrouted", "status": "404"}),
        ("HEAD", "/healthz", {"method": "HEAD", "route": "/healthz", "status": "200"}),
    ],
)
async def test_requests_are_counted_with_a_bounded_number_of_labels(
    client: httpx.AsyncClient, method: str, path: str, labels: dict[str, str]
) -> None:
    before = REGISTRY.get_sample_value("ninefold_http_requests_total", labels) or 0

    await client.request(method, path)

    assert REGISTRY.get_sample_value("ninefold_http_requests_total", labels) == before + 1

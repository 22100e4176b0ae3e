"""Answers from memory: sent without what other requests get, and reported together."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from litestar.types import Receive, Scope, Send
from prometheus_client import REGISTRY
from structlog.testing import capture_logs

from ninefold.core.postgres.database import Database
from ninefold.core.web import memory_answers
from ninefold.core.web.application import WebApplication, create_app
from ninefold.core.web.memory import MemoryResponse, memory_response
from ninefold.core.web.surfaces import Surface

ROUTE = "/shelf/{name}"


class Shelf:
    """Has one file in memory."""

    route = ROUTE

    def __init__(self) -> None:
        self.counted: list[tuple[int, int]] = []

    def find(self, scope: Scope) -> MemoryResponse | None:
        if scope["path"] != "/shelf/film":
            return None
        return memory_response([(b"cache-control", b"public"), (b"content-type", b"video/mp4")], b"picture")

    def count(self, responses: int, bytes_sent: int) -> None:
        self.counted.append((responses, bytes_sent))


async def _application(scope: Any, receive: Receive, send: Send) -> None:
    del receive
    scope["path_template"] = ROUTE
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"from the application", "more_body": False})


@pytest.fixture
def shelf() -> Shelf:
    return Shelf()


@pytest.fixture
def app(database: Database, shelf: Shelf) -> WebApplication:
    surface = Surface(path="/shelf", application=_application, from_memory=shelf)
    return create_app(database=database, surfaces=[surface], readiness=[], title="Shelf", version="1")


@pytest.fixture
async def client(app: WebApplication) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_what_is_in_memory_is_sent_with_its_headers(client: httpx.AsyncClient) -> None:
    response = await client.get("/shelf/film")

    assert (response.status_code, response.content) == (200, b"picture")
    assert dict(response.headers) == {
        "cache-control": "public",
        "content-type": "video/mp4",
        "content-length": "7",
        "referrer-policy": "no-referrer",
        "x-content-type-options": "nosniff",
    }


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [("GET", "/shelf/other", b"from the application"), ("POST", "/shelf/film", b"from the application")],
)
async def test_the_application_answers_everything_else(
    client: httpx.AsyncClient, method: str, path: str, expected: bytes
) -> None:
    response = await client.request(method, path)

    assert (response.status_code, response.content) == (200, expected)
    assert response.headers["x-request-id"].startswith("req_")


async def test_a_path_that_only_begins_alike_is_not_asked_for(client: httpx.AsyncClient) -> None:
    assert (await client.get("/shelffilm")).status_code == httpx.codes.NOT_FOUND


async def test_answers_are_reported_together_and_none_is_lost_at_the_end(
    app: WebApplication, client: httpx.AsyncClient, shelf: Shelf
) -> None:
    def value(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(name, {"method": "GET", "route": ROUTE, **labels}) or 0

    before = value("ninefold_http_requests_total", status="200")
    durations_before = value("ninefold_http_request_duration_seconds_count")

    with capture_logs() as logs:
        async with app.lifespan():
            for _ in range(3):
                await client.get("/shelf/film")

    assert shelf.counted == [(3, 21)]
    assert value("ninefold_http_requests_total", status="200") == before + 3
    assert value("ninefold_http_request_duration_seconds_count") == durations_before + 3
    reports = [line for line in logs if line["event"] == "web.requests.answered_from_memory"]
    assert [(line["route"], line["responses"], line["bytes_sent"]) for line in reports] == [(ROUTE, 3, 21)]
    assert [line for line in logs if line["event"] == "web.request.answered"] == []


async def test_answers_are_reported_once_a_second(
    client: httpx.AsyncClient, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    reported = asyncio.Event()
    monkeypatch.setattr(memory_answers, "REPORT_INTERVAL_S", 0.01)
    monkeypatch.setattr(shelf, "count", lambda *_: reported.set())

    for _ in range(2):
        reported.clear()
        await client.get("/shelf/film")

        async with asyncio.timeout(5):
            await reported.wait()

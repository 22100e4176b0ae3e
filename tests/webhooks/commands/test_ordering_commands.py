"""The commands for the order of deliveries against a fake server."""

from functools import partial

import httpx
import msgspec
import pytest

from ninefold.edge.cli import run
from webhooks.fake_server import SUBSCRIPTION, SUBSCRIPTION_ID, Server

DELIVERY_ID = "dlv_01h455vb4pex5vsknk084sn02q"
BLOCKED = {
    "ordering_key": "customer-7",
    "blocked_at": "2026-01-02T03:04:05Z",
    "delivery_id": DELIVERY_ID,
    "event_id": "evt_01h455vb4pex5vsknk084sn02q",
    "event_type": "order.created",
    "error_class": "timeout",
    "waiting_deliveries": 12,
    "advice": "Retry it.",
}

DELIVERY = {
    "delivery_id": DELIVERY_ID,
    "event_id": BLOCKED["event_id"],
    "event_type": "order.created",
    "subscription_id": SUBSCRIPTION_ID,
    "status": "canceled",
    "waiting_reason": None,
    "waiting_until": None,
    "is_running": False,
    "attempt_count": 0,
    "attempts_planned": 6,
    "next_attempt_at": None,
    "created_at": "2026-01-02T03:04:05Z",
    "finished_at": "2026-01-02T03:04:06Z",
    "advice": None,
    "attempts": [],
}


def test_publish_sends_the_ordering_key(server: Server) -> None:
    server.answer = partial(httpx.Response, 202, json={"event_id": "evt_1", "queued_deliveries": 1})

    assert run(["events", "publish", "order.created", "1", "--ordering-key", "customer-7"]) == 0

    (request,) = server.requests
    assert msgspec.json.decode(request.content)["ordering_key"] == "customer-7"


def test_create_sends_the_ordering(server: Server) -> None:
    server.answer = partial(httpx.Response, 201, json={**SUBSCRIPTION, "secret": "whsec_1"})
    options = ["--ordering", "fifo", "--ordering-on-failure", "skip"]

    assert run(["subscriptions", "create", "https://example.com", "-t", "*", *options]) == 0

    body = msgspec.json.decode(server.requests[0].content)
    assert (body["ordering"], body["ordering_on_failure"]) == ("fifo", "skip")


def test_blocked_keys_are_listed_with_what_to_do(
    server: Server, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COLUMNS", "200")
    server.answer = partial(httpx.Response, 200, json={"items": [BLOCKED], "next_cursor": None})

    assert run(["subscriptions", "blocked-keys", SUBSCRIPTION_ID]) == 0

    assert server.requests[0].url.path == f"/api/v1/subscriptions/{SUBSCRIPTION_ID}/blocked-keys"
    shown = capsys.readouterr()
    assert all(text in shown.out for text in ("customer-7", DELIVERY_ID, "timeout", "12"))
    assert "deliveries skip" in shown.err


def test_without_blocked_keys_it_says_so(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json={"items": [], "next_cursor": None})

    assert run(["subscriptions", "blocked-keys", SUBSCRIPTION_ID]) == 0

    assert "No ordering key is blocked." in "".join(capsys.readouterr())


def test_skip_asks_the_server(server: Server) -> None:
    server.answer = partial(httpx.Response, 200, json=DELIVERY)

    assert run(["deliveries", "skip", DELIVERY_ID]) == 0

    (request,) = server.requests
    assert (request.method, request.url.path) == ("POST", f"/api/v1/deliveries/{DELIVERY_ID}/skip")

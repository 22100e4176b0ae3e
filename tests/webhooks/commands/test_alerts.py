"""`ninefold alerts list` against a fake server: what it sends, and how it shows the response."""

import json
from functools import partial

import httpx
import pytest

from ninefold.edge.cli import run
from webhooks.fake_server import SUBSCRIPTION_ID, Server

ALERT = {
    "alert_id": "alr_01h455vb4pex5vsknk084sn02q",
    "kind": "circuit_open",
    "state": "firing",
    "title": "Circuit of example.com is open",
    "detail": "10 attempts in a row failed.",
    "subscription_id": SUBSCRIPTION_ID,
    "is_installation_wide": False,
    "value": 1.0,
    "threshold": 0.0,
    "fired_at": "2026-01-02T03:04:05Z",
    "resolved_at": None,
    "notifications": [
        {
            "change": "fired",
            "channel": "slack",
            "state": "failed",
            "attempt_count": 1,
            "sent_at": None,
            "error": "The Slack URL answered 404.",
        }
    ],
}
PAGE = {"items": [ALERT], "next_cursor": None}


def test_alerts_are_listed_with_what_was_not_sent(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json=PAGE)
    run(["alerts", "list", "--state", "firing", "--subscription-id", SUBSCRIPTION_ID])
    assert dict(server.requests[0].url.params) == {
        "state": "firing",
        "subscription_id": SUBSCRIPTION_ID,
        "limit": "20",
    }
    shown = " ".join(capsys.readouterr().out.split())
    assert "firing" in shown
    assert "Circuit" in shown


def test_alerts_are_printed_as_json_for_programs(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json=PAGE)
    run(["alerts", "list", "--json"])
    assert json.loads(capsys.readouterr().out) == PAGE

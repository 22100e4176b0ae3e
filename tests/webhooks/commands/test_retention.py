"""`ninefold retention` shows how long events are kept, and sets it."""

import json
from functools import partial

import httpx
import pytest

from ninefold.systems.webhooks.commands.retention import retention
from webhooks.fake_server import Server

ANSWER = {
    "retention": "long",
    "days": 90,
    "dead_letter_days": 7,
    "idempotency_key_days": 7,
    "choices": [{"retention": "short", "days": 7}, {"retention": "long", "days": 90}],
}


@pytest.fixture(autouse=True)
def answer(server: Server) -> None:
    server.answer = partial(httpx.Response, 200, json=ANSWER)


def test_what_is_kept_is_shown_with_the_choices(capsys: pytest.CaptureFixture[str]) -> None:
    retention(["show"], result_action="return_value")

    shown = capsys.readouterr().out
    assert "90 days, with their deliveries and attempts" in shown
    assert "short" in shown


def test_another_retention_is_set(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    retention(["set", "long"], result_action="return_value")

    (request,) = server.requests
    assert (request.method, request.url.path) == ("PATCH", "/api/v1/webhooks/retention")
    assert json.loads(request.content) == {"retention": "long"}
    assert "at least 7 days after the delivery failed" in capsys.readouterr().out

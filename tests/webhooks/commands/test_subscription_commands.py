"""The commands for subscriptions against a fake server: what they send, and how they describe a subscription."""

from datetime import UTC, datetime
from functools import partial
from typing import Any

import httpx
import msgspec
import pytest

from http_api import Json
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.systems.webhooks.commands.answers import CircuitAnswer
from ninefold.systems.webhooks.commands.subscription_text import describe_circuit
from webhooks.fake_server import SUBSCRIPTION, SUBSCRIPTION_ID, Server

NOW = datetime(2026, 1, 2, 3, 0, tzinfo=UTC)
OPEN = {
    "state": "open",
    "consecutive_failures": 12,
    "failing_since": "2026-01-02T01:00:00Z",
    "opened_at": "2026-01-02T02:00:00Z",
    "retry_at": "2026-01-02T03:04:00Z",
    "pauses_at": "2026-01-07T01:00:00Z",
}
PAUSE = {"reason": "gone", "paused_at": "2026-01-02T03:04:05Z", "advice": "Correct its URL."}


def answer(server: Server, **changes: object) -> None:
    """Let the server answer with the subscription, with changes."""
    server.answer = partial(httpx.Response, 200, json={**SUBSCRIPTION, **changes})


def sent(server: Server) -> tuple[str, str, Any]:
    """Return the method, the path and the body of the only request."""
    (request,) = server.requests
    body = msgspec.json.decode(request.content) if request.content else None
    return request.method, request.url.path.removeprefix("/api/v1/subscriptions"), body


def test_delete_prints_a_confirmation(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 204)

    assert run(["subscriptions", "delete", SUBSCRIPTION_ID]) == 0

    assert [("DELETE", f"/api/v1/subscriptions/{SUBSCRIPTION_ID}")] == [
        (request.method, request.url.path) for request in server.requests
    ]
    assert f"Deleted {SUBSCRIPTION_ID}." in capsys.readouterr().err


def test_update_sends_only_the_given_options(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json=SUBSCRIPTION)

    assert run(["subscriptions", "update", SUBSCRIPTION_ID, "--description", ""]) == 0

    assert msgspec.json.decode(server.requests[0].content) == {"description": ""}
    assert "order.*, invoice.paid" in capsys.readouterr().out


def test_update_without_a_change_is_a_usage_error(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["subscriptions", "update", SUBSCRIPTION_ID]) == 2

    shown = capsys.readouterr().err
    assert "Nothing to change" in shown
    assert "--event-type (-t)" in shown
    assert server.requests == []


@pytest.mark.parametrize(
    ("options", "body"),
    [
        (["--subscriber-id", "customer-7"], {"subscriber_id": "customer-7"}),
        (["--subscriber-id", ""], {"subscriber_id": None}),
        (["--paused"], {"is_active": False}),
        (["--active"], {"is_active": True}),
        (["--rate-limit", "0.5"], {"rate_limit_per_s": 0.5}),
        (["--rate-limit", "default"], {"rate_limit_per_s": None}),
        (["--in-flight-max", "3"], {"in_flight_max": 3}),
        (["--in-flight-max", "default"], {"in_flight_max": None}),
        (["--retry-schedule", "day"], {"retry_schedule": "day"}),
        (["--retry-schedule", "5,60, 600"], {"retry_schedule": [5, 60, 600]}),
        (["--retry-schedule", "0.5"], {"retry_schedule": [0.5]}),
        (["--retry-schedule", "default"], {"retry_schedule": None}),
        (["--ordering", "fifo"], {"ordering": "fifo"}),
        (["--ordering-on-failure", "skip"], {"ordering_on_failure": "skip"}),
    ],
)
def test_an_option_of_an_update_sets_its_field(server: Server, options: list[str], body: Json) -> None:
    answer(server)

    assert run(["subscriptions", "update", SUBSCRIPTION_ID, *options]) == 0

    assert sent(server) == ("PATCH", f"/{SUBSCRIPTION_ID}", body)


@pytest.mark.parametrize(
    "options",
    [["--rate-limit", "fast"], ["--in-flight-max", "many"], ["--rate-limit"]],
)
def test_an_option_that_is_not_a_number_is_a_usage_error(server: Server, options: list[str]) -> None:
    assert run(["subscriptions", "update", SUBSCRIPTION_ID, *options]) == 2

    assert server.requests == []


@pytest.mark.parametrize("text", ["5;60", "5,", "5 60", "", "1h"])
def test_a_retry_schedule_that_is_no_list_is_refused(
    server: Server, text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["subscriptions", "update", SUBSCRIPTION_ID, "--retry-schedule", text]) == EXIT_FAILED

    assert "such as 5,60,600" in capsys.readouterr().err
    assert server.requests == []


def test_create_sends_the_options_that_are_given(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    answer(server, secret="whsec_1")
    options = ["--subscriber-id", "customer-7", "--paused", "--rate-limit", "5", "--retry-schedule", "day"]

    assert run(["subscriptions", "create", "https://example.com", "-t", "*", *options]) == 0

    assert sent(server)[2] == {
        "url": "https://example.com",
        "event_types": ["*"],
        "description": "",
        "is_active": False,
        "subscriber_id": "customer-7",
        "rate_limit_per_s": 5,
        "retry_schedule": "day",
    }
    assert "whsec_1" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("pause", ("PATCH", f"/{SUBSCRIPTION_ID}", {"is_active": False})),
        ("resume", ("PATCH", f"/{SUBSCRIPTION_ID}", {"is_active": True})),
        ("close-circuit", ("POST", f"/{SUBSCRIPTION_ID}/circuit/close", None)),
    ],
)
def test_pause_resume_and_close_circuit_show_the_result(
    server: Server, command: str, expected: tuple[str, str, Json | None], capsys: pytest.CaptureFixture[str]
) -> None:
    answer(server)

    assert run(["subscriptions", command, SUBSCRIPTION_ID]) == 0

    assert sent(server) == expected
    assert "✓ active" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("options", "query"),
    [
        (["--subscriber-id", "customer-7"], {"subscriber_id": "customer-7", "limit": "20"}),
        (["--paused"], {"is_active": "false", "limit": "20"}),
        (["--active", "--circuit", "half-open"], {"is_active": "true", "circuit": "half_open", "limit": "20"}),
    ],
)
def test_the_list_can_be_filtered(server: Server, options: list[str], query: dict[str, str]) -> None:
    server.answer = partial(httpx.Response, 200, json={"items": [], "next_cursor": None})

    assert run(["subscriptions", "list", *options]) == 0

    assert dict(server.requests[0].url.params) == query


@pytest.mark.parametrize(
    ("changes", "state"),
    [
        ({}, "✓ active"),
        ({"circuit": OPEN}, "✗ circuit open"),
        ({"circuit": {**OPEN, "state": "half_open"}}, "↻ half-open"),
        ({"circuit": OPEN, "pause": PAUSE}, "- paused"),
    ],
)
def test_the_list_shows_each_state_within_120_columns(
    server: Server, changes: Json, state: str, capsys: pytest.CaptureFixture[str]
) -> None:
    item = {**SUBSCRIPTION, **changes}
    server.answer = partial(httpx.Response, 200, json={"items": [item], "next_cursor": None})

    assert run(["subscriptions", "list"]) == 0

    heading, row = capsys.readouterr().out.splitlines()
    assert row.split("  ")[:2] == [SUBSCRIPTION_ID, state]
    assert max(len(heading), len(row)) <= 120


def test_show_says_what_applies_and_where_it_comes_from(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    answer(server, pause=PAUSE)

    assert run(["subscriptions", "show", SUBSCRIPTION_ID]) == 0

    shown = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    stripped = {name: value.strip() for name, value in shown.items()}
    assert stripped["subscriber_id"] == "customer-7"
    assert stripped["state"] == "- paused"
    assert stripped["paused"] == "since 2026-01-02T03:04:05Z, the receiver answered 410 Gone"
    assert stripped["advice"] == "Correct its URL."
    assert stripped["circuit"] == "closed"
    assert stripped["rate_limit"] == "100 per second (default)"
    assert stripped["in_flight_max"] == "5"
    assert stripped["retry_schedule"] == "after 5, 300 s (day)"
    assert stripped["ordering"] == "fifo, a failure blocks its key"


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"opened_at": None, "retry_at": None, "pauses_at": None, "consecutive_failures": 0}, "closed"),
        (
            {"opened_at": None, "retry_at": None, "pauses_at": None, "consecutive_failures": 1},
            "closed, 1 failure in a row",
        ),
        (
            {},
            (
                "open since 2026-01-02T02:00:00Z, next try in 4 min, 12 failures in a row, "
                "paused in 5 days unless an attempt succeeds"
            ),
        ),
        (
            {"state": "half_open", "pauses_at": None},
            "open since 2026-01-02T02:00:00Z, next try due or in progress, 12 failures in a row",
        ),
        (
            {"retry_at": "2026-01-02T03:01:30Z", "pauses_at": "2026-01-02T05:00:00Z", "consecutive_failures": 1_200},
            (
                "open since 2026-01-02T02:00:00Z, next try in 90 s, 1,200 failures in a row, "
                "paused in 2 h unless an attempt succeeds"
            ),
        ),
    ],
)
def test_a_circuit_is_described_in_plain_words(changes: Json, words: str) -> None:
    circuit = msgspec.convert({**OPEN, **changes}, CircuitAnswer)

    assert describe_circuit(circuit, now=NOW) == words

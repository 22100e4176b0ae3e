"""`ninefold dead-letters …` and `ninefold subscriptions replay` against a fake server: what they send and show."""

import json
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import pytest

from http_api import Json
from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, run

SUBSCRIPTION_ID = "sub_01h455vb4pex5vsknk084sn02q"
DELIVERY_ID = "dlv_01h455vb4pex5vsknk084sn02q"
LETTER: Json = {
    "delivery_id": DELIVERY_ID,
    "event_id": "evt_01h455vb4pex5vsknk084sn02q",
    "event_type": "order.created",
    "subscription_id": SUBSCRIPTION_ID,
    "status": "failed",
    "waiting_reason": None,
    "waiting_until": None,
    "is_running": False,
    "attempt_count": 0,
    "attempts_planned": 6,
    "next_attempt_at": None,
    "created_at": "2026-01-02T03:04:05Z",
    "finished_at": "2026-01-03T03:04:05Z",
    "advice": "Look at the subscription.",
    "attempts": [],
    "error_class": "expired",
}
JOB: Json = {
    "job_id": "job_01h455vb4pex5vsknk084sn02q",
    "kind": "webhooks.replay_dead_letters",
    "state": "succeeded",
    "waiting_reason": None,
    "progress_done": 1,
    "progress_total": 1,
    "progress_note": "1 replayed",
    "error": None,
    "canceled_by": None,
    "created_at": "2026-01-02T03:04:05Z",
    "finished_at": "2026-01-02T03:04:06Z",
    "result": {"replayed": 1, "skipped": {}},
}


class Server:
    """Returns what the test sets, and records the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[httpx.Request], Json] = lambda _: JOB

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return httpx.Response(200, json=self.answer(request))

    def sent(self) -> Json:
        """Return the body of the only POST."""
        (post,) = [request for request in self.requests if request.method == "POST"]
        body: Json = json.loads(post.content)
        return body


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return server


def test_dead_letters_are_listed_with_their_error_and_the_command_that_replays_them(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = lambda _: {"items": [LETTER], "next_cursor": "more"}

    assert run(["dead-letters", "list", "--limit", "1"]) == 0

    captured = capsys.readouterr()
    for text in (DELIVERY_ID, SUBSCRIPTION_ID, "order.created", "expired", "2026-01-03T03:04:05Z", "Look at the"):
        assert text in captured.out
    assert "--cursor more" in captured.err
    assert f"ninefold dead-letters replay {DELIVERY_ID}" in captured.err


def test_filters_are_sent_as_the_api_takes_them(server: Server) -> None:
    server.answer = lambda _: {"items": [], "next_cursor": None}

    arguments = [
        *("--subscription-id", SUBSCRIPTION_ID, "--subscriber-id", "shop-1", "--event-type", "order.*"),
        *("--error-class", "timeout", "--failed-after", "2026-01-01T00:00:00Z"),
        *("--failed-before", "2026-01-02T02:00:00+02:00"),
    ]
    assert run(["dead-letters", "list", *arguments]) == 0
    assert dict(server.requests[0].url.params) == {
        "subscription_id": SUBSCRIPTION_ID,
        "subscriber_id": "shop-1",
        "event_type": "order.*",
        "error_class": "timeout",
        "failed_after": "2026-01-01T00:00:00+00:00",
        "failed_before": "2026-01-02T00:00:00+00:00",
        "limit": "20",
    }

    server.answer = lambda _: JOB
    assert run(["dead-letters", "replay", *arguments, "--rate-per-s", "50", "--no-wait"]) == 0
    assert server.sent() == {
        "subscription_id": SUBSCRIPTION_ID,
        "subscriber_id": "shop-1",
        "event_type": "order.*",
        "error_class": "timeout",
        "failed_after": "2026-01-01T00:00:00+00:00",
        "failed_before": "2026-01-02T00:00:00+00:00",
        "rate_per_s": 50.0,
    }


def test_a_search_is_continued_until_enough_is_found(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    pages: Iterator[Json] = iter(
        [
            {"items": [], "next_cursor": "a"},
            {"items": [LETTER], "next_cursor": "b"},
            {"items": [LETTER], "next_cursor": "c"},
        ]
    )
    server.answer = lambda _: next(pages)

    assert run(["dead-letters", "list", "--error-class", "expired", "--limit", "2"]) == 0

    assert [request.url.params.get("cursor") for request in server.requests] == [None, "a", "b"]
    assert [request.url.params["limit"] for request in server.requests] == ["2", "2", "1"]
    assert "--cursor c" in capsys.readouterr().err


def test_json_is_the_page_that_the_server_sent(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = lambda _: {"items": [], "next_cursor": "a"}

    assert run(["dead-letters", "list", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == {"items": [], "next_cursor": "a"}


@pytest.mark.parametrize(
    ("arguments", "body"),
    [
        ([DELIVERY_ID], {"delivery_ids": [DELIVERY_ID]}),
        ([DELIVERY_ID, DELIVERY_ID], {"delivery_ids": [DELIVERY_ID, DELIVERY_ID]}),
        (["--all"], {}),
        (["--event-type", "*"], {"event_type": "*"}),
    ],
)
def test_dead_letters_are_replayed_by_id_by_filter_or_all(
    server: Server, arguments: list[str], body: Json, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", "replay", *arguments]) == 0

    assert server.sent() == body
    assert [request.url.path for request in server.requests] == [
        "/api/v1/dead-letters/replay",
        f"/api/v1/jobs/{JOB['job_id']}",
    ]
    assert '{"replayed":1,"skipped":{}}' in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments", [[], ["--all", "--event-type", "*"], [DELIVERY_ID, "--all"], ["--rate-per-s", "5"]]
)
def test_without_a_clear_choice_nothing_is_replayed(
    server: Server, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["dead-letters", "replay", *arguments]) == EXIT_FAILED

    assert "It isn't clear which dead letters to replay." in capsys.readouterr().err
    assert server.requests == []


def test_a_subscription_is_replayed_since_a_time(server: Server) -> None:
    arguments = ["--since", "2026-01-01T00:00:00Z", "--until", "2026-01-02T00:00:00Z"]
    statuses = ["--status", "failed", "--status", "canceled"]

    assert run(["subscriptions", "replay", SUBSCRIPTION_ID, *arguments, *statuses, "--rate-per-s", "5"]) == 0

    assert server.requests[0].url.path == f"/api/v1/subscriptions/{SUBSCRIPTION_ID}/replay"
    assert server.sent() == {
        "since": "2026-01-01T00:00:00Z",
        "until": "2026-01-02T00:00:00Z",
        "statuses": ["failed", "canceled"],
        "rate_per_s": 5.0,
    }


@pytest.mark.parametrize(
    "arguments",
    [
        ["subscriptions", "replay", SUBSCRIPTION_ID],
        ["subscriptions", "replay", SUBSCRIPTION_ID, "--since", "yesterday"],
        ["subscriptions", "replay", SUBSCRIPTION_ID, "--since", "2026-01-01T00:00:00Z", "--status", "dead"],
        ["subscriptions", "replay", SUBSCRIPTION_ID, "--since", "2026-01-01T00:00:00Z", "--rate-per-s", "0"],
        ["dead-letters", "list", "--failed-after", "soon"],
        ["dead-letters", "list", "--limit", "0"],
        ["dead-letters", "list", "--subscription-id", "evt_01h455vb4pex5vsknk084sn02q"],
        ["dead-letters", "replay", "evt_01h455vb4pex5vsknk084sn02q"],
        ["subscriptions", "replay", "x", "--since", "2026-01-01T00:00:00Z"],
    ],
)
def test_wrong_usage_is_refused_before_anything_is_sent(
    server: Server, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) != 0

    captured = capsys.readouterr()
    assert captured.err
    assert captured.out == ""
    assert server.requests == []


def test_a_time_without_a_time_zone_is_that_of_this_machine(server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "UTC")
    assert run(["subscriptions", "replay", SUBSCRIPTION_ID, "--since", "2026-01-01"]) == 0

    assert server.sent()["since"].startswith("202")
    assert server.sent()["since"].endswith("Z")

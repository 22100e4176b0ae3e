"""The commands against a fake server: what they send, and how they show its responses."""

import codecs
import json
import re
from collections.abc import Sequence
from functools import partial
from pathlib import Path

import httpx
import pytest

from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.systems.webhooks.commands.deliveries import BODY_SHOWN_MAX
from webhooks.fake_server import SUBSCRIPTION, SUBSCRIPTION_ID, Server

EVENT_ID = "evt_01h455vb4pex5vsknk084sn02q"
DELIVERY_ID = "dlv_01h455vb4pex5vsknk084sn02q"
ACCEPTED = {"event_id": EVENT_ID, "queued_deliveries": 2}
ATTEMPT = {
    "attempt_number": 1,
    "url": "https://example.com/former",
    "attempted_at": "2026-01-02T03:04:05Z",
    "duration_ms": 12.34,
    "timings": {"lookup_ms": 1.25, "connect_ms": 4.0, "tls_ms": None, "send_ms": 0.0, "wait_ms": 7.04},
    "response_code": 500,
    "response_body": "no",
    "is_response_body_truncated": False,
    "error_class": "status",
    "error_detail": "The receiver answered 500.",
}
DELIVERY = {
    "delivery_id": DELIVERY_ID,
    "event_id": EVENT_ID,
    "event_type": "order.created",
    "subscription_id": SUBSCRIPTION_ID,
    "status": "retrying",
    "waiting_reason": None,
    "waiting_until": None,
    "is_running": False,
    "attempt_count": 1,
    "attempts_planned": 6,
    "next_attempt_at": "2026-01-02T03:04:06Z",
    "created_at": "2026-01-02T03:04:05Z",
    "finished_at": None,
    "advice": "See the receiver's log.",
    "attempts": [ATTEMPT],
}
QUEUED_DELIVERY = {**DELIVERY, "status": "queued", "attempt_count": 0, "next_attempt_at": None, "attempts": []}
EVENT = (
    b'{"event_id":"%b","event_type":"order.created","idempotency_key":null,"status":"dispatched",'
    b'"queued_deliveries":0,"accepted_at":"2026-01-02T03:04:05Z","dispatched_at":null,"ordering_key":"customer-7",'
    b'"payload":{"total":19.90,"much":1e999,"twice":1,"twice":2},"deliveries":[]}' % EVENT_ID.encode()
)
COMMANDS_WITH_ID = [
    ("sub", ["subscriptions", "show"]),
    ("sub", ["subscriptions", "update", "--description", "x"]),
    ("sub", ["subscriptions", "pause"]),
    ("sub", ["subscriptions", "resume"]),
    ("sub", ["subscriptions", "close-circuit"]),
    ("sub", ["subscriptions", "delete"]),
    ("sub", ["subscriptions", "rotate-secret"]),
    ("evt", ["events", "show"]),
    ("sub", ["deliveries", "list"]),
    ("dlv", ["deliveries", "show"]),
    ("dlv", ["deliveries", "retry"]),
]
IDS = {"sub": SUBSCRIPTION_ID, "evt": EVENT_ID, "dlv": DELIVERY_ID}


@pytest.mark.parametrize(("prefix", "command"), COMMANDS_WITH_ID)
@pytest.mark.parametrize("text", ["", ".", "..", "../events", "req_01h455vb4pex5vsknk084sn02q"])
def test_argument_that_is_not_an_id_is_never_sent(
    server: Server, prefix: str, command: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--", text]) == EXIT_FAILED

    assert f"isn't an id of the form {prefix}_" in capsys.readouterr().err
    assert server.requests == []


@pytest.mark.parametrize(
    "command",
    [
        ["subscriptions", "create", "https://example.com", "-t", "*"],
        ["subscriptions", "list"],
        ["events", "publish", "order.created", "{}"],
        ["events", "list"],
        *[[*command, IDS[prefix]] for prefix, command in COMMANDS_WITH_ID],
    ],
)
@pytest.mark.parametrize("body", [b"<h1>Hello</h1>", b"[]", b'{"items": [{}], "next_cursor": null}'])
@pytest.mark.parametrize("options", [[], ["--json"]])
def test_response_of_another_server_is_refused(
    server: Server, command: list[str], body: bytes, options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = partial(httpx.Response, 200, content=body)

    assert run([*command, *options]) == EXIT_FAILED

    captured = capsys.readouterr()
    assert "isn't a Ninefold server" in captured.err
    assert "--server" in captured.err
    assert captured.out == ""


def test_json_output_of_an_event_keeps_its_payload_byte_for_byte(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = partial(httpx.Response, 200, content=EVENT)

    assert run(["events", "show", EVENT_ID, "--json"]) == 0

    shown = capsys.readouterr().out
    assert "".join(shown.split()).encode() == EVENT
    assert server.requests[0].url.path == f"/api/v1/events/{EVENT_ID}"


def test_event_with_any_payload_can_be_shown(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, content=EVENT)

    assert run(["events", "show", EVENT_ID]) == 0

    captured = capsys.readouterr()
    assert "order.created" in captured.out
    assert "19.90" not in captured.out
    assert "No subscription matched" in captured.err


def test_control_characters_of_texts_do_not_reach_the_terminal(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    subscription = {**SUBSCRIPTION, "subscriber_id": SUBSCRIPTION["description"]}
    server.answer = partial(httpx.Response, 200, json={"items": [subscription], "next_cursor": "\x1bnext"})
    assert run(["subscriptions", "list"]) == 0
    server.answer = partial(httpx.Response, 200, json=subscription)
    assert run(["subscriptions", "show", SUBSCRIPTION_ID]) == 0

    captured = capsys.readouterr()
    assert captured.out.count("␛]0;gone␇") == 3
    assert "\x1b" not in captured.out + captured.err


@pytest.mark.parametrize(
    "payload", ["1e999", "19.90", '{"twice":1,"twice":2}', '"\\u0000"', "  [1, 2]\n", "123456789012345678901234567890"]
)
def test_payload_is_sent_byte_for_byte(server: Server, payload: str) -> None:
    server.answer = partial(httpx.Response, 202, json=ACCEPTED)

    assert run(["events", "publish", "order.created", payload]) == 0

    sent = server.requests[0].content
    assert sent == b'{"event_type":"order.created","payload":%b}' % payload.strip().encode()


def test_payload_can_be_read_from_a_file(server: Server, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_bytes(b'{"total": 19.90}\n')
    server.answer = partial(httpx.Response, 202, json=ACCEPTED)

    assert run(["events", "publish", "order.created", f"@{tmp_path}/order.json"]) == 0

    assert b'"payload":{"total": 19.90}}' in server.requests[0].content


def test_a_byte_order_mark_at_the_beginning_of_a_file_is_left_out(server: Server, tmp_path: Path) -> None:
    (tmp_path / "order.json").write_bytes(codecs.BOM_UTF8 + b'{"total": 19.90}\r\n')
    server.answer = partial(httpx.Response, 202, json=ACCEPTED)

    assert run(["events", "publish", "order.created", f"@{tmp_path}/order.json"]) == 0

    assert b'"payload":{"total": 19.90}}' in server.requests[0].content


@pytest.mark.parametrize(
    ("payload", "words"),
    [
        (b"[" * 5_000 + b"]" * 5_000, "The payload is nested too deeply"),
        (b'{"order": 1', "The payload isn't JSON"),
        (b'{}, "event_type": "other"', "The payload isn't JSON"),
        (b'"\xff"', "The payload isn't JSON"),
        (b"", "The payload isn't JSON"),
        (b"NaN", "The payload isn't JSON"),
        (codecs.BOM_UTF8, "The payload isn't JSON"),
        (b'{"a": "x"}\xef\xbb\xbf', "The payload isn't JSON"),
        ('{"order": 1}'.encode("utf-16"), "The payload is UTF-16"),
        (codecs.BOM_UTF16_BE + '{"order": 1}'.encode("utf-16-be"), "The payload is UTF-16"),
    ],
)
def test_payload_that_is_not_json_is_refused_with_one_message(
    server: Server, tmp_path: Path, payload: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "payload").write_bytes(payload)

    assert run(["events", "publish", "order.created", f"@{tmp_path}/payload"]) == EXIT_FAILED

    assert capsys.readouterr().err.startswith(f"✗ {words}")
    assert server.requests == []


@pytest.mark.parametrize(
    "arguments", [["publish", "order.created", '"\udcff"'], ["publish", "\udcff", "1"], ["list", "--cursor", "\udcff"]]
)
def test_argument_that_is_not_utf8_is_refused_with_one_message(
    server: Server, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["events", *arguments]) == EXIT_FAILED

    assert capsys.readouterr().err.startswith("✗ ")
    assert server.requests == []


def test_replay_is_noted_below_the_table(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 202, json=ACCEPTED, headers={"Idempotency-Replayed": "true"})

    assert run(["events", "publish", "order.created", "1", "--idempotency-key", "k"]) == 0

    captured = capsys.readouterr()
    assert EVENT_ID in captured.out
    assert "was used before" in captured.err


@pytest.mark.parametrize(("headers", "expected"), [({"Idempotency-Replayed": "true"}, True), ({}, False)])
def test_replay_is_a_field_of_the_json_output(
    server: Server, headers: dict[str, str], capsys: pytest.CaptureFixture[str], *, expected: bool
) -> None:
    server.answer = partial(httpx.Response, 202, json=ACCEPTED, headers=headers)

    assert run(["events", "publish", "order.created", "1", "--idempotency-key", "k", "--json"]) == 0

    captured = capsys.readouterr()
    assert json.loads(captured.out) == {**ACCEPTED, "is_replay": expected}
    assert captured.err == ""


def test_delivery_is_shown_with_its_attempts_and_advice(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json=DELIVERY)

    assert run(["deliveries", "show", DELIVERY_ID]) == 0

    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["status", "↻", "retrying"] in lines
    assert ["advice", "See", "the", "receiver's", "log."] in lines
    assert ["1", "2026-01-02T03:04:05Z", "500", "12.3", "ms", "The", "receiver", "answered", "500."] in lines


@pytest.mark.parametrize(
    ("body", "is_truncated", "shown"),
    [
        ("no such\norder", False, "Response body of attempt 1:\nno such\norder\n"),
        ("\x1b]0;gone\x07", False, "Response body of attempt 1:\n␛]0;gone␇\n"),
        ("no", True, "Response body of attempt 1, its beginning:\nno\n"),
        ("x" * 16_384, False, f"Response body of attempt 1, its beginning:\n{'x' * BODY_SHOWN_MAX}\n"),
        ("", False, "wait 7.0 ms)\n"),
        (None, False, "wait 7.0 ms)\n"),
    ],
    ids=["lines", "control characters", "truncated", "long", "empty", "none"],
)
def test_delivery_is_shown_with_the_body_of_its_last_response(
    server: Server, capsys: pytest.CaptureFixture[str], body: str | None, shown: str, *, is_truncated: bool
) -> None:
    attempt = {**ATTEMPT, "response_body": body, "is_response_body_truncated": is_truncated}
    server.answer = partial(httpx.Response, 200, json={**DELIVERY, "attempts": [attempt]})

    assert run(["deliveries", "show", DELIVERY_ID]) == 0

    assert re.sub(" +\n", "\n", capsys.readouterr().out).endswith(shown)


@pytest.mark.parametrize(
    ("changes", "shown"),
    [
        (
            {},
            "Attempt 1 went to https://example.com/former (lookup 1.2 ms, connect 4.0 ms, send 0.0 ms, wait 7.0 ms)\n",
        ),
        ({"timings": None}, "Attempt 1 went to https://example.com/former\n"),
        ({"timings": None, "url": None}, "The receiver answered 500.\n"),
    ],
    ids=["new connection", "kept connection", "earlier version"],
)
def test_delivery_is_shown_with_the_url_and_the_phases_of_its_last_attempt(
    server: Server, capsys: pytest.CaptureFixture[str], changes: dict[str, object], shown: str
) -> None:
    attempt = {**ATTEMPT, "response_body": None, **changes}
    server.answer = partial(httpx.Response, 200, json={**DELIVERY, "attempts": [attempt]})

    assert run(["deliveries", "show", DELIVERY_ID]) == 0

    assert re.sub(" +\n", "\n", capsys.readouterr().out).endswith(shown)


def list_deliveries(
    server: Server, *, queued: Sequence[object], recorded: Sequence[object], cursor: str | None
) -> None:
    """Let the server answer with these queued deliveries, and with these that have an outcome."""
    queued_page = httpx.Response(200, json={"items": queued, "next_cursor": cursor})
    server.answer = iter([queued_page, httpx.Response(200, json={"items": recorded, "next_cursor": None})]).__next__


def test_a_queued_delivery_is_listed_during_its_first_attempt(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    list_deliveries(server, queued=[QUEUED_DELIVERY], recorded=[], cursor=None)

    assert run(["deliveries", "list", SUBSCRIPTION_ID]) == 0

    assert [request.url.params.get("status") for request in server.requests] == ["queued", None]
    captured = capsys.readouterr()
    assert f"{DELIVERY_ID}  order.created  · queued" in captured.out
    assert captured.err == ""


def test_a_delivery_that_ends_its_first_attempt_meanwhile_is_listed_once(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    list_deliveries(server, queued=[QUEUED_DELIVERY], recorded=[DELIVERY], cursor="next")

    assert run(["deliveries", "list", SUBSCRIPTION_ID]) == 0

    captured = capsys.readouterr()
    assert captured.out.count(DELIVERY_ID) == 1
    assert "retrying" in captured.out
    assert "--status queued" in captured.err


@pytest.mark.parametrize("options", [["--json"], ["--cursor", "x"], ["--status", "failed"]])
def test_queued_deliveries_are_added_only_to_the_first_page_for_people(server: Server, options: list[str]) -> None:
    server.answer = partial(httpx.Response, 200, json={"items": [], "next_cursor": None})

    assert run(["deliveries", "list", SUBSCRIPTION_ID, *options]) == 0

    assert len(server.requests) == 1


def test_deliveries_are_listed_with_their_last_error(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json={"items": [DELIVERY], "next_cursor": None})

    assert run(["deliveries", "list", SUBSCRIPTION_ID, "--status", "retrying"]) == 0

    assert str(server.requests[0].url).endswith(f"/{SUBSCRIPTION_ID}/deliveries?status=retrying&limit=20")
    captured = capsys.readouterr()
    row = [DELIVERY_ID, "order.created", "↻", "retrying", "1", "of", "6", "2026-01-02T03:04:06Z"]
    assert row == captured.out.splitlines()[1].split()[: len(row)]
    assert "The receiver answered 500." in captured.out
    assert captured.err == ""


@pytest.mark.parametrize(
    ("reason", "until", "words"),
    [
        ("circuit_open", "2026-01-02T03:04:06.7Z", "circuit open until 2026-01-02T03:04:06Z"),
        ("rate_limited", None, "rate limited"),
        ("paused", None, "paused"),
    ],
)
def test_waiting_deliveries_are_listed_with_what_they_wait_for(
    server: Server, capsys: pytest.CaptureFixture[str], reason: str, until: str | None, words: str
) -> None:
    waiting = {"status": "waiting", "next_attempt_at": None, "waiting_reason": reason, "waiting_until": until}
    server.answer = partial(httpx.Response, 200, json={"items": [{**DELIVERY, **waiting}], "next_cursor": None})

    assert run(["deliveries", "list", SUBSCRIPTION_ID, "--status", "waiting"]) == 0

    assert f"◦ waiting  1 of 6    {words}  " in capsys.readouterr().out
    server.answer = partial(httpx.Response, 200, json={**DELIVERY, **waiting})
    assert run(["deliveries", "show", DELIVERY_ID]) == 0
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["waiting_reason", reason] in lines


def test_retry_shows_when_it_is_scheduled(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    retry = {"delivery_id": DELIVERY_ID, "status": "retrying", "scheduled_at": "2026-01-02T03:04:05Z"}
    server.answer = partial(httpx.Response, 202, json=retry)

    assert run(["deliveries", "retry", DELIVERY_ID]) == 0

    assert server.requests[0].url.path == f"/api/v1/deliveries/{DELIVERY_ID}/retry"
    assert "2026-01-02T03:04:05Z" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("command", "path", "query"),
    [
        (["events", "list", "--q", "cus_7"], "/events", {"q": "cus_7"}),
        (
            ["events", "list", "--event-type", "user.*", "--idempotency-key", "k"],
            "/events",
            {"event_type": "user.*", "idempotency_key": "k"},
        ),
        (
            ["events", "list", "--accepted-after", "2026-01-31T12:00:00Z", "--accepted-before", "2026-02-01T12:00:00Z"],
            "/events",
            {"accepted_after": "2026-01-31T12:00:00+00:00", "accepted_before": "2026-02-01T12:00:00+00:00"},
        ),
        (
            ["deliveries", "list", "--response-code", "5xx", "--q", "shop"],
            "/deliveries",
            {"response_code": "5xx", "q": "shop"},
        ),
        (
            ["deliveries", "list", SUBSCRIPTION_ID, "--error-class", "timeout"],
            f"/subscriptions/{SUBSCRIPTION_ID}/deliveries",
            {"error_class": "timeout"},
        ),
    ],
)
def test_a_search_sends_the_filters_that_were_given(
    server: Server, command: list[str], path: str, query: dict[str, str]
) -> None:
    server.answer = partial(httpx.Response, 200, json={"items": [], "next_cursor": None, "searched_back_to": None})

    assert run(command) == 0

    (request,) = server.requests
    assert request.url.path == f"/api/v1{path}"
    assert dict(request.url.params) == {**query, "limit": "20"}


def test_a_search_that_stopped_early_says_how_far_it_looked_and_how_to_continue(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    page = {"items": [], "next_cursor": "next", "searched_back_to": "2026-01-31T14:03:00Z"}
    server.answer = partial(httpx.Response, 200, json=page)

    assert run(["events", "list", "--q", "cus_7"]) == 0

    error = capsys.readouterr().err
    assert "Searched back to 2026-01-31T14:03:00+00:00" in error
    assert "--cursor next" in error

"""The commands against a fake server: what they send, and how they show its responses."""

import io
import json
from collections.abc import Callable
from functools import partial
from pathlib import Path

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, run

SOURCE_ID = "src_01h455vb4pex5vsknk084sn02q"
CALLBACK_ID = "cbk_01h455vb4pex5vsknk084sn02q"
TIME = "2026-01-02T03:04:05Z"
SOURCE = {
    "source_id": SOURCE_ID,
    "provider": "github",
    "name": "Code\x1b",
    "ingest_url": "http://ninefold.test/in/in_x",
    "secret_hints": ["…f00d"],
    "docs_url": "https://docs.github.com",
    "created_at": TIME,
    "updated_at": TIME,
    "forward_url": None,
    "forward_subscription_id": None,
    "forward_secret": None,
    "setup_steps": ["Payload URL: http://ninefold.test/in/in_x"],
}
CALLBACK = {
    "callback_id": CALLBACK_ID,
    "source_id": SOURCE_ID,
    "provider": "github",
    "status": "quarantined",
    "type": None,
    "provider_event_id": None,
    "received_at": TIME,
    "judged_at": TIME,
    "method": "POST",
    "query": "",
    "peer": "192.0.2.1:1",
    "body_bytes": 2,
    "reason": "signature_mismatch",
    "detail": "No secret fits.",
    "duplicate_of": None,
    "event_type": None,
    "event_id": None,
    "replay_count": 0,
    "headers": [{"name": "x-a", "value": "1"}],
    "is_body_omitted": False,
    "body_text": "{}",
}
JOB = {
    "job_id": "job_01h455vb4pex5vsknk084sn02q",
    "kind": "callbacks.replay",
    "state": "queued",
    "waiting_reason": None,
    "progress_done": None,
    "progress_total": None,
    "progress_note": None,
    "error": None,
    "canceled_by": None,
    "created_at": TIME,
    "finished_at": None,
    "result": None,
}
PROVIDERS = {
    "items": [
        {
            "name": "github",
            "title": "GitHub",
            "scheme": "HMAC-SHA256.",
            "docs_url": "https://docs.github.com",
            "fields": [{"name": "secrets", "description": "The secret.", "is_required": True, "default": ""}],
            "setup_steps": ["Payload URL: {ingest_url}"],
        }
    ]
}
COMMANDS_WITH_ID = [
    ("src", ["sources", "show"]),
    ("src", ["sources", "update", "--name", "x"]),
    ("src", ["sources", "delete"]),
    ("src", ["callbacks", "reverify"]),
    ("src", ["callbacks", "replay-many", "--since", "2026-01-02"]),
    ("cbk", ["callbacks", "show"]),
    ("cbk", ["callbacks", "body"]),
    ("cbk", ["callbacks", "replay"]),
]


class Server:
    """Returns the response that the test sets, and records the requests."""

    def __init__(self) -> None:
        self.requests: list[httpx.Request] = []
        self.answer: Callable[[], httpx.Response] = partial(httpx.Response, 200, json={})

    def handle(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answer()

    @property
    def sent(self) -> object:
        """The body of the only request."""
        (request,) = self.requests
        return json.loads(request.content)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return server


@pytest.mark.parametrize(("prefix", "command"), COMMANDS_WITH_ID)
@pytest.mark.parametrize("text", ["", "..", "evt_01h455vb4pex5vsknk084sn02q"])
def test_argument_that_is_not_an_id_is_never_sent(
    server: Server, prefix: str, command: list[str], text: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*command, "--", text]) == EXIT_FAILED

    assert f"isn't an id of the form {prefix}_" in capsys.readouterr().err
    assert server.requests == []


def test_a_secret_comes_from_a_file_or_from_standard_input(
    server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = partial(httpx.Response, 201, json=SOURCE)
    file = tmp_path / "secret.txt"
    file.write_text("from the file\n", encoding="utf-8")
    monkeypatch.setattr("sys.stdin", io.StringIO("from standard input\n"))

    secrets = ["--secret", f"@{file}", "--secret", "-", "--secret", "given"]
    assert run(["sources", "create", "github", "Code", *secrets, "--option", "header=X-A=b"]) == 0

    assert server.sent == {
        "provider": "github",
        "name": "Code",
        "secrets": ["from the file", "from standard input", "given"],
        "options": {"header": "X-A=b"},
        "forward_url": None,
    }
    output = capsys.readouterr().out
    assert "http://ninefold.test/in/in_x" in output
    assert "1. Payload URL" in output
    assert "from the file" not in output


@pytest.mark.parametrize(
    "options", [["--secret", "@/nowhere/secret.txt"], ["--option", "no separator"]], ids=["file", "option"]
)
def test_options_that_cannot_be_read_are_refused(server: Server, options: list[str]) -> None:
    assert run(["sources", "create", "github", "Code", *options]) == EXIT_FAILED

    assert server.requests == []


def test_an_update_sends_only_what_is_given(server: Server) -> None:
    server.answer = partial(httpx.Response, 200, json=SOURCE)

    assert run(["sources", "update", SOURCE_ID, "--secret", "new"]) == 0

    assert server.sent == {"secrets": ["new"]}


@pytest.mark.parametrize(("given", "sent"), [("https://example.com", "https://example.com"), ("", None)])
def test_forwarding_can_be_changed_and_ended(
    server: Server, given: str, sent: str | None, capsys: pytest.CaptureFixture[str]
) -> None:
    server.answer = partial(httpx.Response, 200, json={**SOURCE, "forward_secret": "whsec_x"})

    assert run(["sources", "update", SOURCE_ID, "--forward-url", given]) == 0

    assert server.sent == {"forward_url": sent}
    shown = capsys.readouterr()
    assert "whsec_x" in shown.out
    assert "won't be shown again" in shown.err


def test_an_answer_can_be_given(server: Server, tmp_path: Path) -> None:
    server.answer = partial(httpx.Response, 201, json=SOURCE)
    file = tmp_path / "answer.json"
    file.write_text('{"ok": true}\n', encoding="utf-8")

    answer = ["--answer-status", "202", "--answer-type", "application/json", "--answer-body", f"@{file}"]
    assert run(["sources", "create", "github", "Code", *answer]) == 0

    assert server.sent == {
        "provider": "github",
        "name": "Code",
        "secrets": [],
        "options": {},
        "forward_url": None,
        "answer": {"status": 202, "content_type": "application/json", "body": '{"ok": true}\n'},
    }


def test_an_answer_can_be_changed(server: Server) -> None:
    server.answer = partial(httpx.Response, 200, json=SOURCE)

    assert run(["sources", "update", SOURCE_ID, "--answer-body", "-ok"]) == 0

    assert server.sent == {"answer": {"body": "-ok"}}


@pytest.mark.parametrize("width", [80, 120, 200])
def test_a_url_is_listed_whole(
    server: Server, width: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("ninefold.core.commands.output.WIDTH_WITHOUT_TERMINAL", width)
    url = f"http://hooks.example.com/in/in_{'x' * 32}"
    server.answer = partial(httpx.Response, 200, json={"items": [{**SOURCE, "ingest_url": url}], "next_cursor": None})

    assert run(["sources", "list"]) == 0

    assert url in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["sources", "create", "github"], "NAME"),
        (["sources", "create", "github", "Code", "--answer-status", "many"], "--answer-status"),
        (["sources", "create", "github", "Code", "--answer-body", "@/nowhere"], "answer-body"),
        (["sources", "list", "--limit", "0"], "--limit"),
        (["callbacks", "list", "--status", "lost"], "--status"),
        (["callbacks", "list", "--source", "x"], "src_"),
        (["callbacks", "replay-many", SOURCE_ID, "--since", "yesterday"], "--since"),
        (["callbacks", "replay-many", SOURCE_ID], "--since"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else value,
)
def test_a_wrong_argument_is_named_and_nothing_is_sent(
    server: Server, arguments: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) != 0

    assert named in capsys.readouterr().err
    assert server.requests == []


def test_an_update_without_a_change_is_refused(server: Server) -> None:
    assert run(["sources", "update", SOURCE_ID]) != 0

    assert server.requests == []


def test_callbacks_are_listed_with_their_status_and_reason(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json={"items": [CALLBACK], "next_cursor": "abc"})

    assert run(["callbacks", "list", "--source", SOURCE_ID, "--status", "quarantined", "--type", "push"]) == 0

    shown = capsys.readouterr()
    assert all(text in shown.out for text in (CALLBACK_ID, "quarantined", "signature_mismatch"))
    assert "--cursor abc" in shown.err
    (request,) = server.requests
    assert dict(request.url.params) == {
        "source_id": SOURCE_ID,
        "status": "quarantined",
        "type": "push",
        "limit": "20",
    }


def test_one_callback_is_verified_again(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 202, json={"callback_id": CALLBACK_ID, "status": "received"})

    assert run(["callbacks", "reverify", CALLBACK_ID]) == 0

    (request,) = server.requests
    assert (request.method, request.url.path) == ("POST", f"/api/v1/callbacks/{CALLBACK_ID}/reverify")
    assert "received" in capsys.readouterr().out


def test_a_callback_is_shown_with_its_headers_and_its_body(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json=CALLBACK)

    assert run(["callbacks", "show", CALLBACK_ID]) == 0

    output = capsys.readouterr().out
    assert all(text in output for text in ("x-a", "No secret fits.", "{}"))


def test_a_body_is_printed_byte_for_byte(server: Server, capfdbinary: pytest.CaptureFixture[bytes]) -> None:
    server.answer = partial(httpx.Response, 200, content=b"\xff\0\n")

    assert run(["callbacks", "body", CALLBACK_ID]) == 0

    assert capfdbinary.readouterr().out == b"\xff\0\n"


def test_many_callbacks_are_replayed_from_a_time_on(server: Server) -> None:
    server.answer = partial(httpx.Response, 202, json=JOB)

    arguments = [SOURCE_ID, "--since", "2026-01-02", "--type", "push", "--no-wait"]
    assert run(["callbacks", "replay-many", *arguments]) == 0

    assert server.sent == {"source_id": SOURCE_ID, "since": "2026-01-02T00:00:00Z", "until": None, "type": "push"}


def test_a_provider_is_shown_with_its_fields_and_steps(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answer = partial(httpx.Response, 200, json=PROVIDERS)

    assert run(["providers", "show", "github"]) == 0
    assert run(["providers", "show", "nobody"]) == EXIT_FAILED

    shown = capsys.readouterr()
    assert "1. Payload URL: {ingest_url}" in shown.out
    assert "There is no provider 'nobody'" in shown.err

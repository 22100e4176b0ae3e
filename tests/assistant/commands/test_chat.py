"""The command against a fake server that breaks the connection."""

import io
import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from functools import partial

import httpx
import msgspec
import pytest

from http_api import Json
from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, EXIT_INTERRUPTED, run
from ninefold.systems.assistant.commands.answers import ResponseAnswer
from ninefold.systems.assistant.commands.stopping import StopOnInterrupt

CONVERSATION_ID = "conv_01h455vb4pex5vsknk084sn02q"
RESPONSE_ID = "resp_01h455vb4pex5vsknk084sn02q"
CHANNEL = f"assistant.response:{RESPONSE_ID}"
RESPONSE = {"response_id": RESPONSE_ID, "status": "queued", "text": "", "live_channel": CHANNEL}
QUESTION = {"message_id": "msg_q", "parent_id": None, "text": "Who?", "response": None}
ANSWER = {"message_id": "msg_a", "parent_id": "msg_q", "text": "Me.", "response": {**RESPONSE, "status": "completed"}}
CONVERSATION = {
    "conversation_id": CONVERSATION_ID,
    "title": "Who?",
    "current_message_id": "msg_a",
    "messages": [QUESTION, ANSWER],
}
LOG: list[tuple[str, Json]] = [
    ("ninefold.response.queued", {"position": 3}),
    ("response.in_progress", {"response": {"error": None}}),
    ("response.output_text.delta", {"delta": "Some "}),
    ("ninefold.response.continued", {"reason": "worker_lost", "attempt": 2}),
    ("response.output_text.delta", {"delta": "text\x1b[2J."}),
]
COMPLETED: tuple[str, Json] = ("response.completed", {"response": {"error": None}})


class Server:
    """Answers as Ninefold does; its streams break after so many events."""

    def __init__(self) -> None:
        self.log = [*LOG, COMPLETED]
        self.conversations = [CONVERSATION]
        self.sent: list[tuple[str, Json]] = []
        self.cancelled = 0
        self.breaks_after = 100
        self.is_recovered = True
        self.during: Callable[[], None] = lambda: None

    def handle(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        if path.startswith("/api/v1/live/"):
            return httpx.Response(200, content=self._stream(int(request.headers["Last-Event-ID"].split("-")[-1])))
        if request.method == "GET":
            return httpx.Response(200, json=self._find(path))
        if path.endswith("/cancel"):
            self.cancelled += 1
            return httpx.Response(200, json=RESPONSE)
        self.sent.append((path, json.loads(request.content)))
        if path.endswith("/messages"):
            return httpx.Response(202, json={"answer": {**ANSWER, "response": RESPONSE}})
        return httpx.Response(201, json={**CONVERSATION, "current_message_id": None, "messages": []})

    def _find(self, path: str) -> Json:
        if path.endswith(CONVERSATION_ID):
            return CONVERSATION
        if path.endswith(RESPONSE_ID):
            return {**RESPONSE, "status": "completed", "text": "Some text."}
        return {"items": self.conversations, "next_cursor": None}

    def _stream(self, offset: int) -> Iterator[bytes]:
        subscribed = json.dumps({"recovered": self.is_recovered})
        yield f"retry: 1\nid: e-{offset}\nevent: subscribed\ndata: {subscribed}\n\n".encode()
        self.during()
        for number, (kind, payload) in enumerate(self.log[offset : offset + self.breaks_after], start=offset):
            data = json.dumps({"type": kind, "sequence_number": number, **payload})
            yield f": ping\n\nid: e-{number + 1}\ndata: {data}\n\n".encode()
        raise httpx.ReadError("broken")


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    monkeypatch.setattr("ninefold.systems.assistant.commands.following.RETRY_DELAYS_S", (0.0,))
    return server


@pytest.mark.parametrize("breaks_after", [1, 2, 100])
def test_an_answer_is_printed_once_however_often_the_connection_breaks(
    server: Server, breaks_after: int, capsys: pytest.CaptureFixture[str]
) -> None:
    server.breaks_after = breaks_after

    assert run(["chat", "And you?", "--model", "small"]) == 0

    shown = capsys.readouterr()
    assert shown.out == "Some text␛[2J.\n"
    assert "Continuing after a restart." in shown.err
    assert server.sent == [
        (f"/api/v1/assistant/conversations/{CONVERSATION_ID}/messages", {"text": "And you?", "model": "small"})
    ]


@pytest.mark.parametrize("options", [["--new"], []])
def test_a_conversation_is_created_if_it_is_wanted_or_there_is_none(server: Server, options: list[str]) -> None:
    server.conversations = [] if not options else [CONVERSATION]

    assert run(["chat", "And you?", *options]) == 0

    assert server.sent[0][0] == "/api/v1/assistant/conversations"


def test_the_question_can_come_from_standard_input_and_the_answer_be_json(
    server: Server, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("And you?\n"))

    assert run(["chat", "--conversation", CONVERSATION_ID, "--json"]) == 0

    assert json.loads(capsys.readouterr().out)["text"] == "Some text."
    assert server.sent[0][1] == {"text": "And you?"}


def test_a_failed_answer_says_what_to_do(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    error = {"code": "queue_timeout", "message": "It has waited too long."}
    server.log = [*LOG[:1], ("response.failed", {"response": {"error": error}})]

    assert run(["chat", "And you?"]) == EXIT_FAILED

    errors = capsys.readouterr().err
    assert "The answer failed: It has waited too long." in errors
    assert "start more workers" in errors


def test_an_interrupt_stops_the_answer_and_shows_all_that_it_has(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    server.log = [*LOG, ("ninefold.response.cancelled", {"response": {"error": None}})]
    server.during = lambda: os.kill(os.getpid(), signal.SIGINT)

    assert run(["chat", "And you?"]) == EXIT_INTERRUPTED

    assert server.cancelled == 1
    shown = capsys.readouterr()
    assert shown.out == "Some text␛[2J.\n"
    assert "Stopped." in shown.err


def test_a_second_interrupt_leaves_at_once(server: Server) -> None:
    def interrupt_twice() -> None:
        os.kill(os.getpid(), signal.SIGINT)
        os.kill(os.getpid(), signal.SIGINT)

    before = signal.getsignal(signal.SIGINT)
    server.during = interrupt_twice

    assert run(["chat", "And you?"]) == EXIT_INTERRUPTED

    assert signal.getsignal(signal.SIGINT) is before


def test_a_cancellation_that_comes_when_the_client_is_closed_says_nothing(server: Server) -> None:
    transport = httpx.MockTransport(server.handle)
    with ApiClient(base_url="http://ninefold.test", api_key="nfk_test", transport=transport) as client:
        stop = StopOnInterrupt(client, msgspec.convert(RESPONSE, ResponseAnswer))
    before = set(threading.enumerate())

    with stop:
        os.kill(os.getpid(), signal.SIGINT)
        cancelling = set(threading.enumerate()) - before
    # An exception in a thread fails the test.
    for thread in cancelling:
        thread.join()

    assert (stop.was_asked, server.cancelled) == (True, 0)


def test_a_log_that_was_deleted_is_an_error(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.is_recovered = False

    assert run(["chat", "And you?"]) == EXIT_FAILED

    assert "isn't there any more" in capsys.readouterr().err


def test_an_id_that_is_none_is_never_sent(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["chat", "And you?", "--conversation", "resp_x"]) == EXIT_FAILED

    assert "isn't an id of the form conv_" in capsys.readouterr().err
    assert server.sent == []

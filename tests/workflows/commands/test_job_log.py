import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from ninefold.core.commands import ApiOptions
from ninefold.systems.workflows.commands import job_log
from ninefold.systems.workflows.commands.job_log import show_log

JOB = "wjob_01h455vb4pex5vsknk084sn02q"
LINES = ["##[group]Run make", "make", "##[endgroup]", "\x1b[31mred\x1b[0m\x1b[2J", "##[error]It failed", "later"]


@pytest.fixture
def url(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve a log whose last line is written after the others were read."""
    monkeypatch.setattr(job_log, "PAGE_LINES", 2)
    monkeypatch.setattr(job_log, "POLL_S", 0.01)
    asked: list[int] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            query = parse_qs(urlsplit(self.path).query)
            after, limit = int(query["after"][0]), int(query["limit"][0])
            asked.append(after)
            is_complete = asked.count(len(LINES) - 1) > 1
            there = LINES if is_complete else LINES[:-1]
            items: list[dict[str, Any]] = [
                {"line": number, "step": 1, "at": "2026-11-27T22:00:00Z", "text": text}
                for number, text in enumerate(there, start=1)
            ]
            answer = {"items": items[after : after + limit], "is_complete": is_complete, "last_line": len(there)}
            content = json.dumps(answer).encode()
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's.
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def options(url: str, *, json: bool = False) -> ApiOptions:
    return ApiOptions(server=url, api_key="nfk_x", json=json)


def test_the_log_is_printed_for_people(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_log(JOB, api=options(url))
    assert capsys.readouterr().out.splitlines() == ["▸ Run make", "make", "red", "Error: It failed"]


def test_a_log_is_followed_until_its_job_has_ended(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_log(JOB, follow=True, api=options(url))
    assert capsys.readouterr().out.splitlines()[-1] == "later"


def test_programs_get_an_object_for_each_line(url: str, capsys: pytest.CaptureFixture[str]) -> None:
    show_log(JOB, follow=True, api=options(url, json=True))
    lines = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [line["text"] for line in lines] == LINES

"""The commands against a server in memory: what is uploaded and printed, and what is gone on with after errors."""

import base64
import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.systems.video.commands import tus_client

TITLE_ID: Final = "vtl_01h455vb4pex5vsknk084sn02q"
UPLOAD_ID: Final = "vup_01h455vb4pex5vsknk084sn02q"
UPLOADS: Final = "/api/v1/video/uploads"
UPLOAD: Final = f"{UPLOADS}/{UPLOAD_ID}"
FILM: Final = bytes(range(256)) * 1_000


class Server:
    """Takes one upload by tus, and can fail."""

    def __init__(self) -> None:
        self.received = b""
        self.requests: list[str] = []
        self.metadata = ""
        self.failures: list[httpx.Response | Exception] = []
        """What the next requests with bytes get, after half of their bytes were taken."""
        self.title: dict[str, Any] = {
            "title_id": TITLE_ID,
            "name": "The quarry",
            "status": "processing",
            "why": None,
            "maturity": 0,
            "tags": [],
            "duration_s": 10.0,
            "width": 1280,
            "height": 720,
            "upload": None,
            "chunks_ready": 1,
            "chunks_total": 8,
            "eta_s": None,
            "rungs": [
                {
                    "name": "360p",
                    "kind": "video",
                    "width": 640,
                    "height": 360,
                    "bitrate_max": 800_000,
                    "bitrate_mean": None,
                    "codecs": None,
                    "vmaf": None,
                    "segments_ready": 1,
                    "ready_until_s": 4.0,
                }
            ],
            "hls_url": "http://ninefold.test/stream/t/master.m3u8",
            "dash_url": "http://ninefold.test/stream/t/manifest.mpd",
            "created_at": "2026-01-02T03:04:05Z",
            "playable_at": None,
            "ended_at": None,
        }

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.requests.append(f"{request.method} {request.url.path}")
        offset = {"Upload-Offset": str(len(self.received)), "Upload-Length": str(len(FILM))}
        match request.method, request.url.path:
            case "POST", "/api/v1/video/uploads":
                self.metadata = request.headers["upload-metadata"]
                return httpx.Response(201, headers={"Location": UPLOAD})
            case "HEAD", _:
                return httpx.Response(200, headers=offset)
            case "PATCH", _:
                return self._append(request)
            case "DELETE", _:
                return httpx.Response(204)
            case _, path:
                return httpx.Response(200, json=self._read(path))

    def _read(self, path: str) -> dict[str, Any]:
        if path == "/api/v1/video/titles":
            return {"items": [self.title], "next_cursor": None}
        return {"title_id": TITLE_ID} if path == UPLOAD else self.title

    def _append(self, request: httpx.Request) -> httpx.Response:
        content = request.read()
        assert int(request.headers["upload-offset"]) == len(self.received)
        assert int(request.headers["content-length"]) == len(content)
        if self.failures:
            self.received += content[: len(content) // 2]
            failure = self.failures.pop(0)
            if isinstance(failure, Exception):
                raise failure
            return failure
        self.received += content
        return httpx.Response(204, headers={"Upload-Offset": str(len(self.received))})


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    monkeypatch.setattr(tus_client, "DELAYS_S", (0.0,) * 3)
    return server


@pytest.fixture
def film(tmp_path: Path) -> Path:
    path = tmp_path / "quarry.mkv"
    path.write_bytes(FILM)
    return path


def test_a_file_is_uploaded_in_several_requests(
    server: Server, film: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tus_client, "REQUEST_BYTES_MAX", 100_000)

    assert run(["video", "upload", str(film), "--title", "The quarry", "--maturity", "6", "--json"]) == 0

    assert server.received == FILM
    assert server.requests.count(f"PATCH {UPLOAD}") == 3
    pairs = dict(pair.split(" ") for pair in server.metadata.split(","))
    assert {key: base64.b64decode(value).decode() for key, value in pairs.items()} == {
        "filename": "quarry.mkv",
        "title": "The quarry",
        "maturity": "6",
    }
    assert json.loads(capsys.readouterr().out) == {
        "title_id": TITLE_ID,
        "upload_id": UPLOAD_ID,
        "status": "processing",
        "hls_url": server.title["hls_url"],
        "dash_url": server.title["dash_url"],
    }


@pytest.mark.parametrize(
    "failure", [httpx.ReadError("broken"), httpx.Response(503), httpx.Response(409), httpx.Response(423)]
)
def test_an_upload_goes_on_where_the_server_has_it(
    server: Server, film: Path, failure: httpx.Response | Exception
) -> None:
    server.failures = [failure, failure]

    assert run(["video", "upload", str(film), "--json"]) == 0

    assert server.received == FILM
    assert server.requests.count(f"HEAD {UPLOAD}") == 2


def test_a_server_that_stays_away_leaves_a_command_that_goes_on(
    server: Server, film: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tus_client, "DELAYS_S", ())
    server.failures = [httpx.ConnectError("refused")]

    assert run(["video", "upload", str(film), "--json"]) == EXIT_FAILED
    assert f"ninefold video upload {film} --resume {UPLOAD_ID}" in " ".join(capsys.readouterr().err.split())

    assert run(["video", "upload", str(film), "--resume", UPLOAD_ID, "--json"]) == 0
    assert server.received == FILM
    assert server.requests.count(f"POST {UPLOADS}") == 1


def test_what_is_refused_says_why(server: Server, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    problem = {"detail": "The file isn't video: it is a PDF document.", "remedy": "Upload a video file."}
    server.failures = [httpx.Response(415, json=problem)]

    assert run(["video", "upload", str(film), "--json"]) == EXIT_FAILED
    assert "a PDF document" in capsys.readouterr().err


def test_waiting_ends_with_the_title(server: Server, film: Path, capsys: pytest.CaptureFixture[str]) -> None:
    server.title |= {"status": "failed", "why": "The picture is broken after 3 s."}

    assert run(["video", "upload", str(film), "--wait", "--json"]) == EXIT_FAILED
    assert "The picture is broken after 3 s." in capsys.readouterr().err
    server.title |= {"status": "ready", "why": None}
    server.received = b""
    assert run(["video", "upload", str(film), "--wait", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["status"] == "ready"


def test_what_isnt_a_file_is_an_error(server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "empty.mkv").touch()

    assert run(["video", "upload", str(tmp_path / "missing.mkv")]) == EXIT_FAILED
    assert run(["video", "upload", str(tmp_path / "empty.mkv")]) == EXIT_FAILED
    assert run(["video", "upload", str(tmp_path)]) == EXIT_FAILED
    assert server.requests == []
    assert "isn't a file" in capsys.readouterr().err


def test_titles_are_listed_shown_canceled_and_deleted(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["video", "titles", "list", "--status", "processing"]) == 0
    assert run(["video", "titles", "show", TITLE_ID]) == 0
    assert run(["video", "titles", "cancel", TITLE_ID, "--json"]) == 0
    assert run(["video", "titles", "retry", TITLE_ID, "--json"]) == 0
    assert run(["video", "titles", "delete", TITLE_ID]) == 0
    assert run(["video", "titles", "show", "film"]) == EXIT_FAILED

    output = capsys.readouterr().out
    assert "The quarry" in output
    assert "360p" in output
    path = f"/api/v1/video/titles/{TITLE_ID}"
    assert server.requests[1:] == [f"GET {path}", f"POST {path}/cancel", f"POST {path}/retry", f"DELETE {path}"]

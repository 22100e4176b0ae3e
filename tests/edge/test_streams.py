"""Streams and WebSockets of a real server: authentication, errors, and how they end when the server stops."""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from installations import READY_WITHIN_S, STOP_WITHIN_S, clean_environment, free_port, load_per_core
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.service import create_api_key, create_organisation

PROGRAM = Path(__file__).with_name("streaming_server.py")
STREAMS = 100


class StreamingServer:
    """The server as a process, and what it logged."""

    def __init__(self, process: subprocess.Popen[bytes], *, port: int, log: Path) -> None:
        self.process = process
        self.address = f"127.0.0.1:{port}"
        self._log = log

    async def stop(self) -> float:
        """Send SIGTERM, wait for a clean exit, and return how many seconds that took."""
        began_at = time.monotonic()
        self.process.terminate()
        exit_code = await asyncio.to_thread(self.process.wait, STOP_WITHIN_S)
        assert exit_code == 0
        return time.monotonic() - began_at

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the log lines of an event."""
        return [line for line in map(json.loads, self._log.read_text().splitlines()) if line["event"] == event]

    async def logged(self, event: str, *, count: int = 1) -> list[dict[str, Any]]:
        """Wait until it has logged an event `count` times, and return the lines."""
        async with asyncio.timeout(READY_WITHIN_S):
            while len(lines := self.lines(event)) < count:
                await asyncio.sleep(0.02)
        return lines


@pytest.fixture
def server(database_url: str, tmp_path: Path) -> Iterator[StreamingServer]:
    port, log = free_port(), tmp_path / "server.ndjson"
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port)})
    with (
        log.open("wb") as standard_error,
        subprocess.Popen([sys.executable, str(PROGRAM)], env=environment, stderr=standard_error) as process,
    ):
        started = StreamingServer(process, port=port, log=log)
        give_up_at = time.monotonic() + READY_WITHIN_S
        while not log.read_text().count('"server.started"'):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < give_up_at, log.read_text()
            time.sleep(0.02)
        yield started
        process.terminate()
        process.wait(STOP_WITHIN_S)


@pytest.fixture
async def headers(database: Database) -> dict[str, str]:
    async with database.transaction() as connection:
        organisation = await create_organisation(connection, name="acme")
        created = await create_api_key(connection, organisation_id=organisation.organisation_id, name="test")
    return {"Authorization": f"Bearer {created.text}"}


async def test_a_websocket_needs_the_key_of_its_surface(server: StreamingServer, headers: dict[str, str]) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{server.address}/api/v1/echo")

    response = refused.value.response
    assert response.status_code == 401
    assert json.loads(response.body or b"")["code"] == "api_key_missing"
    assert response.headers["content-type"] == "application/problem+json"

    async with connect(f"ws://{server.address}/api/v1/echo", additional_headers=headers) as socket:
        assert str(await socket.recv()).startswith("hello ")
        await socket.send("again")
        assert await socket.recv() == "again"
    # It is logged only when the WebSocket is closed, with the organisation of the key.
    refused_line, line = await server.logged("web.socket.closed", count=2)
    assert (refused_line["route"], refused_line["code"]) == ("/api/v1/echo", 4401)
    assert (line["route"], line["code"]) == ("/api/v1/echo", 1000)
    assert server.lines("web.request.failed") == []
    assert line["organisation_id"].startswith("org_")
    assert line["request_id"].startswith("req_")


@pytest.mark.parametrize(
    ("path", "status", "code"),
    [("/api/v1/absent", 404, "not_found"), ("/api/v1/nowhere", 404, "route_not_found")],
)
async def test_a_refused_websocket_gets_an_error_in_the_form_of_its_surface(
    server: StreamingServer, headers: dict[str, str], path: str, status: int, code: str
) -> None:
    with pytest.raises(InvalidStatus) as refused:
        await connect(f"ws://{server.address}{path}", additional_headers=headers)

    assert refused.value.response.status_code == status
    assert json.loads(refused.value.response.body or b"")["code"] == code


async def test_an_error_closes_an_open_websocket_with_its_status_and_detail(
    server: StreamingServer, headers: dict[str, str]
) -> None:
    async with connect(f"ws://{server.address}/api/v1/echo", additional_headers=headers) as socket:
        await socket.recv()
        await socket.send("missing")
        with pytest.raises(ConnectionClosed) as closed:
            await socket.recv()

    assert closed.value.rcvd is not None
    assert (closed.value.rcvd.code, closed.value.rcvd.reason) == (4404, "There is no such thing.")


async def test_a_failure_during_a_stream_reaches_the_caller_and_is_logged_with_its_request_id(
    server: StreamingServer,
) -> None:
    async with httpx.AsyncClient(base_url=f"http://{server.address}") as client:
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get("/feed/broken", headers={"X-Request-Id": "my-own-id"})

    (line,) = await server.logged("web.response.broken_off")
    assert line["request_id"] == "my-own-id"
    assert "ZeroDivisionError" in line["exception"]


async def test_a_stop_ends_a_hundred_open_streams_within_two_seconds_and_loses_no_log_line(
    server: StreamingServer, headers: dict[str, str]
) -> None:
    opened = asyncio.Semaphore(0)
    polite = [asyncio.create_task(read_feed(server, "polite", opened)) for _ in range(STREAMS // 2)]
    stubborn = [asyncio.create_task(read_feed(server, "stubborn", opened)) for _ in range(STREAMS // 4)]
    sockets = [
        await connect(f"ws://{server.address}/api/v1/echo", additional_headers=headers) for _ in range(STREAMS // 4)
    ]
    for socket in sockets:
        await socket.recv()
    for _ in [*polite, *stubborn]:
        await opened.acquire()

    took_s = await server.stop()

    assert await asyncio.gather(*polite) == [['"first"', '"last"']] * (STREAMS // 2)
    # These streams were cut off, and their readers must notice.
    assert await asyncio.gather(*stubborn) == [['"first"', "broken off"]] * (STREAMS // 4)
    assert [await close_code(socket) for socket in sockets] == [1012] * (STREAMS // 4)
    assert len(server.lines("web.request.answered")) == STREAMS // 2 + STREAMS // 4
    assert len(server.lines("web.socket.closed")) == STREAMS // 4
    assert server.lines("server.stopped")
    assert server.lines("web.request.failed") == []
    assert took_s < 2 * load_per_core()


async def read_feed(server: StreamingServer, name: str, opened: asyncio.Semaphore) -> list[str]:
    """Return all lines of a feed; release `opened` for each line that arrives."""
    lines: list[str] = []
    async with (
        httpx.AsyncClient(base_url=f"http://{server.address}", timeout=STOP_WITHIN_S) as client,
        client.stream("GET", f"/feed/{name}") as response,
    ):
        try:
            async for line in response.aiter_lines():
                lines.append(line)
                opened.release()
        except httpx.RemoteProtocolError:
            lines.append("broken off")
    return lines


async def close_code(socket: ClientConnection) -> int | None:
    await socket.wait_closed()
    return socket.close_code

"""`ninefold serve` and `ninefold worker` without `ninefold up`, on a database of the operator's own."""

import asyncio
import json
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager

import httpx
import pytest

from http_api import Api
from installations import clean_environment, free_port, run_command, wait_until_free
from ninefold.edge import cli
from ninefold.edge.ports import is_ready

WITHIN_S = 60.0


async def test_the_server_answers_and_ends_on_sigterm(database_url: str) -> None:
    port = free_port()
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port)})
    async with (
        running("serve", environment=environment, until="server.started") as process,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client,
    ):
        await wait_until_ready(client)
        assert (await client.get("/api/v1/subscriptions")).status_code == httpx.codes.UNAUTHORIZED
        document = (await client.get("/openapi.json")).json()
        # The client's connection is still open, and must not keep the server running.
        assert await end(process) == 0
    assert document["info"]["title"] == "Ninefold"


async def test_a_request_in_progress_is_finished(database_url: str) -> None:
    port = free_port()
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(port)})
    key = json.loads((await run_command("keys", "create", "--json", environment=environment)).output)["api_key"]
    body = b'{"event_type": "order.created", "payload": {}}'
    head = (
        "POST /api/v1/events HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        f"Authorization: Bearer {key}\r\nContent-Length: {len(body)}\r\nExpect: 100-continue\r\n\r\n"
    )
    async with running("serve", environment=environment, until="server.started") as process:
        async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
            await wait_until_ready(client)
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(head.encode())
        async with asyncio.timeout(WITHIN_S):
            # Now the application is waiting for the body.
            assert (await reader.readline()).startswith(b"HTTP/1.1 100")
            ending = asyncio.create_task(end(process))
            await wait_until_free(port)
            writer.write(body)
            await reader.readline()
            answer = await reader.read()
        writer.close()
        assert answer.startswith(b"HTTP/1.1 202")
        assert await ending == 0


async def test_commands_show_what_the_server_has_stored(
    server_url: str, server_api: Api, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_URL", server_url)
    monkeypatch.setenv("NINEFOLD_API_KEY", server_api.api_key)
    payload = '{"total":19.90,"much":1e999,"twice":1,"twice":2}'

    async def run(*arguments: str) -> str:
        exit_code = await asyncio.to_thread(cli.run, arguments)
        shown = capsys.readouterr()
        assert exit_code == 0, shown.err
        return shown.out + shown.err

    subscribed = json.loads(
        await run("subscriptions", "create", "https://example.com/hooks", "-t", "order.*", "--json")
    )
    publish = ("events", "publish", "order.created", payload, "--idempotency-key", "order-1", "--json")
    first, second = [json.loads(await run(*publish)) for _ in range(2)]
    shown = await run("events", "show", first["event_id"], "--json")
    (delivery,) = json.loads(shown)["deliveries"]

    assert subscribed["subscription_id"] in await run("subscriptions", "list")
    assert "whsec_" in await run("subscriptions", "rotate-secret", subscribed["subscription_id"])
    assert delivery["delivery_id"] in await run("events", "show", first["event_id"])
    assert first["event_id"] in await run("events", "list")
    assert "queued" in await run("deliveries", "list", subscribed["subscription_id"])
    assert "Deleted" in await run("subscriptions", "delete", subscribed["subscription_id"])
    assert (first["is_replay"], second["is_replay"]) == (False, True)
    assert first["event_id"] == second["event_id"]
    assert f'"payload":{payload}' in "".join(shown.split())


async def test_a_worker_serves_its_own_metrics_and_ends_on_sigterm(database_url: str) -> None:
    port = free_port()
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url})
    async with running(
        "worker", "--metrics-port", str(port), environment=environment, until="worker.started"
    ) as process:
        async with httpx.AsyncClient(trust_env=False) as client:
            metrics = (await client.get(f"http://127.0.0.1:{port}/metrics")).text
        assert await end(process) == 0
    assert "python_info" in metrics


async def test_server_and_worker_refuse_a_database_that_is_not_migrated(empty_database_url: str) -> None:
    environment = clean_environment({"NINEFOLD_DATABASE_URL": empty_database_url, "NINEFOLD_PORT": str(free_port())})

    for part in ("serve", "worker"):
        finished = await run_command(part, environment=environment)
        assert finished.exit_code == 1
        assert "ninefold migrate" in finished.errors
        assert "Traceback" not in finished.errors


async def test_server_and_worker_refuse_an_invalid_allow_list(database_url: str) -> None:
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url, "NINEFOLD_PORT": str(free_port())})
    environment["NINEFOLD_EGRESS_ALLOW"] = "127.0.0.1/8"

    for part in ("serve", "worker"):
        finished = await run_command(part, environment=environment)
        assert finished.exit_code == 1
        assert "NINEFOLD_EGRESS_ALLOW contains '127.0.0.1/8'" in finished.errors
        assert "Traceback" not in finished.errors


async def test_a_worker_without_a_database_logs_why_it_failed() -> None:
    address = f"postgresql://ninefold@127.0.0.1:{free_port()}/none"
    finished = await run_command("worker", environment=clean_environment({"NINEFOLD_DATABASE_URL": address}))

    lines = [json.loads(line) for line in finished.errors.splitlines()]
    assert finished.exit_code == 1
    assert [line["event"] for line in lines] == ["worker.starting", "worker.failed"]
    assert lines[-1]["code"] == "database_unavailable"


async def test_a_worker_reports_that_it_cannot_serve_its_metrics(database_url: str) -> None:
    environment = clean_environment({"NINEFOLD_DATABASE_URL": database_url})
    environment["NINEFOLD_HOST"] = "192.0.2.1"

    finished = await run_command("worker", "--metrics-port", "1", environment=environment)

    assert finished.exit_code == 1
    assert "--metrics-port" in finished.errors


@asynccontextmanager
async def running(*arguments: str, environment: Mapping[str, str], until: str) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "ninefold", *arguments, env=environment, stderr=PIPE
    )
    assert process.stderr is not None
    try:
        async with asyncio.timeout(WITHIN_S):
            async for line in process.stderr:
                if json.loads(line)["event"] == until:
                    break
        yield process
    finally:
        if process.returncode is None:
            process.kill()
            await process.communicate()


async def wait_until_ready(client: httpx.AsyncClient) -> None:
    async with asyncio.timeout(WITHIN_S):
        while not await is_ready(str(client.base_url).rstrip("/")):
            await asyncio.sleep(0.02)


async def end(process: Process) -> int | None:
    process.send_signal(signal.SIGTERM)
    async with asyncio.timeout(WITHIN_S):
        await process.communicate()
    return process.returncode

"""The supervisor with real processes. Each test covers several steps, because every start takes seconds."""

import asyncio
import json
import signal
import socket
from pathlib import Path

import httpx
import psutil
import pytest

from installations import Installation, alive_among, free_port

WITHIN_S = 30.0
FROZEN_STOP_WITHIN_S = 40.0
"""The grace periods of a worker and of the server, one after the other, and a margin for a busy machine."""


async def test_it_stops_cleanly_and_keeps_its_data(tmp_path: Path) -> None:
    data_dir = tmp_path / "a folder with spaces"
    async with Installation(data_dir) as first:
        key = next(line.strip() for line in first.output if line.startswith("  nfk_"))
        processes = first.descendants()
        assert await list_subscriptions(first, key) == httpx.codes.OK
        assert (
            await set_up(first, next(line.strip() for line in first.output if "/setup#" in line)) == httpx.codes.CREATED
        )
        assert await first.stop() == 0
    assert alive_among(processes) == []

    async with Installation(data_dir) as second:
        assert await list_subscriptions(second, key) == httpx.codes.OK
        assert second.output == []
        assert await second.stop(signal.SIGTERM) == 0


async def test_crashed_processes_are_restarted_and_none_outlives_the_supervisor(tmp_path: Path) -> None:
    async with Installation(tmp_path / "data", settings={"NINEFOLD_WORKERS": "2"}) as installation:
        created = await installation.run("keys", "create", "--json")
        key = json.loads(created.output)["api_key"]
        assert created.exit_code == 0

        await installation.wait_for_error_line('"event":"worker.started"', count=2)
        installation.child("worker").kill()
        await installation.wait_for_error_line('"event":"worker.started"', count=3)

        installation.child("serve").kill()
        await installation.wait_for_error_line('"event":"server.starting"', count=2)

        postgres = next(process for process in installation.descendants() if process.name() == "postgres")
        postgres.kill()
        await installation.wait_for_error_line("supervisor.postgres.restarted")
        assert (await installation.run("keys", "list", "--json")).exit_code == 0

        processes = installation.descendants()
        installation.process.kill()
        await installation.wait()
    await asyncio.to_thread(psutil.wait_procs, processes, timeout=WITHIN_S)
    assert alive_among(processes) == []

    async with Installation(tmp_path / "data") as again:
        assert await list_subscriptions(again, key) == httpx.codes.OK


async def test_a_second_signal_does_not_wait_for_a_worker_that_hangs(tmp_path: Path) -> None:
    async with Installation(tmp_path / "data") as installation:
        await installation.wait_for_error_line('"event":"worker.started"')
        processes = installation.descendants()
        installation.child("worker").suspend()

        installation.process.send_signal(signal.SIGINT)
        await installation.wait_for_error_line("Press Ctrl-C again to stop at once")

        assert await installation.stop() == 0
    assert alive_among(processes) == []


async def test_a_suspended_postgresql_does_not_delay_a_stop(tmp_path: Path) -> None:
    async with Installation(tmp_path / "data") as installation:
        await installation.wait_for_error_line('"event":"worker.started"')
        processes = installation.descendants()
        for process in processes:
            if process.name() == "postgres":
                process.suspend()

        async with asyncio.timeout(FROZEN_STOP_WITHIN_S):
            assert await installation.stop(signal.SIGTERM) == 0
    assert alive_among(processes) == []
    assert "database system is shut down" in (tmp_path / "data" / "postgres.log").read_text()


async def test_a_port_that_is_taken_is_reported_before_anything_starts(tmp_path: Path) -> None:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        installation = Installation(tmp_path / "data", port=port)
        await installation.start()

        assert await installation.wait() == 1

    message = "\n".join(installation.errors)
    assert f"Port {port} on 127.0.0.1 is taken" in message
    assert "NINEFOLD_PORT" in message
    assert "Traceback" not in message
    assert not (tmp_path / "data").exists()


async def test_a_second_start_with_the_same_port_or_folder_is_refused_with_the_reason(tmp_path: Path) -> None:
    async with Installation(tmp_path / "data") as running:
        same_port = Installation(tmp_path / "other", port=running.port)
        await same_port.start()
        assert await same_port.wait() == 1
        assert "Ninefold already runs there" in "\n".join(same_port.errors)

        same_folder = Installation(tmp_path / "data", port=free_port())
        await same_folder.start()
        assert await same_folder.wait() == 1
        assert str(tmp_path / "data") in "\n".join(same_folder.errors)

        doctor = await running.run("doctor", "--json")
        assert doctor.exit_code == 0
        assert "Ninefold answers at" in doctor.output


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX", "many"),
        ("NINEFOLD_EGRESS_ALLOW", "10.1.2.3/16"),
        ("NINEFOLD_EGRESS_ALLOW", "999"),
        ("NINEFOLD_EGRESS_CA_FILE", "no-such-file.pem"),
    ],
)
async def test_an_invalid_setting_that_only_a_child_reads_stops_the_start(
    tmp_path: Path, variable: str, value: str
) -> None:
    installation = Installation(tmp_path / "data", settings={variable: value})
    await installation.start()

    assert await installation.wait() == 1

    assert variable in "\n".join(installation.errors)
    assert not (tmp_path / "data").exists()


async def set_up(installation: Installation, link: str) -> int:
    """Create the first account with the link that was printed."""
    assert link.startswith(f"{installation.url}/setup#nfl_")
    body = {
        "token": link.rpartition("#")[2],
        "email": "mia@example.com",
        "name": "Mia",
        "password": "a sentence that only mia knows",
    }
    async with httpx.AsyncClient(base_url=installation.url, trust_env=False) as client:
        return (await client.post("/api/v1/setup", json=body)).status_code


async def list_subscriptions(installation: Installation, api_key: str) -> int:
    async with httpx.AsyncClient(trust_env=False, timeout=WITHIN_S) as client:
        response = await client.get(
            f"{installation.url}/api/v1/subscriptions", headers={"Authorization": f"Bearer {api_key}"}
        )
        return response.status_code

"""The supervisor restarts an embedded PostgreSQL that dies or can't be started."""

import asyncio
from pathlib import Path
from typing import cast

import pytest
from structlog.testing import capture_logs

from ninefold.core.config import CoreSettings
from ninefold.core.errors import SettingError
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.edge import supervisor as supervisor_module
from ninefold.edge.supervisor import PostgresFailedError, Supervisor

WITHIN_S = 10.0
DSN = "postgresql://ninefold@/ninefold"


class FakePostgres:
    """A PostgreSQL that is dead, and fails to start a given number of times."""

    def __init__(self, *, failures: int, dsn_after: str = DSN) -> None:
        self.is_running = False
        self.has_started = asyncio.Event()
        self._loop = asyncio.get_running_loop()
        self._failures = failures
        self._dsn_after = dsn_after

    def dsn(self) -> str:
        return DSN

    def last_log_lines(self) -> str:
        return "PANIC:  could not write to file: No space left on device"

    def start(self) -> str:
        if self._failures:
            self._failures -= 1
            raise SettingError("PostgreSQL doesn't start: No space left on device")
        self.is_running = True
        self._loop.call_soon_threadsafe(self.has_started.set)
        return self._dsn_after


@pytest.fixture(autouse=True)
def short_delays(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor_module, "POSTGRES_POLL_INTERVAL_S", 0.001)
    monkeypatch.setattr(supervisor_module, "POSTGRES_RESTART_DELAY_S_MIN", 0.001)
    monkeypatch.setattr(supervisor_module, "POSTGRES_RESTART_DELAY_S_MAX", 0.004)


async def keep(postgres: FakePostgres, *, data_dir: Path) -> None:
    supervisor = Supervisor(CoreSettings(data_dir=data_dir))
    await supervisor._keep_postgres_running(cast("EmbeddedPostgres", postgres))


async def test_a_start_that_fails_is_repeated_with_growing_delays(tmp_path: Path) -> None:
    postgres = FakePostgres(failures=8)
    with capture_logs() as lines:
        keeping = asyncio.create_task(keep(postgres, data_dir=tmp_path))
        await asyncio.wait_for(postgres.has_started.wait(), WITHIN_S)
        keeping.cancel()

    failed = [line for line in lines if line["event"] == "supervisor.postgres.start_failed"]
    assert [line["retry_in_s"] for line in failed] == [0.002, *[0.004] * 7]
    assert "No space left on device" in failed[0]["error"]


async def test_a_server_that_dies_repeatedly_is_restarted_without_a_limit(tmp_path: Path) -> None:
    postgres = FakePostgres(failures=0)
    keeping = asyncio.create_task(keep(postgres, data_dir=tmp_path))
    for _ in range(8):
        await asyncio.wait_for(postgres.has_started.wait(), WITHIN_S)
        postgres.has_started.clear()
        postgres.is_running = False
    assert not keeping.done()
    keeping.cancel()


async def test_a_restart_at_a_different_address_is_an_error(tmp_path: Path) -> None:
    postgres = FakePostgres(failures=0, dsn_after="postgresql://elsewhere/")

    with pytest.raises(PostgresFailedError, match="different address"):
        await asyncio.wait_for(keep(postgres, data_dir=tmp_path), WITHIN_S)

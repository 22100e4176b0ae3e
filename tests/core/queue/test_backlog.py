"""The backlog's gauges: set every few seconds, also after the database was unavailable."""

import asyncio

import pytest
from prometheus_client import CollectorRegistry, Gauge
from structlog.testing import capture_logs

from ninefold.core.postgres.database import Connection, Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue import backlog
from ninefold.core.queue.backlog import COUNTED_MAX, BacklogCounter

WITHIN_S = 10


class Count:
    """Counts what the test says, and fails as often as the test wants."""

    def __init__(self, *, failures: int = 0) -> None:
        self.limits: list[int] = []
        self.has_counted = asyncio.Event()
        self._failures = failures

    async def __call__(self, connection: Connection, /, *, limit: int) -> int:
        assert await connection.fetchval("SELECT 1") == 1
        if self._failures:
            self._failures -= 1
            raise DatabaseUnavailableError("PostgreSQL is away.")
        self.limits.append(limit)
        self.has_counted.set()
        return 7


@pytest.fixture
def gauge() -> Gauge:
    return Gauge("waiting", "Rows that wait.", registry=CollectorRegistry())


@pytest.fixture(autouse=True)
def short_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(backlog, "COUNT_INTERVAL_S", 0.01)


async def count_once(counter: BacklogCounter, count: Count) -> None:
    stopping = asyncio.Event()
    running = asyncio.create_task(counter.run(stopping))
    async with asyncio.timeout(WITHIN_S):
        await count.has_counted.wait()
        stopping.set()
        await running


async def test_each_gauge_has_its_count_up_to_a_bound(database: Database, gauge: Gauge) -> None:
    count = Count()

    await count_once(BacklogCounter("shop.backlog", database, [(gauge, count)]), count)

    assert set(count.limits) == {COUNTED_MAX}
    assert gauge._value.get() == 7


async def test_counting_goes_on_after_the_database_was_unavailable(database: Database, gauge: Gauge) -> None:
    count = Count(failures=2)

    with capture_logs() as lines:
        await count_once(BacklogCounter("shop.backlog", database, [(gauge, count)]), count)

    told = [line for line in lines if line["event"] == "queue.backlog.uncounted"]
    assert [line["backlog"] for line in told] == ["shop.backlog"] * 2
    assert gauge._value.get() == 7

"""Writes the logs of all responses that a worker generates, many in one commit.

The first token of a response is written at once. What comes later waits for up to `INTERVAL_S`, so that the tokens of
many responses share a commit. What is written while a commit is under way waits for the next one.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.systems.assistant.jobs import metrics
from ninefold.systems.assistant.jobs.open_log import OpenLog
from ninefold.systems.assistant.store.responses import Append, LogPosition, response_append, response_list_positions

INTERVAL_S: Final = 0.025
RETRY_DELAY_S: Final = 0.5

log = structlog.get_logger(__name__)


class LogWriter:
    """Appends to the logs that this worker holds.

    Args:
        database: where the logs are.
        worker_id: the worker; only logs that it holds can grow.
        on_written: called with what was appended, after the commit.
        on_lost: called with each log that is no longer this worker's.
    """

    def __init__(
        self,
        database: Database,
        *,
        worker_id: UUID,
        on_written: Callable[[Sequence[Append]], None],
        on_lost: Callable[[OpenLog], None],
    ) -> None:
        self._database = database
        self._worker_id = worker_id
        self._on_written = on_written
        self._on_lost = on_lost
        self._changed: dict[UUID, OpenLog] = {}
        self._is_due = asyncio.Event()
        self._timer: asyncio.TimerHandle | None = None
        self._written_at = 0.0

    def schedule(self, open_log: OpenLog, is_urgent: bool) -> None:  # noqa: FBT001 - a callback.
        """Have a log written, at once or together with others."""
        self._changed[open_log.response_id] = open_log
        if is_urgent:
            self._is_due.set()
        elif self._timer is None:
            loop = asyncio.get_running_loop()
            self._timer = loop.call_at(max(loop.time(), self._written_at + INTERVAL_S), self._is_due.set)

    async def run(self) -> None:
        """Write until this task is cancelled."""
        while True:
            await self._is_due.wait()
            await self.write()

    async def write(self) -> None:
        """Write everything that waits now; if the database is unavailable, wait a moment and leave it for later."""
        self._is_due.clear()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        logs, self._changed = self._changed, {}
        self._written_at = asyncio.get_running_loop().time()
        appends = {each.response_id: append for each in logs.values() if (append := each.prepare()) is not None}
        if not appends:
            return
        try:
            appended = await self._append(list(appends.values()))
        except DatabaseUnavailableError as error:
            log.warning("assistant.log.unwritten", responses=len(appends), error=str(error))
            await asyncio.sleep(RETRY_DELAY_S)
            await self._retry(logs)
            return
        except Exception:
            # A bug. The responses are released, and attempted again up to their limit; the others go on.
            log.exception("assistant.log.crashed", responses=len(appends))
            appended = set()
        for response_id in appends:
            self._settle(logs[response_id], is_appended=response_id in appended)
        self._on_written([append for response_id, append in appends.items() if response_id in appended])

    async def _append(self, appends: Sequence[Append]) -> set[UUID]:
        started_at = time.perf_counter()
        async with self._database.connection() as connection:
            appended = await response_append(connection, worker_id=self._worker_id, appends=appends)
        metrics.APPENDED.observe(time.perf_counter() - started_at)
        return appended

    async def _retry(self, logs: dict[UUID, OpenLog]) -> None:
        """Find out which logs have grown in spite of the error, and have the others written again."""
        try:
            async with self._database.connection() as connection:
                positions = await response_list_positions(connection, response_ids=logs)
        except DatabaseUnavailableError:
            positions = {}
        for response_id, open_log in logs.items():
            position = positions.get(response_id)
            append = open_log.prepare()
            if append is not None and _has_been_appended(append, position, self._worker_id):
                self._settle(open_log, is_appended=True)
                self._on_written([append])
            self.schedule(open_log, False)  # noqa: FBT003 - it is also a callback.

    def _settle(self, open_log: OpenLog, *, is_appended: bool) -> None:
        if is_appended:
            open_log.confirm()
        else:
            open_log.lose()
            self._on_lost(open_log)


def _has_been_appended(append: Append, position: LogPosition | None, worker_id: UUID) -> bool:
    """Return whether what may have been written has been written."""
    if position is None or position.leased_by != worker_id:
        return False
    return position.last_sequence == append.expected_sequence + len(append.events)

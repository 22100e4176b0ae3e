"""The worker's task that supervises the queue: says which place each response has, and ends those that wait too long.

All workers run it, and one at a time does it.
"""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.system import WorkerContext
from ninefold.core.waiting import wait_for_any
from ninefold.systems.assistant.jobs.metrics import ENDED
from ninefold.systems.assistant.model import Response, ResponseError, ResponseStatus, Usage
from ninefold.systems.assistant.rules.events import Transcript, end_response
from ninefold.systems.assistant.service.channels import notify_conversation, notify_logs
from ninefold.systems.assistant.service.responses import finish_response
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store.responses import (
    response_list_overdue,
    response_lock_supervision,
    response_move_up,
)

INTERVAL_S: Final = 1.0
PLACES_MAX: Final = 1_000
"""Responses whose places are determined; those behind them are told only that they wait."""

OVERDUE_MAX: Final = 200
"""Responses that one transaction ends."""

log = structlog.get_logger(__name__)


class QueueSupervisor:
    """Supervises the queue until the worker stops."""

    name = "assistant.supervise"

    def __init__(self, context: WorkerContext[AssistantSettings]) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._clock = context.clock
        self._timeout = timedelta(seconds=context.settings.queue_timeout_s)

    async def run(self, stopping: asyncio.Event) -> None:
        """Look at the queue once a second until `stopping` is set."""
        while not stopping.is_set():
            try:
                await self.supervise()
            except DatabaseUnavailableError as error:
                log.warning("assistant.queue.unsupervised", error=str(error))
            await wait_for_any(stopping, timeout_s=INTERVAL_S)

    async def supervise(self) -> None:
        """End overdue responses, and update the places of the others, unless another worker does."""
        overdue: Sequence[Response] = ()
        moved: Sequence[UUID] = ()
        async with self._database.transaction() as connection:
            if await response_lock_supervision(connection):
                overdue = await self._end_overdue(connection)
                moved = await response_move_up(connection, limit=PLACES_MAX)
        notify_logs(self._notifier, [*[each.response_id for each in overdue], *moved])
        for each in overdue:
            ENDED.labels(ResponseStatus.FAILED.value).inc()
            if each.conversation_id is not None:
                notify_conversation(self._notifier, owner_id=each.owner_id, conversation_id=each.conversation_id)

    async def _end_overdue(self, connection: Connection) -> list[Response]:
        overdue = await response_list_overdue(connection, before=self._clock.now() - self._timeout, limit=OVERDUE_MAX)
        error = ResponseError(
            code="queue_timeout",
            message=f"No worker became free within {self._timeout.total_seconds():g} s. Try again later.",
        )
        for each in overdue:
            await finish_response(
                connection,
                each,
                leased_by=None,
                expected_sequence=each.last_sequence,
                ending=end_response(each, Transcript(), status=ResponseStatus.FAILED, usage=Usage(), error=error),
            )
        if overdue:
            log.warning("assistant.queue.timed_out", responses=len(overdue))
        return overdue

"""The worker's task that generates responses: claims them, runs their generators, and records how they end."""

import asyncio
import time
from collections.abc import Collection, Sequence
from functools import partial
from typing import Final
from uuid import UUID

import structlog

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.errors import DatabaseUnavailableError
from ninefold.core.queue.claim_loop import repeat_claim
from ninefold.core.queue.leased_ids import LeasedIds
from ninefold.core.system import WorkerContext
from ninefold.systems.assistant.engines.port import Engine
from ninefold.systems.assistant.jobs import metrics
from ninefold.systems.assistant.jobs.generator import Generator
from ninefold.systems.assistant.jobs.log_writer import LogWriter
from ninefold.systems.assistant.jobs.open_log import LogLostError, OpenLog
from ninefold.systems.assistant.model import (
    QUEUED_CHANNEL,
    RESPONSE_PREFIX,
    STOPPED_CHANNEL,
    Ending,
    PromptMessage,
    Response,
)
from ninefold.systems.assistant.rules.events import Transcript
from ninefold.systems.assistant.service.channels import notify_conversation, notify_grown, notify_logs
from ninefold.systems.assistant.service.claims import ClaimedResponse, claim_responses
from ninefold.systems.assistant.service.log_messages import Grown
from ninefold.systems.assistant.service.responses import finish_response
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.store.responses import (
    Append,
    response_list_positions,
    response_release,
    response_release_unknown,
)

POLL_S: Final = 0.5
"""Seconds between claims without a notification, since notifications can get lost."""

CHECK_S: Final = 1.0
"""Seconds between looks at which responses were cancelled, for the same reason."""

FINISH_RETRY_S: Final = 0.5

log = structlog.get_logger(__name__)


class ResponseRunner:
    """Generates responses until the worker stops. Then those in progress are released, and others continue them.

    Args:
        context: of the worker.
        engine: what generates.
    """

    name = "assistant.generate"

    def __init__(self, context: WorkerContext[AssistantSettings], engine: Engine) -> None:
        self._database = context.database
        self._notifier = context.notifier
        self._settings = context.settings
        self._worker_id = context.lease.worker_id
        self._engine = engine
        self._is_engine_ready = False
        self._unready_since_s: float | None = None
        self._leased_ids = LeasedIds(context.database, context.lease, _release_unknown)
        self._notified = context.notifier.subscribe(QUEUED_CHANNEL)
        self._running: dict[UUID, asyncio.Task[None]] = {}
        self._ending: set[UUID] = set()
        """Responses whose end is being recorded, which mustn't be interrupted."""
        self._writer = LogWriter(
            context.database,
            worker_id=self._worker_id,
            on_written=self._on_written,
            on_lost=lambda lost: self._stop([lost.response_id]),
        )
        context.notifier.listen(STOPPED_CHANNEL, self._on_stopped)

    async def run(self, stopping: asyncio.Event) -> None:
        """Generate responses until `stopping` is set."""
        helpers = [asyncio.create_task(self._writer.run()), asyncio.create_task(self._look_for_stopped())]
        try:
            await repeat_claim(
                self._claim, name="assistant.responses", notified=self._notified, poll_s=POLL_S, stopping=stopping
            )
        finally:
            running = list(self._running.values())
            for task in [*helpers, *running]:
                task.cancel()
            await asyncio.gather(*helpers, *running, return_exceptions=True)
            await self._hand_over()
            await self._engine.aclose()

    async def _claim(self) -> bool:
        """Claim as many responses as there are places; return False, since there are no more then."""
        places = self._settings.concurrency - len(self._running)
        if places <= 0 or not await self._is_ready():
            return False
        async with self._leased_ids.claim() as connection:
            claimed = await claim_responses(
                connection,
                worker_id=self._worker_id,
                engine=self._engine.name,
                limit=places,
                settings=self._settings,
            )
        self._leased_ids.add(each.response.response_id for each in claimed)
        notify_logs(self._notifier, [each.response.response_id for each in claimed])
        for each in claimed:
            if each.response.attempt_count > 1:
                metrics.CONTINUED.labels("worker_lost").inc()
            self._start(each)
        # Either the places are used up, or everything that may be claimed is. What comes later is notified.
        return False

    async def _is_ready(self) -> bool:
        """Return whether the engine can answer. While it starts, responses wait in the queue.

        If it isn't ready after the time for a first token, it is tried, so that people see what is wrong with it.
        """
        if self._is_engine_ready:
            return True
        readiness = await self._engine.readiness()
        self._is_engine_ready = readiness.is_ready
        if readiness.is_ready:
            self._unready_since_s = None
            return True
        if self._unready_since_s is None:
            self._unready_since_s = time.monotonic()
            log.warning("assistant.engine.waiting", engine=self._engine.name, detail=readiness.detail)
        return time.monotonic() - self._unready_since_s >= self._settings.first_token_timeout_s

    def _start(self, claimed: ClaimedResponse) -> None:
        response = claimed.response
        open_log = OpenLog(
            response,
            Transcript(claimed.log),
            sequence=response.last_sequence,
            schedule=self._writer.schedule,
        )
        task = asyncio.create_task(self._generate(open_log, claimed.prompt))
        self._running[response.response_id] = task
        metrics.RUNNING.set(len(self._running))
        task.add_done_callback(partial(self._on_done, response.response_id))

    async def _generate(self, open_log: OpenLog, prompt: Sequence[PromptMessage]) -> None:
        generator = Generator(
            self._engine, open_log, prompt=prompt, settings=self._settings, on_engine_lost=self._on_engine_lost
        )
        try:
            ending = await generator.run()
            self._ending.add(open_log.response_id)
            await self._finish(open_log, ending)
        except LogLostError:
            log.info("assistant.response.lost", response_id=format_id(RESPONSE_PREFIX, open_log.response_id))
        except Exception:
            # A bug in an engine must not stop the worker. Another attempt is made, up to the limit.
            log.exception("assistant.response.crashed", response_id=format_id(RESPONSE_PREFIX, open_log.response_id))
            await asyncio.sleep(POLL_S)

    async def _finish(self, open_log: OpenLog, ending: Ending) -> None:
        """Record how a response has ended. While the database is unavailable, keep trying."""
        response = open_log.response
        while True:
            try:
                async with self._database.transaction() as connection:
                    has_ended = await finish_response(
                        connection,
                        response,
                        leased_by=self._worker_id,
                        expected_sequence=open_log.sequence,
                        ending=ending,
                    )
                break
            except DatabaseUnavailableError as error:
                log.warning("assistant.response.unrecorded", error=str(error))
                await asyncio.sleep(FINISH_RETRY_S)
        self._leased_ids.remove([response.response_id])
        if has_ended:
            self._report(response, ending)

    def _report(self, response: Response, ending: Ending) -> None:
        notify_logs(self._notifier, [response.response_id])
        if response.conversation_id is not None:
            notify_conversation(self._notifier, owner_id=response.owner_id, conversation_id=response.conversation_id)
        metrics.count_ended(response, ending)
        log.info(
            "assistant.response.ended",
            response_id=format_id(RESPONSE_PREFIX, response.response_id),
            status=ending.status.value,
            output_tokens=ending.usage.output_tokens,
            error=None if ending.error is None else ending.error.code,
        )

    def _on_written(self, appends: Sequence[Append]) -> None:
        notify_grown(self._notifier, [Grown(each.response_id, each.log_events) for each in appends])

    def _on_engine_lost(self) -> None:
        """Claim nothing until the engine is ready again, so that no attempts are wasted."""
        self._is_engine_ready = False

    def _on_done(self, response_id: UUID, task: asyncio.Task[None]) -> None:
        if self._running.get(response_id) is not task:
            # Somebody else has released it, and this worker has claimed it again.
            return
        del self._running[response_id]
        self._ending.discard(response_id)
        # If it hasn't ended and this worker still holds it, the next claim releases it.
        self._leased_ids.give_back([response_id])
        metrics.RUNNING.set(len(self._running))
        self._notified.set()

    def _on_stopped(self, messages: Sequence[str] | None) -> None:
        self._stop([UUID(message) for message in messages or ()])

    def _stop(self, response_ids: Sequence[UUID]) -> None:
        """Cancel generators, which frees the engine at once."""
        for response_id in response_ids:
            if response_id not in self._ending and (task := self._running.get(response_id)) is not None:
                task.cancel()

    async def _look_for_stopped(self) -> None:
        while True:
            await asyncio.sleep(CHECK_S)
            running = list(self._running)
            if not running:
                continue
            try:
                async with self._database.connection() as connection:
                    positions = await response_list_positions(connection, response_ids=running)
            except DatabaseUnavailableError:
                continue
            held = {response_id for response_id, position in positions.items() if position.leased_by == self._worker_id}
            self._stop([response_id for response_id in running if response_id not in held])

    async def _hand_over(self) -> None:
        """Write what is in memory, and release the responses in progress, so that others continue them at once."""
        try:
            await self._writer.write()
            async with self._database.transaction() as connection:
                await response_release(connection, worker_ids=[self._worker_id])
        except DatabaseUnavailableError as error:
            log.warning("assistant.release.failed", error=str(error))
        self._notifier.notify(QUEUED_CHANNEL)


async def _release_unknown(connection: Connection, /, *, worker_id: UUID, known_ids: Collection[UUID]) -> None:
    await response_release_unknown(connection, worker_id=worker_id, known_ids=known_ids)

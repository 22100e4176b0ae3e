"""The definition of the system: everything that the composition root needs for the assistant."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.erasure import Link, SchemaErasure
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.database import Connection
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.assistant.checks import check_engine
from ninefold.systems.assistant.commands import COMMANDS
from ninefold.systems.assistant.engines.llama.process import PROCESSES
from ninefold.systems.assistant.engines.opening import open_engine
from ninefold.systems.assistant.jobs import metrics
from ninefold.systems.assistant.jobs.retention import DELETE_EXPIRED_HANDLER, DELETE_EXPIRED_HOURLY
from ninefold.systems.assistant.jobs.runner import ResponseRunner
from ninefold.systems.assistant.jobs.supervisor import QueueSupervisor
from ninefold.systems.assistant.openai.surface import openai_surface
from ninefold.systems.assistant.routes.conversations import CONVERSATION_ROUTES
from ninefold.systems.assistant.routes.responses import RESPONSE_ROUTES
from ninefold.systems.assistant.service.feeds import FEEDS
from ninefold.systems.assistant.settings import AssistantSettings, read_assistant_settings
from ninefold.systems.assistant.store.responses import response_count_queued, response_release


def _routes(context: ServerContext[AssistantSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_settings() -> AssistantSettings:
        return context.settings

    return [
        Router(
            path="/",
            route_handlers=[*CONVERSATION_ROUTES, *RESPONSE_ROUTES],
            dependencies={
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "assistant_settings": Provide(provide_settings, sync_to_thread=False),
            },
        )
    ]


def _surfaces(context: ServerContext[AssistantSettings]) -> Sequence[Surface]:
    # The server only lists its models and embeds texts with it. What it holds is freed when the process ends.
    return [openai_surface(context, open_engine(context.settings, context.process_folder))]


def _feeds(_: ServerContext[AssistantSettings]) -> Sequence[Feed]:
    return FEEDS


def _worker_tasks(context: WorkerContext[AssistantSettings]) -> Sequence[WorkerTask]:
    return [
        ResponseRunner(context, open_engine(context.settings, context.process_folder)),
        QueueSupervisor(context),
        BacklogCounter("assistant.backlog", context.database, [(metrics.QUEUED, response_count_queued)]),
    ]


async def _release(connection: Connection, worker_ids: Sequence[UUID]) -> None:
    await response_release(connection, worker_ids=worker_ids)


SYSTEM: Final = System(
    name="assistant",
    migrations=MigrationSource(namespace="assistant", package="ninefold.systems.assistant"),
    read_settings=read_assistant_settings,
    routes=_routes,
    surfaces=_surfaces,
    feeds=_feeds,
    worker_tasks=_worker_tasks,
    processes=PROCESSES,
    release_leases=_release,
    job_handlers=(DELETE_EXPIRED_HANDLER,),
    schedules=(DELETE_EXPIRED_HOURLY,),
    commands=COMMANDS,
    checks=(check_engine,),
    erase=SchemaErasure(schema="assistant", links={"event": Link("response_id", "response")}),
)

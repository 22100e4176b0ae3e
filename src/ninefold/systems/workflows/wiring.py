"""The definition of the system: everything that the composition root needs for workflows."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.clock import Clock, SystemClock
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.workflows.commands import COMMANDS
from ninefold.systems.workflows.git.surface import git_surface
from ninefold.systems.workflows.jobs.push_keeper import PushKeeper
from ninefold.systems.workflows.jobs.push_triggers import PushTriggers
from ninefold.systems.workflows.jobs.removal import REMOVE_REPOSITORY_HANDLER
from ninefold.systems.workflows.jobs.results import SWEEP_RESULTS_HANDLER, SWEEP_RESULTS_OFTEN
from ninefold.systems.workflows.results.surfaces import results_surfaces
from ninefold.systems.workflows.routes.repositories import REPOSITORY_ROUTES
from ninefold.systems.workflows.settings import WorkflowsSettings, read_workflows_settings


def _routes(context: ServerContext[WorkflowsSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_clock() -> Clock:
        return SystemClock()

    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_settings() -> WorkflowsSettings:
        return context.settings

    return [
        Router(
            path="/",
            route_handlers=[
                *REPOSITORY_ROUTES,
            ],
            dependencies={
                "clock": Provide(provide_clock, sync_to_thread=False),
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "workflows_settings": Provide(provide_settings, sync_to_thread=False),
            },
        )
    ]


def _surfaces(context: ServerContext[WorkflowsSettings]) -> Sequence[Surface]:
    return [
        git_surface(context),
        *results_surfaces(context),
    ]


def _worker_tasks(context: WorkerContext[WorkflowsSettings]) -> Sequence[WorkerTask]:
    return [
        PushKeeper(context),
        PushTriggers(context),
    ]


SYSTEM: Final[System[WorkflowsSettings]] = System(
    name="workflows",
    migrations=MigrationSource(namespace="workflows", package="ninefold.systems.workflows"),
    read_settings=read_workflows_settings,
    routes=_routes,
    surfaces=_surfaces,
    worker_tasks=_worker_tasks,
    job_handlers=(REMOVE_REPOSITORY_HANDLER, SWEEP_RESULTS_HANDLER),
    schedules=(SWEEP_RESULTS_OFTEN,),
    commands=COMMANDS,
)

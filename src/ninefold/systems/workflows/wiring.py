"""The definition of the system: everything that the composition root needs for workflows."""

from collections.abc import Sequence
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.contracts.callbacks import CALLBACK_CONSUMER
from ninefold.core.blobs import Blobs
from ninefold.core.clock import Clock, SystemClock
from ninefold.core.contracts import Implementation
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.notifier import Notifier
from ninefold.core.secrets import Sealer
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.workflows.checks import check_isolation, check_runner
from ninefold.systems.workflows.commands import COMMANDS
from ninefold.systems.workflows.fleet.parts import fleet_server_tasks, fleet_surface, fleet_worker_tasks
from ninefold.systems.workflows.git.surface import git_surface
from ninefold.systems.workflows.jobs.github import FETCH_GITHUB_HANDLER
from ninefold.systems.workflows.jobs.logs import FLEET_HANDLERS, FLEET_SCHEDULES
from ninefold.systems.workflows.jobs.push_keeper import PushKeeper
from ninefold.systems.workflows.jobs.push_triggers import PushTriggers
from ninefold.systems.workflows.jobs.removal import REMOVE_REPOSITORY_HANDLER
from ninefold.systems.workflows.jobs.results import SWEEP_RESULTS_HANDLER, SWEEP_RESULTS_OFTEN
from ninefold.systems.workflows.jobs.runs import RUN_HANDLERS, RUN_SCHEDULES
from ninefold.systems.workflows.results.surfaces import results_surfaces
from ninefold.systems.workflows.routes.artifacts import ARTIFACT_ROUTES
from ninefold.systems.workflows.routes.dispatches import DISPATCH_ROUTES
from ninefold.systems.workflows.routes.fleet import FLEET_ROUTES
from ninefold.systems.workflows.routes.job_logs import LOG_ROUTES
from ninefold.systems.workflows.routes.repositories import REPOSITORY_ROUTES
from ninefold.systems.workflows.routes.runs import RUN_ROUTES
from ninefold.systems.workflows.routes.secrets import SECRET_ROUTES
from ninefold.systems.workflows.routes.variables import VARIABLE_ROUTES
from ninefold.systems.workflows.runner.process import PROCESSES
from ninefold.systems.workflows.service.fleet.logs import log_feed
from ninefold.systems.workflows.service.fleet.tokens import FLEET_KINDS
from ninefold.systems.workflows.service.github import GitHubCallbacks
from ninefold.systems.workflows.service.runs.feeds import RUN_FEEDS
from ninefold.systems.workflows.service.secrets import SECRETS
from ninefold.systems.workflows.settings import WorkflowsSettings, read_workflows_settings


def _routes(context: ServerContext[WorkflowsSettings]) -> Sequence[ControllerRouterHandler]:
    def provide_clock() -> Clock:
        return SystemClock()

    def provide_blobs() -> Blobs:
        return context.blobs

    def provide_sealer() -> Sealer:
        return context.sealer

    def provide_notifier() -> Notifier:
        return context.notifier

    def provide_settings() -> WorkflowsSettings:
        return context.settings

    return [
        Router(
            path="/",
            route_handlers=[
                *REPOSITORY_ROUTES,
                *DISPATCH_ROUTES,
                *RUN_ROUTES,
                *ARTIFACT_ROUTES,
                *FLEET_ROUTES,
                *LOG_ROUTES,
                *SECRET_ROUTES,
                *VARIABLE_ROUTES,
            ],
            dependencies={
                "blobs": Provide(provide_blobs, sync_to_thread=False),
                "clock": Provide(provide_clock, sync_to_thread=False),
                "sealer": Provide(provide_sealer, sync_to_thread=False),
                "notifier": Provide(provide_notifier, sync_to_thread=False),
                "workflows_settings": Provide(provide_settings, sync_to_thread=False),
            },
        )
    ]


def _surfaces(context: ServerContext[WorkflowsSettings]) -> Sequence[Surface]:
    return [
        git_surface(context),
        *results_surfaces(context),
        fleet_surface(context),
    ]


def _feeds(_: ServerContext[WorkflowsSettings]) -> Sequence[Feed]:
    return [
        *RUN_FEEDS,
        log_feed(),
    ]


def _worker_tasks(context: WorkerContext[WorkflowsSettings]) -> Sequence[WorkerTask]:
    return [
        PushKeeper(context),
        PushTriggers(context),
        *fleet_worker_tasks(context),
    ]


SYSTEM: Final[System[WorkflowsSettings]] = System(
    name="workflows",
    migrations=MigrationSource(namespace="workflows", package="ninefold.systems.workflows"),
    read_settings=read_workflows_settings,
    routes=_routes,
    surfaces=_surfaces,
    feeds=_feeds,
    server_tasks=fleet_server_tasks,
    worker_tasks=_worker_tasks,
    processes=PROCESSES,
    job_handlers=(
        REMOVE_REPOSITORY_HANDLER,
        FETCH_GITHUB_HANDLER,
        SWEEP_RESULTS_HANDLER,
        *RUN_HANDLERS,
        *FLEET_HANDLERS,
    ),
    schedules=(SWEEP_RESULTS_OFTEN, *RUN_SCHEDULES, *FLEET_SCHEDULES),
    commands=COMMANDS,
    implements=(Implementation(CALLBACK_CONSUMER, GitHubCallbacks()),),
    credential_kinds=FLEET_KINDS,
    checks=(check_isolation, check_runner),
    sealed_columns=(SECRETS,),
)

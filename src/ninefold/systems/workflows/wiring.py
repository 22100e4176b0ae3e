"""The definition of the system: everything that the composition root needs for workflows."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Final

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from ninefold.core.clock import Clock, SystemClock
from ninefold.core.live.feeds import Feed
from ninefold.core.postgres.migrations import MigrationSource
from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.queue.notifier import Notifier
from ninefold.core.system import ServerContext, System, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.workflows.checks import check_isolation
from ninefold.systems.workflows.commands import COMMANDS
from ninefold.systems.workflows.fleet.dispatcher import Dispatcher
from ninefold.systems.workflows.fleet.handling import FleetHandler
from ninefold.systems.workflows.fleet.local_runner import LocalRunnerStarter
from ninefold.systems.workflows.fleet.reachability import ReachabilityNoter
from ninefold.systems.workflows.fleet.surface import runner_surface
from ninefold.systems.workflows.git.surface import git_surface
from ninefold.systems.workflows.jobs.lost_runners import LostRunnerFinder
from ninefold.systems.workflows.jobs.push_keeper import PushKeeper
from ninefold.systems.workflows.jobs.push_triggers import PushTriggers
from ninefold.systems.workflows.jobs.removal import REMOVE_REPOSITORY_HANDLER
from ninefold.systems.workflows.routes.repositories import REPOSITORY_ROUTES
from ninefold.systems.workflows.runner.process import PROCESSES, RUNNER_PROCESS, token_path
from ninefold.systems.workflows.service.fleet.logs import log_feed
from ninefold.systems.workflows.service.fleet.metrics import QUEUED, RUNNING
from ninefold.systems.workflows.service.fleet.tokens import FLEET_KINDS
from ninefold.systems.workflows.service.fleet.working import WorkRules
from ninefold.systems.workflows.settings import WorkflowsSettings, read_workflows_settings
from ninefold.systems.workflows.store.leases import lease_count_claimed, lease_count_queued


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
        _runner_surface(context),
    ]


def _runner_surface(context: ServerContext[WorkflowsSettings]) -> Surface:
    lease = timedelta(seconds=context.settings.lease_s)
    dispatcher = Dispatcher(
        context.database,
        context.notifier,
        jobs_max=context.settings.jobs_max,
        lease=lease,
        stopping=context.stopping,
    )
    rules = WorkRules(lease=lease, log_bytes_max=context.settings.log_bytes_max)
    return runner_surface(context.database, FleetHandler(context.database, context.notifier, dispatcher, rules))


def _server_tasks(context: ServerContext[WorkflowsSettings]) -> Sequence[WorkerTask]:
    noter = ReachabilityNoter(context.database, lease=timedelta(seconds=context.settings.lease_s))
    if not any(process.is_needed(context.settings) for process in PROCESSES):
        return [noter]
    return [
        noter,
        LocalRunnerStarter(
            context.database,
            context.notifier,
            address=context.process_folder.address(RUNNER_PROCESS),
            token_file=token_path(context.settings),
        ),
    ]


def _feeds(_: ServerContext[WorkflowsSettings]) -> Sequence[Feed]:
    return [log_feed()]


def _worker_tasks(context: WorkerContext[WorkflowsSettings]) -> Sequence[WorkerTask]:
    return [
        PushKeeper(context),
        PushTriggers(context),
        LostRunnerFinder(context),
        BacklogCounter(
            "workflows.backlog", context.database, [(QUEUED, lease_count_queued), (RUNNING, lease_count_claimed)]
        ),
    ]


SYSTEM: Final[System[WorkflowsSettings]] = System(
    name="workflows",
    migrations=MigrationSource(namespace="workflows", package="ninefold.systems.workflows"),
    read_settings=read_workflows_settings,
    routes=_routes,
    surfaces=_surfaces,
    feeds=_feeds,
    server_tasks=_server_tasks,
    worker_tasks=_worker_tasks,
    processes=PROCESSES,
    job_handlers=(REMOVE_REPOSITORY_HANDLER,),
    commands=COMMANDS,
    credential_kinds=FLEET_KINDS,
    checks=(check_isolation,),
)

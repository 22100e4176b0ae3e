"""The parts of the fleet that the system's wiring lists."""

from collections.abc import Sequence
from datetime import timedelta

from ninefold.core.queue.backlog import BacklogCounter
from ninefold.core.system import ServerContext, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.systems.workflows.fleet.dispatcher import Dispatcher
from ninefold.systems.workflows.fleet.handling import FleetHandler
from ninefold.systems.workflows.fleet.local_runner import LocalRunnerStarter
from ninefold.systems.workflows.fleet.reachability import ReachabilityNoter
from ninefold.systems.workflows.fleet.surface import runner_surface
from ninefold.systems.workflows.jobs.lost_runners import LostRunnerFinder
from ninefold.systems.workflows.model.shares import parse_shares
from ninefold.systems.workflows.runner.process import PROCESSES, RUNNER_PROCESS, token_path
from ninefold.systems.workflows.service.fleet.metrics import QUEUED, RUNNING
from ninefold.systems.workflows.service.fleet.working import WorkRules
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store.leases import lease_count_claimed, lease_count_queued


def fleet_surface(context: ServerContext[WorkflowsSettings]) -> Surface:
    """Return the surface of runners."""
    lease = timedelta(seconds=context.settings.lease_s)
    dispatcher = Dispatcher(
        context.database,
        context.notifier,
        jobs_max=context.settings.jobs_max,
        lease=lease,
        stopping=context.stopping,
    )
    rules = WorkRules(lease=lease, log_bytes_max=context.settings.log_bytes_max, sealer=context.sealer)
    return runner_surface(context.database, FleetHandler(context.database, context.notifier, dispatcher, rules))


def fleet_server_tasks(context: ServerContext[WorkflowsSettings]) -> Sequence[WorkerTask]:
    """Return what each server does for runners."""
    lease = timedelta(seconds=context.settings.lease_s)
    noter = ReachabilityNoter(context.database, lease=lease, shares=parse_shares(context.settings.shares))
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


def fleet_worker_tasks(context: WorkerContext[WorkflowsSettings]) -> Sequence[WorkerTask]:
    """Return what each worker does for runners."""
    counts = [(QUEUED, lease_count_queued), (RUNNING, lease_count_claimed)]
    return [LostRunnerFinder(context), BacklogCounter("workflows.backlog", context.database, counts)]

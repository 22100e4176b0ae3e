"""The HTTP routes that start runs by hand, and show the workflows of a repository."""

from collections.abc import Mapping
from typing import Any, Final

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.clock import Clock
from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection, Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.systems.workflows.errors import WorkflowNotFoundError
from ninefold.systems.workflows.model.priorities import priority_number
from ninefold.systems.workflows.model.repositories import BRANCHES, TAGS, Repository
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.model.runs import RUN_PREFIX
from ninefold.systems.workflows.routes.dispatch_wire import (
    DispatchRepository,
    DispatchWorkflow,
    StartedRunsView,
    WorkflowsView,
    show_workflow,
)
from ninefold.systems.workflows.routes.repositories import REPOSITORY_PATH
from ninefold.systems.workflows.routes.run_wire import RunView, show_run
from ninefold.systems.workflows.routes.wire import TAGS as API_TAGS
from ninefold.systems.workflows.routes.wire import RepositoryId
from ninefold.systems.workflows.service.actors import actor_of
from ninefold.systems.workflows.service.channels import notify_changed
from ninefold.systems.workflows.service.hosting.folders import RepositoryFolders
from ninefold.systems.workflows.service.hosting.opening import open_files
from ninefold.systems.workflows.service.repositories import get_repository
from ninefold.systems.workflows.service.runs import reading
from ninefold.systems.workflows.service.runs.files import FOLDER, RepositoryFiles, read_all
from ninefold.systems.workflows.service.runs.triggers import dispatch_run, start_runs
from ninefold.systems.workflows.service.secrets import job_variables
from ninefold.systems.workflows.settings import WorkflowsSettings
from ninefold.systems.workflows.store import runs as store


@post(f"{REPOSITORY_PATH}/dispatches", tags=API_TAGS, status_code=201, responses=problem_responses(404, 429))
async def dispatch_workflow(
    *,
    repository_id: FromPath[RepositoryId],
    data: FromBody[DispatchWorkflow],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
    audit: NamedDependency[AuditEntry],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> RunView:
    """Start a workflow by hand.

    It needs `workflow_dispatch` in its `on`. The inputs are checked against its declarations.
    """
    async with database.transaction() as connection:
        repository = await get_repository(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id
        )
        files = await _files(connection, repository, workflows_settings)
        ref, sha = await _resolve(files, repository, data.ref)
        event = TriggerEvent(
            name="workflow_dispatch",
            ref=ref,
            sha=sha,
            actor=await actor_of(connection, principal),
            payload={"ref": ref},
            workflow_file=data.workflow if "/" in data.workflow else f"{FOLDER}/{data.workflow}",
            inputs=_texts(data.inputs),
            server_url=workflows_settings.server_url,
        )
        variables = await job_variables(
            connection, organisation_id=repository.organisation_id, repository_id=repository.repository_id
        )
        changed = await dispatch_run(
            connection,
            repository,
            event,
            files,
            at=clock.now(),
            variables=variables,
            priority=priority_number(data.priority),
        )
        (run_id,) = changed.run_ids
        audit.target_id = format_id(RUN_PREFIX, run_id)
        run = await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        view = show_run(await reading.show_run(connection, run))
    notify_changed(notifier, changed)
    return view


@post(f"{REPOSITORY_PATH}/events", tags=API_TAGS, status_code=201, responses=problem_responses(404, 429))
async def dispatch_repository(
    *,
    repository_id: FromPath[RepositoryId],
    data: FromBody[DispatchRepository],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> StartedRunsView:
    """Tell a repository's workflows of an event.

    Those of the default branch with `repository_dispatch` and this type are started.
    """
    async with database.transaction() as connection:
        repository = await get_repository(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id
        )
        files = await _files(connection, repository, workflows_settings)
        ref, sha = await _resolve(files, repository, None)
        event = TriggerEvent(
            name="repository_dispatch",
            type=data.event_type,
            ref=ref,
            sha=sha,
            actor=await actor_of(connection, principal),
            payload={
                "action": data.event_type,
                "branch": repository.default_branch,
                "client_payload": data.client_payload,
            },
            title=data.event_type,
            server_url=workflows_settings.server_url,
        )
        variables = await job_variables(
            connection, organisation_id=repository.organisation_id, repository_id=repository.repository_id
        )
        changed = await start_runs(connection, repository, event, files, at=clock.now(), variables=variables)
        runs = [
            await reading.get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
            for run_id in changed.run_ids
        ]
        view = StartedRunsView(items=[show_run(each) for each in await reading.show_runs(connection, runs)])
    notify_changed(notifier, changed)
    return view


@get(f"{REPOSITORY_PATH}/workflows", tags=API_TAGS, responses=problem_responses(404))
async def list_workflows(
    repository_id: FromPath[RepositoryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    workflows_settings: NamedDependency[WorkflowsSettings],
) -> WorkflowsView:
    """List the workflows of a repository.

    The files of the default branch, what is wrong in them, and the last run of each.
    """
    async with database.connection() as connection:
        repository = await get_repository(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id
        )
        files = await _files(connection, repository, workflows_settings)
        sha = await files.resolve(f"{BRANCHES}{repository.default_branch}")
        reads = [] if sha is None else await read_all(files, sha)
        last = await store.run_list_last_of_workflows(connection, repository_id=repository.repository_id)
        shown = await reading.show_runs(connection, list(last.values()))
    runs = {each.run.workflow_file: each for each in shown}
    return WorkflowsView(items=[show_workflow(each, runs.get(each.file)) for each in reads])


async def _files(connection: Connection, repository: Repository, settings: WorkflowsSettings) -> RepositoryFiles:
    return await open_files(connection, RepositoryFolders(settings.repositories_folder), repository)


async def _resolve(files: RepositoryFiles, repository: Repository, ref: str | None) -> tuple[str, str]:
    """Return the full name of a branch or tag, and its commit."""
    name = ref or repository.default_branch
    full_names = [name] if name.startswith("refs/") else [f"{BRANCHES}{name}", f"{TAGS}{name}"]
    for full_name in full_names:
        if (sha := await files.resolve(full_name)) is not None:
            return full_name, sha
    raise WorkflowNotFoundError(
        f"{repository.full_name} has no branch and no tag {name}.",
        field="ref",
        remedy="Push it first, or name another one.",
    )


def _texts(inputs: Mapping[str, Any]) -> dict[str, str]:
    """Return inputs as texts, as people write them."""
    texts = {}
    for name, value in inputs.items():
        if not isinstance(value, str | bool | int | float):
            raise InvalidInputError(
                f"The input {name} isn't a text, a number or a boolean.", field=f"inputs.{name}", remedy="Send a text."
            )
        texts[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts


DISPATCH_ROUTES: Final[tuple[HTTPRouteHandler, ...]] = (dispatch_workflow, dispatch_repository, list_workflows)

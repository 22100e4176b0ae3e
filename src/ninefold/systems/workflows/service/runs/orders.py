"""What a job needs to run, except what belongs to its runner: folders, actions, addresses of services."""

from collections.abc import Mapping
from typing import Any

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import RunNotFoundError
from ninefold.systems.workflows.execution.order import JobFolders, JobOrder, RunnerInfo, Services
from ninefold.systems.workflows.model.runs import RunJob
from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.workflow import RunDefaults, Step
from ninefold.systems.workflows.planning import PlannedJob, SecretsStep, passed_secrets
from ninefold.systems.workflows.planning.secrets import JOB_TOKEN
from ninefold.systems.workflows.service.runs.contexts import github_context
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store


class OrderedJob(msgspec.Struct, frozen=True, kw_only=True):
    """A job of a run, for a runner."""

    job_id: str
    """The key of the job in its workflow file."""
    key: str
    """Of the job in its run."""
    name: str
    steps: tuple[Step, ...]
    # Any JSON: msgspec can't decode the recursive type `Json`.
    contexts: Mapping[str, Any]
    """`github`, `vars`, `needs`, `strategy`, `matrix` and `inputs`."""
    secrets: Mapping[str, str] = {}
    """What is passed on to the job, with `GITHUB_TOKEN`."""
    env: tuple[Template, ...] = ()
    defaults: RunDefaults = RunDefaults()
    outputs: Template | None = None
    timeout_s: float
    container: Template | None = None
    containers_of_services: Template | None = None
    is_from_fork: bool = False
    is_debug: bool = False


def make_order(
    job: OrderedJob,
    *,
    folders: JobFolders,
    runner: RunnerInfo,
    mirrors: str | None = None,
    services: Services | None = None,
    variables: Mapping[str, str] = {},
) -> JobOrder:
    """Return the whole order of a job, with what its runner adds."""
    return JobOrder(
        job_id=job.job_id,
        name=job.name,
        steps=job.steps,
        contexts=job.contexts,
        secrets=job.secrets,
        event=job.contexts["github"]["event"],
        env=job.env,
        defaults=job.defaults,
        outputs=job.outputs,
        timeout_s=job.timeout_s,
        container=job.container,
        containers_of_services=job.containers_of_services,
        folders=folders,
        mirrors=mirrors,
        services=services,
        runner=msgspec.structs.replace(runner, is_debug=runner.is_debug or job.is_debug),
        variables=variables,
    )


async def job_order(
    connection: Connection,
    job: RunJob,
    *,
    token: str,
    secrets: Mapping[str, str] = {},
    server_url: str | None = None,
) -> OrderedJob:
    """Return what a job needs to run.

    Args:
        connection: any connection.
        job: that can start.
        token: of the job, for `github.token` and `secrets.GITHUB_TOKEN`.
        secrets: of the repository and the organisation; a run of code from a fork gets none.
        server_url: where the job reaches the server, if it isn't where people do.

    Raises:
        RunNotFoundError: the job is gone, or can't start yet.
        ExpressionError: what a call passes as secrets can't be evaluated; the job fails with this.
    """
    run = await store.run_find(connection, organisation_id=job.organisation_id, run_id=job.run_id)
    attempt = await store.run_attempt_find(connection, run_id=job.run_id, attempt=job.attempt)
    planned = await run_jobs.job_find_planned(connection, job_id=job.job_id)
    if run is None or attempt is None or planned is None:
        raise RunNotFoundError("There is no such job, or it can't start yet.")
    source = await store.run_source_find(connection, run_id=job.run_id)
    if server_url is not None:
        source = msgspec.structs.replace(source, event=msgspec.structs.replace(source.event, server_url=server_url))
    github = github_context(
        source,
        workflow_file=run.workflow_file,
        workflow_name=run.workflow_name,
        numeric_id=run.numeric_id,
        number=run.number,
        attempt=job.attempt,
        triggering_actor=attempt.triggering_actor,
    )
    given = {JOB_TOKEN: token, **({} if run.is_from_fork else secrets)}
    outer = {"github": github, "vars": source.variables}
    return OrderedJob(
        job_id=planned.job.id,
        key=planned.key,
        name=planned.name,
        steps=planned.job.steps,
        contexts={
            "github": {**github, "job": planned.job.id, "token": token},
            "vars": source.variables,
            "needs": planned.needs,
            "strategy": planned.strategy,
            "matrix": planned.matrix,
            "inputs": planned.inputs,
        },
        secrets=passed_secrets(given, [_with_contexts(each, outer) for each in planned.secrets]),
        env=planned.env,
        defaults=planned.defaults,
        outputs=planned.job.outputs,
        timeout_s=planned.timeout_minutes * 60,
        container=planned.job.container,
        containers_of_services=planned.job.services,
        is_from_fork=run.is_from_fork,
        is_debug=attempt.is_debug,
    )


def without_outer_contexts(planned: PlannedJob) -> PlannedJob:
    """Return a job without what is the same for all jobs of its run, so that it isn't stored with each of them."""
    if not planned.secrets:
        return planned
    return msgspec.structs.replace(planned, secrets=tuple(map(_stripped, planned.secrets)))


def _stripped(step: SecretsStep) -> SecretsStep:
    kept = {name: value for name, value in step.contexts.items() if name not in {"github", "vars"}}
    return msgspec.structs.replace(step, contexts=kept)


def _with_contexts(step: SecretsStep, outer: Mapping[str, Any]) -> SecretsStep:
    return msgspec.structs.replace(step, contexts={**outer, **step.contexts})

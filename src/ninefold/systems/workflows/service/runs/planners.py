"""Planners of runs: rebuilt from the log, or kept in memory while a run goes on.

A run of a thousand jobs has a thousand outcomes. To replay all of them for each would take quadratic time, so that each
process keeps the planners that it has used last. One that is kept may have seen entries of a transaction that was
rolled back, or miss those of another process. So each entry that it is replayed with has a random id: if the last one
that it has seen is in the log, it is up to date after those that follow. Otherwise it is rebuilt.
"""

from collections import OrderedDict
from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.run_sources import RunSource
from ninefold.systems.workflows.model.runs import Run
from ninefold.systems.workflows.model.values import Object, to_value
from ninefold.systems.workflows.model.workflow import Workflow
from ninefold.systems.workflows.planning import Outcome, Planner, RunContexts
from ninefold.systems.workflows.reading import read_workflow
from ninefold.systems.workflows.service.runs.contexts import github_context
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store

PLANNERS_MAX: Final = 32
"""Planners that a process keeps."""


class LivePlanner:
    """A planner, and up to where in the log of its run it was replayed.

    Args:
        planner: not begun yet.
        attempt: the attempt of the run that it is for.
    """

    def __init__(self, planner: Planner, *, attempt: int) -> None:
        self.planner: Final = planner
        self.attempt: Final = attempt
        self.sequence = 0
        """Of the last entry that it was replayed with; 0 if it hasn't begun."""
        self.outcome_id: UUID | None = None
        """Of that entry."""

    def replay(self, outcomes: Iterable[store.LoggedOutcome]) -> None:
        """Apply entries of the log; what the planner decides was written with them."""
        for each in outcomes:
            apply(self.planner, each.type, each.key, each.outcome)
            self.sequence, self.outcome_id = each.sequence, each.outcome_id


def apply(planner: Planner, kind: str, key: str | None, outcome: Outcome | None) -> None:
    """Replay an entry of a log."""
    match kind, key:
        case ("attempt_created" | "group_entered", None):
            planner.begin()
        case ("cancel_requested", None):
            planner.cancel()
        case ("group_entered", str()):
            planner.entered(key)
        case ("job_cancel_requested", str()):
            planner.cancel_job(key, "")
        case ("job_ended", str()):
            assert outcome is not None, "a job that has ended has an outcome"
            planner.finish(key, outcome)
        case _:
            raise AssertionError(f"The planner isn't replayed with {kind}.")


class PlannerCache:
    """The planners that this process has used last."""

    def __init__(self, size_max: int = PLANNERS_MAX) -> None:
        self._size_max = size_max
        self._kept: OrderedDict[UUID, LivePlanner] = OrderedDict()

    async def load(self, connection: Connection, run: Run) -> LivePlanner:
        """Return the planner of the last attempt of a run that is locked, replayed up to the end of the log.

        It is taken out of the cache: `keep` it after the change, in the transaction that has locked the run.
        """
        live = self._kept.pop(run.run_id, None)
        if live is not None and live.attempt == run.attempt and live.outcome_id is not None:
            outcomes = await store.run_event_list_outcomes(
                connection, run_id=run.run_id, attempt=run.attempt, from_sequence=live.sequence
            )
            if outcomes and outcomes[0].outcome_id == live.outcome_id:
                live.replay(outcomes[1:])
                return live
        return await rebuild(connection, run)

    def keep(self, run: Run, live: LivePlanner) -> None:
        """Keep a planner for the next change of its run, unless nothing can change any more."""
        if run.is_ended:
            return
        self._kept[run.run_id] = live
        if len(self._kept) > self._size_max:
            self._kept.popitem(last=False)


PLANNERS: Final = PlannerCache()
"""Of this process."""


class Plan(NamedTuple):
    """What a planner is made of."""

    workflow: Workflow
    calls: Mapping[str, Workflow]
    contexts: RunContexts


async def read_plan(connection: Connection, run: Run) -> Plan:
    """Return what the planner of the last attempt of a run is made of.

    Raises:
        InvalidFileError: the workflow file can't be read: then the run has failed, and has no planner.
    """
    source = await store.run_source_find(connection, run_id=run.run_id)
    attempt = await store.run_attempt_find(connection, run_id=run.run_id, attempt=run.attempt)
    assert attempt is not None, "a run has its attempts"
    github = github_context(
        source,
        workflow_file=run.workflow_file,
        workflow_name=run.workflow_name,
        numeric_id=run.numeric_id,
        number=run.number,
        attempt=run.attempt,
        triggering_actor=attempt.triggering_actor,
    )
    return Plan(
        workflow=read_workflow(source.text, file=run.workflow_file),
        calls={name: read_workflow(text, file=name.removeprefix("./")) for name, text in source.calls.items()},
        contexts=make_contexts(source, github),
    )


async def rebuild(connection: Connection, run: Run) -> LivePlanner:
    """Return the planner of the last attempt of a run, replayed from the beginning."""
    plan = await read_plan(connection, run)
    reused = await run_jobs.job_list_reused(connection, run_id=run.run_id, attempt=run.attempt)
    planner = Planner(plan.workflow, contexts=plan.contexts, calls=plan.calls, reused=reused)
    live = LivePlanner(planner, attempt=run.attempt)
    outcomes = await store.run_event_list_outcomes(connection, run_id=run.run_id, attempt=run.attempt, from_sequence=0)
    live.replay(outcomes)
    return live


def make_contexts(source: RunSource, github: dict[str, object]) -> RunContexts:
    """Return what the expressions of a run are evaluated with."""
    made = to_value(github)  # type: ignore[arg-type] # it is JSON.
    inputs = to_value(source.inputs)
    assert isinstance(made, Object)
    assert isinstance(inputs, Object)
    return RunContexts(github=made, vars=Object(source.variables), inputs=inputs)

"""Runs at random, with transactions that are rolled back: rows, log and planner always agree."""

from collections import Counter
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Any
from uuid import UUID

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.workflows.execution.report import JobResult
from ninefold.systems.workflows.model.runs import ENDED
from ninefold.systems.workflows.planning import EnterGroup, Expand, Outcome, Planner, Start, Wait
from ninefold.systems.workflows.service.runs import planners
from ninefold.systems.workflows.service.runs.changing import STATUSES
from ninefold.systems.workflows.service.runs.planners import PlannerCache, apply, read_plan, rebuild
from ninefold.systems.workflows.service.runs.reruns import rerun
from ninefold.systems.workflows.service.runs.transitions import cancel_run, job_finished, job_lost, job_started
from ninefold.systems.workflows.store import runs as store
from workflow_runs import RunWorld

STEPS = "runs-on: linux, steps: [{run: echo}]"
SUB = f"on: workflow_call\njobs: {{x: {{{STEPS}}}, y: {{needs: x, {STEPS}}}}}\n"
WORKFLOW = f"""\
on: push
jobs:
  build: {{outputs: {{version: "${{{{ 1 }}}}"}}, {STEPS}}}
  fast: {{needs: build, strategy: {{matrix: {{n: [1, 2, 3]}}, max-parallel: 2}}, {STEPS}}}
  slow: {{strategy: {{fail-fast: false, matrix: {{n: [1, 2]}}}}, concurrency: {{group: db, queue: max}}, {STEPS}}}
  call: {{needs: build, concurrency: env, uses: ./.github/workflows/sub.yml}}
  clean: {{needs: [fast, call], if: always(), {STEPS}}}
  last: {{needs: [clean, slow], {STEPS}}}
"""


class RolledBackError(Exception):
    """Ends a transaction as a crash before its commit does."""


class Machine:
    """A run to which anything can happen.

    Args:
        world: where it is.
        data: draws what happens.
    """

    def __init__(self, world: RunWorld, data: st.DataObject) -> None:
        self.world = world
        self.draw = data.draw
        self.run_id = UUID(int=0)
        self.lost = Counter[UUID]()
        """How often the runner of a job was lost."""

    async def start(self) -> None:
        self.world.files.files[".github/workflows/sub.yml"] = SUB
        self.run_id = await self.world.start(WORKFLOW)

    async def step(self) -> bool:
        """Let one thing happen; return False if nothing can happen any more."""
        await self.world.run_background()
        jobs = await self.world.jobs(self.run_id)
        takable = sorted(key for key, job in jobs.items() if job.status == "queued" and job.lease_expires_at is None)
        held = sorted(key for key, job in jobs.items() if not job.is_ended and job.lease_expires_at is not None)
        choices = (
            [("claim", key) for key in takable] + [("finish", key) for key in held] + [("lose", key) for key in held]
        )
        run = await self.world.run(self.run_id)
        if run.is_ended:
            return False
        assert choices, f"nothing of { ({key: job.status for key, job in jobs.items()}) } can go on"
        if run.cancel_requested_at is None and self.draw(st.integers(0, 9)) == 9:
            choices = [("cancel", "")]
        what, key = self.draw(st.sampled_from(choices))
        await self._do(what, key, crashes=self.draw(st.integers(0, 3)) == 3)
        return True

    async def _do(self, what: str, key: str, *, crashes: bool) -> None:
        world = self.world
        if what == "claim":
            await world.claim(self.run_id, key)
            return
        job = None if what == "cancel" else (await world.jobs(self.run_id))[key]
        result = self._result() if what == "finish" else None
        before = await self.rows()

        async def act(connection: Connection) -> None:
            if job is None:
                await cancel_run(connection, self.run_id, by="mia", at=world.now)
            elif result is None:
                await job_lost(connection, job, at=world.now)
            else:
                if job.status == "queued":
                    await job_started(connection, job, "runner-1", world.now)
                await job_finished(connection, job.job_id, lease_number=job.lease_number, result=result, at=world.now)

        if crashes:
            await self._crash(act)
            assert await self.rows() == before
            return
        async with world.transaction() as connection:
            await act(connection)
        if job is not None and result is None:
            self.lost[job.job_id] += 1

    async def _crash(self, act: Callable[[Connection], Awaitable[None]]) -> None:
        """Do something in a transaction that is rolled back, as if the process had died before the commit."""
        with suppress(RolledBackError):
            async with self.world.transaction() as connection:
                await act(connection)
                raise RolledBackError

    def _result(self) -> JobResult:
        conclusion = self.draw(st.sampled_from(["success", "success", "failure", "timed_out"]))
        return JobResult(conclusion=conclusion, outputs={"version": "1"}, steps=())  # type: ignore[arg-type]

    async def rows(self) -> Sequence[Any]:
        async with self.world.database.connection() as connection:
            return [
                await connection.fetch("SELECT * FROM workflows.run WHERE run_id = $1", self.run_id),
                await connection.fetch("SELECT * FROM workflows.job WHERE run_id = $1 ORDER BY job_id", self.run_id),
                await connection.fetch("SELECT count(*) FROM workflows.run_event WHERE run_id = $1", self.run_id),
            ]

    async def check(self) -> None:
        """Assert that rows and log agree with a planner that is replayed from the log."""
        run = await self.world.run(self.run_id)
        jobs = await self.world.jobs(self.run_id)
        async with self.world.database.connection() as connection:
            live = await rebuild(connection, run)
            expected = await self._replayed(connection)
            events = (await store.run_event_list(connection, cursors=[(self.run_id, 0)], limit=10_000))[self.run_id]
            holders = await connection.fetch(
                "SELECT group_name FROM workflows.concurrency_entry WHERE run_id = $1 AND is_holder", self.run_id
            )
        assert [event.sequence for event in events] == list(range(1, run.last_sequence + 1))
        assert (live.planner.conclusion is None) == (not run.is_ended)
        if live.planner.conclusion is not None:
            assert run.status == STATUSES[live.planner.conclusion]
            assert {job.status for job in jobs.values()} <= ENDED
            assert holders == []
        # No job is lost: each that a planner starts has a row. And none is planned twice: it is queued once, and again
        # if its runner was lost before it had begun.
        assert expected <= {*jobs}
        queued = Counter(
            event.job_id for event in events if event.type == "job_queued" and event.attempt == run.attempt
        )
        allowed = {job.job_id: 1 + self.lost[job.job_id] for job in jobs.values()}
        assert all(count <= allowed[job_id] for job_id, count in queued.items() if job_id is not None)

    async def _replayed(self, connection: Connection) -> set[str]:
        """Return the keys of the jobs that a new planner has started."""
        run = await self.world.run(self.run_id)
        plan = await read_plan(connection, run)
        planner = Planner(plan.workflow, contexts=plan.contexts, calls=plan.calls)
        outcomes = await store.run_event_list_outcomes(
            connection, run_id=self.run_id, attempt=run.attempt, from_sequence=0
        )
        started: set[str] = set()
        if run.attempt > 1:
            return started
        for each in outcomes:
            before = _Recorder(planner)
            apply(before, each.type, each.key, each.outcome)  # type: ignore[arg-type] # it has the planner's methods.
            started |= before.started
        return started


class _Recorder:
    """A planner whose started jobs are noted."""

    def __init__(self, planner: Planner) -> None:
        self._planner = planner
        self.started: set[str] = set()

    def _note(self, decisions: Sequence[Any]) -> None:
        self.started |= {each.job.key for each in decisions if isinstance(each, Start)}
        assert all(each is not None for each in decisions if isinstance(each, Wait | Expand | EnterGroup))

    def begin(self) -> None:
        self._note(self._planner.begin())

    def finish(self, key: str, outcome: Outcome) -> None:
        self._note(self._planner.finish(key, outcome))

    def entered(self, key: str) -> None:
        self._note(self._planner.entered(key))

    def cancel(self) -> None:
        self._note(self._planner.cancel())

    def cancel_job(self, key: str, why: str) -> None:
        self._note(self._planner.cancel_job(key, why))


@settings(
    max_examples=5,
    deadline=None,
    phases=[Phase.explicit, Phase.reuse, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(data=st.data())
async def test_rows_log_and_planner_agree_after_anything(database: Database, data: st.DataObject) -> None:
    # Sometimes another process works on the run, which has no planner of it in memory, or an old one.
    machine = Machine(await RunWorld(database).create(), data)
    await machine.start()
    for attempt in (1, 2):
        others = [planners.PLANNERS._kept, PlannerCache()._kept]
        while await machine.step():
            planners.PLANNERS._kept = others[data.draw(st.integers(0, 1))]
            await machine.check()
        await machine.check()
        if attempt == 1:
            async with machine.world.transaction() as connection:
                await rerun(connection, machine.run_id, jobs="all", by="noa", is_debug=False, at=machine.world.now)


async def test_a_planner_that_has_seen_what_was_rolled_back_is_not_used_again(world: RunWorld) -> None:
    jobs = f"  a: {{{STEPS}}}\n  b: {{{STEPS}}}\n  c: {{needs: a, {STEPS}}}\n"
    run_id = await world.start(f"on: push\njobs:\n{jobs}")
    first, second = planners.PLANNERS._kept, PlannerCache()._kept
    job = await world.begin(run_id, "a")
    with suppress(RolledBackError):
        async with world.transaction() as connection:
            result = JobResult(conclusion="success", outputs={}, steps=())
            await job_finished(connection, job.job_id, lease_number=1, result=result, at=world.now)
            raise RolledBackError

    planners.PLANNERS._kept = second
    await world.do(run_id, "b")
    planners.PLANNERS._kept = first
    await world.finish(run_id, "a", "failure")

    assert await world.states(run_id) == {"a": "failed", "b": "succeeded", "c": "skipped"}
    assert (await world.run(run_id)).status == "failed"

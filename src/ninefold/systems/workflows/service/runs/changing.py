"""One change of a run: what the planner decides becomes rows of jobs and entries of the log, in one transaction."""

from collections import deque
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id, new_id
from ninefold.core.live.watched_log import append_watched
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.runs import RUN_PREFIX, JobStatus, Run, RunEvent, RunJob, RunStatus
from ninefold.systems.workflows.planning import (
    Cancel,
    Decision,
    End,
    EnterGroup,
    Expand,
    JobConclusion,
    KnownJob,
    LeaveGroup,
    Outcome,
    PlannedConcurrency,
    Start,
    Wait,
)
from ninefold.systems.workflows.service.channels import Changed, run_channel, runs_channel
from ninefold.systems.workflows.service.runs import groups
from ninefold.systems.workflows.service.runs.orders import without_outer_contexts
from ninefold.systems.workflows.service.runs.planners import PLANNERS, LivePlanner
from ninefold.systems.workflows.store import run_jobs
from ninefold.systems.workflows.store import runs as store
from ninefold.systems.workflows.store.run_jobs import EndedJob, JobRow

STATUSES: Final[Mapping[JobConclusion, JobStatus]] = {
    "success": "succeeded",
    "failure": "failed",
    "timed_out": "failed",
    "cancelled": "canceled",
    "skipped": "skipped",
}
"""The states of jobs and runs that have ended, by GitHub's words."""

CANCELED_OUTCOME: Final = Outcome(conclusion="cancelled")


class RunChange:
    """What changes in a run that is locked. `save` writes it.

    Args:
        connection: in the transaction that has locked the run.
        run: as it was read.
        live: its planner; None if it isn't asked.
        at: when it happens.
    """

    def __init__(self, connection: Connection, run: Run, *, at: datetime, live: LivePlanner | None = None) -> None:
        self._connection: Final = connection
        self._live: Final = live
        self._before: Final = run
        self._events: list[RunEvent] = []
        self._rows: dict[str, JobRow] = {}
        self._last_id: UUID | None = None
        self._removed: list[str] = []
        self._has_queued = False
        self._has_background = False
        self.at: Final = at
        self.run = run

    @classmethod
    async def plan(cls, connection: Connection, run: Run, *, at: datetime) -> "RunChange":
        """Return a change of a run whose planner is asked."""
        return cls(connection, run, at=at, live=await PLANNERS.load(connection, run))

    def set(self, **values: Any) -> None:
        """Change columns of the run."""
        self.run = msgspec.structs.replace(self.run, **values)

    def log(self, event: RunEvent) -> None:
        """Append an entry to the log."""
        self._events.append(event)
        self.set(last_sequence=self.run.last_sequence + 1)
        if event.outcome_id is not None and self._live is not None:
            self._live.sequence, self._live.outcome_id = self.run.last_sequence, event.outcome_id

    def note_background(self, has_background: bool) -> None:  # noqa: FBT001 - what it is about is in the name.
        """Note whether durable jobs were enqueued, so that workers are told."""
        self._has_background |= has_background

    # --- what the planner is asked; each is in the log, so that it can be replayed

    async def begin(self, event: RunEvent) -> None:
        """Plan the first jobs."""
        self.log(_replayed(event))
        await self._take(self._planner.begin())

    async def enter(self, key: str) -> None:
        """Go on with a job that calls a workflow and is in its concurrency group."""
        self.log(_replayed(RunEvent(type="group_entered", data={"key": key})))
        await self._take(self._planner.entered(key))

    async def cancel(self, why: str, *, by: str) -> None:
        """Cancel the run."""
        self.set(cancel_requested_at=self.run.cancel_requested_at or self.at, why=why)
        self.log(_replayed(RunEvent(type="cancel_requested", data={"by": by, "why": why})))
        await self._take(self._planner.cancel())

    async def cancel_job(self, key: str, why: str) -> None:
        """Cancel a job, and what it calls."""
        self.log(_replayed(RunEvent(type="job_cancel_requested", data={"key": key, "why": why})))
        await self._take(self._planner.cancel_job(key, why))

    async def end_job(self, job: RunJob, outcome: Outcome, why: str) -> None:
        """End a job that has a row and hasn't ended."""
        await self._take(await self._end([(job, outcome, why)]))

    # --- decisions

    @property
    def _planner(self) -> Any:
        assert self._live is not None, "the change has a planner"
        return self._live.planner

    async def _take(self, decisions: Iterable[Decision]) -> None:
        pending = deque(decisions)
        cancels: list[Cancel] = []
        while pending or cancels:
            while pending:
                decision = pending.popleft()
                if isinstance(decision, Cancel):
                    cancels.append(decision)
                else:
                    pending.extend(await self._apply(decision))
            if cancels:
                await self._flush()
                pending.extend(await self._cancel_jobs(cancels))
                cancels = []
        await self._flush()
        self._end_run()

    async def _apply(self, decision: Decision) -> Iterable[Decision]:
        match decision:
            case Expand(key=key, jobs=jobs):
                self._expand(key, jobs)
            case Start(job=job):
                row = self._row(job.key, job.name, "queued")
                row.planned = without_outer_contexts(job)
                if job.concurrency is not None:
                    return await self._enter_group(row, job.concurrency)
            case EnterGroup(key=key, name=name, concurrency=concurrency):
                return await self._enter_group(self._row(key, name, "queued"), concurrency)
            case LeaveGroup(key=key):
                self._has_background |= await groups.leave(self._connection, self.run, key=key)
            case Wait(key=key, name=name, why=why):
                self._row(key, name, "waiting").why = why
            case End(key=key, name=name, conclusion=conclusion, why=why):
                row = self._row(key, name, STATUSES[conclusion])
                row.why, row.outcome = why, Outcome(conclusion=conclusion)
        return ()

    def _expand(self, key: str | None, jobs: Iterable[KnownJob]) -> None:
        if key is not None:
            self._rows.pop(key, None)
            self._removed.append(key)
        for job in jobs:
            row = self._row(job.key, job.name, "waiting")
            row.needs = job.needs
            row.why = f"Needs {', '.join(job.needs)}." if job.needs else ""

    def _row(self, key: str, name: str, status: JobStatus) -> JobRow:
        if key not in self._rows:
            self._last_id = _following(self._last_id)
            self._rows[key] = JobRow(job_id=self._last_id, key=key, name=name, status=status)
        row = self._rows[key]
        row.name, row.status, row.why = name, status, ""
        return row

    async def _enter_group(self, row: JobRow, concurrency: PlannedConcurrency) -> Iterable[Decision]:
        """Let a job be in its group, wait for it, or end if it never can be in it."""
        entry = await groups.enter(self._connection, self.run, concurrency, key=row.key)
        self._has_background |= entry.has_background
        row.concurrency_group = concurrency.group
        if entry.state == "in":
            if row.planned is not None:
                return ()
            row.status = "waiting"
            self.log(_replayed(RunEvent(type="group_entered", data={"key": row.key})))
            decisions: Iterable[Decision] = self._planner.entered(row.key)
            return decisions
        row.status, row.why = "waiting", entry.why
        if entry.state == "waiting":
            return ()
        await self._flush()
        (job,) = await run_jobs.job_lock_by_keys(self._connection, self.run, keys=[row.key])
        return await self._end([(job, CANCELED_OUTCOME, entry.why)])

    async def _cancel_jobs(self, cancels: Iterable[Cancel]) -> Iterable[Decision]:
        """End jobs that no runner has, and ask for the others to be cancelled."""
        whys = {each.key: each.why for each in cancels}
        jobs = await run_jobs.job_lock_by_keys(self._connection, self.run, keys=whys)
        asked = [job for job in jobs if not job.is_ended and job.lease_expires_at is not None]
        await run_jobs.job_request_cancel(self._connection, job_ids=[job.job_id for job in asked], at=self.at)
        for job in asked:
            self.log(
                RunEvent(type="job_cancel_requested", job_id=job.job_id, data={"key": job.key, "why": whys[job.key]})
            )
        idle = [job for job in jobs if not job.is_ended and job.lease_expires_at is None]
        return await self._end([(job, CANCELED_OUTCOME, whys[job.key]) for job in idle])

    async def _end(self, ends: list[tuple[RunJob, Outcome, str]]) -> Iterable[Decision]:
        if not ends:
            return ()
        ended = [EndedJob(job.job_id, STATUSES[outcome.conclusion], why, outcome) for job, outcome, why in ends]
        await run_jobs.job_end(self._connection, ended, at=self.at)
        decisions: list[Decision] = []
        for job, outcome, why in ends:
            data = _job_data(job.key, job.name, STATUSES[outcome.conclusion], why)
            self.log(_replayed(RunEvent(type="job_ended", job_id=job.job_id, data=data)))
            decisions.extend(self._planner.finish(job.key, outcome))
            if job.concurrency_group is not None:
                self._has_background |= await groups.leave(self._connection, self.run, key=job.key)
        return decisions

    # --- rows and the log

    async def _flush(self) -> None:
        """Write the rows of jobs, and say so in the log."""
        if self._removed:
            await run_jobs.job_delete_waiting(self._connection, self.run, keys=self._removed)
            for key in self._removed:
                self.log(RunEvent(type="job_removed", data={"key": key}))
            self._removed = []
        rows, self._rows = self._rows, {}
        if not rows:
            return
        written = await run_jobs.job_upsert(self._connection, self.run, rows.values(), at=self.at)
        for key, row in rows.items():
            if key in written:
                self._log_row(row, written[key])

    def _log_row(self, row: JobRow, job_id: UUID) -> None:
        self._has_queued |= row.status == "queued"
        kind: Any = {"waiting": "job_waiting", "queued": "job_queued"}.get(row.status, "job_ended")
        data = _job_data(row.key, row.name, row.status, row.why)
        self.log(RunEvent(type=kind, job_id=job_id, data={**data, "needs": row.needs} if row.needs else data))

    def queued(self, job: RunJob) -> None:
        """Say that a job that has a row is queued now."""
        self._has_queued = True
        data = _job_data(job.key, job.name, "queued", "")
        self.log(RunEvent(type="job_queued", job_id=job.job_id, data=data))

    def _end_run(self) -> None:
        conclusion = self._planner.conclusion
        if conclusion is not None:
            self.set_status(STATUSES[conclusion])

    def set_status(self, status: RunStatus, why: str | None = None) -> None:
        """Change the state of the run; times follow."""
        values: dict[str, Any] = {"status": status}
        if why is not None:
            values["why"] = why
        if status == "running":
            values["started_at"] = self.run.started_at or self.at
        elif status not in {"waiting", "queued"}:
            values["ended_at"] = self.at
        self.set(**values)

    async def save(self) -> Changed:
        """Write the run and its log; return whom to tell after the commit."""
        if self.run.is_ended and not self._before.is_ended:
            self._has_background |= await groups.leave_all(self._connection, self.run)
        is_shown = (self.run.status, self.run.attempt) != (self._before.status, self._before.attempt)
        if is_shown or self._before.last_sequence == 0:
            self.log(RunEvent(type="run_status", data={"status": self.run.status, "why": self.run.why}))
        if self.run is not self._before:
            await store.run_update(self._connection, self.run, events=self._events, at=self.at)
        if self._live is not None:
            PLANNERS.keep(self.run, self._live)
        channels = [run_channel(self.run.run_id)]
        if is_shown or self._before.last_sequence == 0:
            channels += await self._announce()
        return Changed(
            channels=tuple(channels),
            queued_for=(self.run.organisation_id,) if self._has_queued else (),
            has_background=self._has_background,
            run_ids=(self.run.run_id,),
        )

    async def _announce(self) -> Iterable[str]:
        """Tell those who watch the list of runs."""
        entry = {
            "type": "run_changed",
            "run_id": format_id(RUN_PREFIX, self.run.run_id),
            "status": self.run.status,
            "attempt": self.run.attempt,
        }
        name = runs_channel(self.run.organisation_id)
        return await append_watched(self._connection, [(name, msgspec.json.encode(entry))])


def _following(last: UUID | None) -> UUID:
    """Return a new id that is larger than the last one, so that jobs are listed in the order of their file."""
    found = new_id()
    return UUID(int=last.int + 1) if last is not None and found <= last else found


def _replayed(event: RunEvent) -> RunEvent:
    return msgspec.structs.replace(event, outcome_id=new_id())


def _job_data(key: str, name: str, status: JobStatus, why: str) -> dict[str, Any]:
    return {"key": key, "name": name, "status": status, "why": why}

"""Queries for runs, their attempts and their logs."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.model.run_sources import RunSource
from ninefold.systems.workflows.model.runs import Attempt, LoggedEvent, Run, RunEvent, RunStatus
from ninefold.systems.workflows.planning import Outcome
from ninefold.systems.workflows.store.queries import queries, read_row

_inputs: Final = msgspec.json.Decoder(dict[str, Any])
_outcome: Final = msgspec.msgpack.Decoder(Outcome)
_source: Final = msgspec.msgpack.Decoder(RunSource)


class RunNumbers(NamedTuple):
    """The numbers of a new run."""

    number: int
    """Of the runs of its workflow."""
    numeric_id: int
    """Of all runs."""


class LoggedOutcome(NamedTuple):
    """An entry of a log that the planner is replayed with."""

    sequence: int
    type: str
    outcome_id: UUID
    key: str | None
    """Of the job."""
    outcome: Outcome | None


async def run_attempt_find(connection: Connection, *, run_id: UUID, attempt: int) -> Attempt | None:
    """Read an attempt of a run."""
    record = await queries.run_attempt_find(connection, run_id=run_id, attempt=attempt)
    return None if record is None else read_row(Attempt, record)


async def run_attempt_insert(
    connection: Connection, *, run_id: UUID, attempt: int, triggering_actor: str, is_debug: bool, created_at: datetime
) -> None:
    """Insert another attempt of a run."""
    await queries.run_attempt_insert(
        connection,
        run_id=run_id,
        attempt=attempt,
        triggering_actor=triggering_actor,
        is_debug=is_debug,
        created_at=created_at,
    )


async def run_count_since(connection: Connection, *, repository_id: UUID, since: datetime, limit: int) -> int:
    """Return how many runs of a repository were created since a time, at most `limit`."""
    count: int = await queries.run_count_since(connection, repository_id=repository_id, since=since, limit=limit)
    return count


async def run_delete_ended(connection: Connection, *, before: datetime, limit: int) -> int:
    """Delete runs that ended before a time, with all they have; return how many."""
    count: int = await queries.run_delete_ended(connection, before=before, limit=limit)
    return count


async def run_event_count_annotations(
    connection: Connection, *, run_id: UUID, attempt: int, job_ids: Collection[UUID]
) -> dict[UUID, dict[str, int]]:
    """Count the annotations of some jobs of an attempt, by their levels."""
    counts: dict[UUID, dict[str, int]] = {}
    records = queries.run_event_count_annotations(connection, run_id=run_id, attempt=attempt, job_ids=list(job_ids))
    async for record in records:
        counts.setdefault(record["job_id"], {})[record["level"]] = record["annotations"]
    return counts


async def run_event_list(
    connection: Connection, *, cursors: Collection[tuple[UUID, int]], limit: int
) -> dict[UUID, list[LoggedEvent]]:
    """Read the next entries of several logs.

    Args:
        connection: any connection.
        cursors: pairs of a run and the number of the last entry that is known; 0 for none.
        limit: how many of each log.
    """
    found: dict[UUID, list[LoggedEvent]] = {}
    records = queries.run_event_list(
        connection, run_ids=[run_id for run_id, _ in cursors], after=[after for _, after in cursors], limit=limit
    )
    async for record in records:
        found.setdefault(record["run_id"], []).append(_logged(record))
    return found


async def run_event_list_annotations(
    connection: Connection, *, run_id: UUID, attempt: int, limit: int
) -> list[LoggedEvent]:
    """Read the annotations of an attempt of a run, oldest first."""
    records = queries.run_event_list_annotations(connection, run_id=run_id, attempt=attempt, limit=limit)
    return [_logged(record) async for record in records]


async def run_event_list_outcomes(
    connection: Connection, *, run_id: UUID, attempt: int, from_sequence: int
) -> list[LoggedOutcome]:
    """Read what the planner of an attempt is replayed with, from an entry on."""
    records = queries.run_event_list_outcomes(connection, run_id=run_id, attempt=attempt, from_sequence=from_sequence)
    return [
        LoggedOutcome(
            sequence=record["sequence"],
            type=record["type"],
            outcome_id=record["outcome_id"],
            key=record["key"],
            outcome=None if record["outcome"] is None else _outcome.decode(record["outcome"]),
        )
        async for record in records
    ]


async def run_event_list_steps(connection: Connection, *, job_ids: Collection[UUID]) -> dict[UUID, list[LoggedEvent]]:
    """Read what happened with the steps of some jobs, oldest first."""
    found: dict[UUID, list[LoggedEvent]] = {}
    async for record in queries.run_event_list_steps(connection, job_ids=list(job_ids)):
        found.setdefault(record["job_id"], []).append(_logged(record))
    return found


async def run_find(connection: Connection, *, organisation_id: UUID, run_id: UUID) -> Run | None:
    """Read a run of an organisation."""
    record = await queries.run_find(connection, organisation_id=organisation_id, run_id=run_id)
    return None if record is None else _run(record)


async def run_has_running(connection: Connection, *, organisation_id: UUID, repository_id: UUID | None = None) -> bool:
    """Return whether a run of an organisation, or of one of its repositories, has begun and hasn't ended."""
    found: bool = await queries.run_has_running(
        connection, organisation_id=organisation_id, repository_id=repository_id
    )
    return found


async def run_insert(
    connection: Connection,
    *,
    run_id: UUID,
    organisation_id: UUID,
    repository_id: UUID,
    workflow_file: str,
    workflow_name: str,
    title: str,
    numbers: RunNumbers,
    source: RunSource,
    priority: int,
    created_at: datetime,
) -> Run:
    """Insert a run, its source, and its first attempt."""
    event = source.event
    record = await queries.run_insert(
        connection,
        run_id=run_id,
        organisation_id=organisation_id,
        repository_id=repository_id,
        workflow_file=workflow_file,
        workflow_name=workflow_name,
        title=title,
        number=numbers.number,
        numeric_id=numbers.numeric_id,
        event=event.name,
        ref=event.ref,
        head_sha=event.sha,
        actor=event.actor,
        is_from_fork=event.is_from_fork,
        inputs=msgspec.json.encode(source.inputs).decode(),
        source=msgspec.msgpack.encode(source),
        priority=priority,
        created_at=created_at,
    )
    return _run(record)


async def run_list(
    connection: Connection,
    *,
    organisation_id: UUID,
    repository_id: UUID | None,
    workflow_file: str | None,
    status: RunStatus | None,
    ref: str | None,
    event: str | None,
    before: UUID | None,
    limit: int,
) -> list[Run]:
    """Read a page of the runs of an organisation, latest first."""
    records = queries.run_list(
        connection,
        organisation_id=organisation_id,
        repository_id=repository_id,
        workflow_file=workflow_file,
        status=status,
        ref=ref,
        event=event,
        before=before,
        limit=limit,
    )
    return [_run(record) async for record in records]


async def run_list_last_of_workflows(connection: Connection, *, repository_id: UUID) -> dict[str, Run]:
    """Read the last run of each workflow of a repository, by its file."""
    records = queries.run_list_last_of_workflows(connection, repository_id=repository_id)
    return {record["workflow_file"]: _run(record) async for record in records}


async def run_list_positions(connection: Connection, *, run_ids: Collection[UUID]) -> dict[UUID, int]:
    """Read the numbers of the last entries of several logs."""
    records = queries.run_list_positions(connection, run_ids=list(run_ids))
    return {record["run_id"]: record["last_sequence"] async for record in records}


async def run_list_repositories(connection: Connection, *, repository_ids: Collection[UUID]) -> dict[UUID, str]:
    """Read the full names of some repositories, also of deleted ones."""
    records = queries.run_list_repositories(connection, repository_ids=list(repository_ids))
    return {record["repository_id"]: record["full_name"] async for record in records}


async def run_lock(connection: Connection, *, run_id: UUID) -> Run | None:
    """Read a run, and keep others from changing it, its jobs and its log until the transaction ends."""
    record = await queries.run_lock(connection, run_id=run_id)
    return None if record is None else _run(record)


async def run_source_find(connection: Connection, *, run_id: UUID) -> RunSource:
    """Read what a run was made of."""
    return _source.decode(await queries.run_source_find(connection, run_id=run_id))


async def run_update(connection: Connection, run: Run, *, events: Sequence[RunEvent], at: datetime) -> None:
    """Write what has changed in a run that is locked, and append to its log.

    Args:
        connection: in the transaction that has locked it.
        run: after the change; its `last_sequence` counts the events.
        events: what to append.
        at: when it happened.
    """
    first = run.last_sequence - len(events) + 1
    await queries.run_update(
        connection,
        run_id=run.run_id,
        attempt=run.attempt,
        status=run.status,
        why=run.why,
        priority=run.priority,
        concurrency_group=run.concurrency_group,
        started_at=run.started_at,
        ended_at=run.ended_at,
        cancel_requested_at=run.cancel_requested_at,
        last_sequence=run.last_sequence,
        at=at,
        sequences=list(range(first, run.last_sequence + 1)),
        types=[event.type for event in events],
        job_ids=[event.job_id for event in events],
        data=[json_text(event.data) for event in events],
        outcome_ids=[event.outcome_id for event in events],
    )


async def workflow_take_number(connection: Connection, *, repository_id: UUID, file: str) -> RunNumbers:
    """Take the next number of a workflow's runs, and a number that no other run has."""
    record = await queries.workflow_take_number(connection, repository_id=repository_id, file=file)
    return RunNumbers(record["number"], record["numeric_id"])


def json_text(data: Mapping[str, Any]) -> str:
    """Return JSON that PostgreSQL takes: it has no character with the code 0."""
    return msgspec.json.encode(data).decode().replace("\\u0000", "\\ufffd")


def _run(record: Any) -> Run:
    fields = {name: record[name] for name in Run.__struct_fields__}
    return Run(**{**fields, "inputs": _inputs.decode(record["inputs"])})


def _logged(record: Any) -> LoggedEvent:
    fields = {name: record[name] for name in LoggedEvent.__struct_fields__}
    return LoggedEvent(**{**fields, "data": msgspec.Raw(record["data"].encode())})

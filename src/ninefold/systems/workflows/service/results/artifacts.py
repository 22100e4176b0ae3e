"""Artifacts of runs."""

import re
from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.workflows.errors import ArtifactNameTakenError, InvalidResultError, ResultNotFoundError
from ninefold.systems.workflows.model.results import ARTIFACT_PREFIX, Artifact, JobCaller, ResultState, Upload
from ninefold.systems.workflows.model.runs import RunEvent
from ninefold.systems.workflows.service.channels import Changed
from ninefold.systems.workflows.service.results.uploads import begin_upload
from ninefold.systems.workflows.service.runs.transitions import append
from ninefold.systems.workflows.store import artifacts as store
from ninefold.systems.workflows.store.uploads import upload_delete

ARTIFACTS_MAX: Final = 500
"""Of an attempt of a run, as on GitHub for a job."""

NAME_LENGTH_MAX: Final = 256

ZIP_TYPE: Final = "application/zip"
"""The media type of an archive."""

_FORBIDDEN: Final = re.compile(r'[":<>|*?\r\n\\/\x00]')


async def create_artifact(
    connection: Connection,
    caller: JobCaller,
    *,
    name: str,
    content_type: str,
    bytes_max: int,
    kept: timedelta,
    expires_at: datetime | None,
    at: datetime,
) -> Upload:
    """Create an artifact that is being uploaded; call it in a transaction. Returns its contents.

    Args:
        connection: the transaction.
        caller: the job.
        name: what it is called.
        content_type: the media type of what is uploaded; that of an archive is `ZIP_TYPE`.
        bytes_max: how large it may be.
        kept: for how long artifacts are kept at most, and if the job doesn't say.
        expires_at: until when the job wants it to be kept.
        at: now.

    Raises:
        InvalidResultError: it can't have this name.
        ArtifactNameTakenError: the attempt of the run has one of this name.
    """
    if not 1 <= len(name) <= NAME_LENGTH_MAX or _FORBIDDEN.search(name):
        raise InvalidResultError(
            f"An artifact can't have the name {name[:80]!r}.",
            field="name",
            remedy='Use up to 256 characters other than " : < > | * ? \\ / and line feeds.',
        )
    await _make_room(connection, caller, name=name, at=at)
    upload = await begin_upload(connection, caller, bytes_max=bytes_max, content_type=content_type, at=at)
    is_new = await store.artifact_insert(
        connection,
        artifact_id=new_id(),
        caller=caller,
        name=name,
        upload_id=upload.upload_id,
        created_at=at,
        expires_at=max(at + timedelta(minutes=1), min(expires_at or at + kept, at + kept)),
    )
    if not is_new:
        raise _name_taken(name)
    return upload


async def finish_artifact(
    connection: Connection, caller: JobCaller, *, name: str, size: int, sha256: bytes | None, at: datetime
) -> tuple[Artifact, Changed]:
    """Say that an artifact is whole, and log it; call it in a transaction.

    Raises:
        ResultNotFoundError: the attempt of the run has none of this name.
        InvalidResultError: its contents aren't there, or aren't those that the job has uploaded.
    """
    artifact = await _find_own(connection, caller, name=name, at=at)
    if artifact.size_bytes is None or artifact.sha256 is None:
        raise InvalidResultError(f"The contents of {name!r} aren't complete.", remedy="Upload them before.")
    if artifact.size_bytes != size or (sha256 is not None and sha256 != artifact.sha256):
        raise InvalidResultError(
            f"The contents of {name!r} have {artifact.size_bytes:,} bytes and the digest {artifact.sha256.hex()}, "
            f"and not those that were announced.",
            remedy="Upload them again.",
        )
    if artifact.state == ResultState.READY:
        return artifact, Changed()
    await store.artifact_set_ready(connection, artifact_id=artifact.artifact_id, ready_at=at)
    data = {
        "artifact_id": format_id(ARTIFACT_PREFIX, artifact.artifact_id),
        "name": name,
        "size": size,
        "digest": f"sha256:{artifact.sha256.hex()}",
    }
    event = RunEvent(type="artifact", job_id=caller.job_id, data=data)
    return artifact, await append(connection, caller.run_id, caller.attempt, [event], at)


async def list_artifacts(
    connection: Connection, *, organisation_id: UUID, run_id: UUID, at: datetime
) -> list[Artifact]:
    """Return the artifacts of a run, of each name those of the last attempt that has it, oldest first."""
    return await store.artifact_list(
        connection, organisation_id=organisation_id, run_id=run_id, at=at, limit=ARTIFACTS_MAX
    )


async def get_artifact(connection: Connection, *, organisation_id: UUID, artifact_id: UUID, at: datetime) -> Artifact:
    """Return an artifact that can be used.

    Raises:
        ResultNotFoundError: the organisation has none, or it has expired.
    """
    found = await store.artifact_find(connection, organisation_id=organisation_id, artifact_id=artifact_id, at=at)
    if found is None or found.state != ResultState.READY:
        raise ResultNotFoundError(
            f"There is no artifact {format_id(ARTIFACT_PREFIX, artifact_id)}.",
            field="artifact_id",
            remedy="List the artifacts of its run; it may have expired.",
        )
    return found


async def find_artifact(connection: Connection, caller: JobCaller, *, name: str, at: datetime) -> Artifact:
    """Return the artifact of a job's run with a name, of the last attempt that has it.

    Raises:
        ResultNotFoundError: there is none, or it isn't complete.
    """
    found = await store.artifact_find_by_name(connection, run_id=caller.run_id, name=name, attempt=None, at=at)
    if found is None or found.state != ResultState.READY:
        raise _no_artifact(name)
    return found


async def delete_artifact(connection: Connection, artifact: Artifact, *, at: datetime) -> None:
    """Delete an artifact; a job removes its contents. Call it in a transaction."""
    await delete_artifacts(connection, [artifact.artifact_id], at=at)


async def delete_artifacts(connection: Connection, artifact_ids: list[UUID], *, at: datetime) -> None:
    """Delete artifacts; a job removes their contents. Call it in a transaction."""
    upload_ids = await store.artifact_delete(connection, artifact_ids=artifact_ids)
    await upload_delete(connection, upload_ids=upload_ids, deleted_at=at)


def file_name_of(artifact: Artifact) -> str:
    """Return what the file with the contents of an artifact is called."""
    return f"{artifact.name}.zip" if artifact.content_type == ZIP_TYPE else artifact.name


async def _make_room(connection: Connection, caller: JobCaller, *, name: str, at: datetime) -> None:
    """Remove what an attempt to upload the same artifact has left, and check that there aren't too many."""
    listed = await list_artifacts(connection, organisation_id=caller.organisation_id, run_id=caller.run_id, at=at)
    if len(listed) >= ARTIFACTS_MAX:
        raise InvalidResultError(
            f"The run has {ARTIFACTS_MAX} artifacts.", field="name", remedy="Put several files into one artifact."
        )
    earlier = await store.artifact_find_by_name(
        connection, run_id=caller.run_id, name=name, attempt=caller.attempt, at=at
    )
    if earlier is not None and earlier.state == ResultState.UPLOADING and earlier.job_id == caller.job_id:
        await delete_artifact(connection, earlier, at=at)


async def _find_own(connection: Connection, caller: JobCaller, *, name: str, at: datetime) -> Artifact:
    found = await store.artifact_find_by_name(
        connection, run_id=caller.run_id, name=name, attempt=caller.attempt, at=at
    )
    if found is None or found.job_id != caller.job_id:
        raise _no_artifact(name)
    return found


def _no_artifact(name: str) -> ResultNotFoundError:
    return ResultNotFoundError(f"The run has no artifact {name[:80]!r}.", field="name", remedy="List its artifacts.")


def _name_taken(name: str) -> ArtifactNameTakenError:
    return ArtifactNameTakenError(
        f"An artifact with the name {name!r} exists in this run.",
        field="name",
        remedy="Choose another name, or set overwrite to true.",
    )

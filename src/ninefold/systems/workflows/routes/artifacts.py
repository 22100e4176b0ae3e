"""The HTTP routes for artifacts."""

from typing import Annotated, Any, Final
from urllib.parse import quote

import msgspec
from litestar import Response, delete, get
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath
from litestar.response import Stream

from ninefold.core.blobs import Blobs
from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.workflows.model.results import ARTIFACT_PREFIX, Artifact
from ninefold.systems.workflows.routes.run_wire import RunId
from ninefold.systems.workflows.routes.runs import RUN_PATH
from ninefold.systems.workflows.routes.wire import TAGS
from ninefold.systems.workflows.service.results import artifacts as service
from ninefold.systems.workflows.service.results.uploads import get_upload, read_contents
from ninefold.systems.workflows.service.runs.reading import get_run

ARTIFACT_PATH: Final = "/api/v1/workflows/artifacts/{artifact_id:str}"


class ArtifactId(PathId):
    """The id of an artifact."""

    prefix = ARTIFACT_PREFIX


class ArtifactView(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact of a run."""

    artifact_id: Annotated[str, msgspec.Meta(examples=[f"{ARTIFACT_PREFIX}_{EXAMPLE_ID}"])]
    name: Annotated[str, msgspec.Meta(examples=["report"])]
    file_name: Annotated[str, msgspec.Meta(examples=["report.zip"])]
    """What its file is called when it is downloaded."""
    size: Annotated[int, msgspec.Meta(examples=[48_213])]
    """Bytes of its file."""
    digest: Annotated[
        str, msgspec.Meta(examples=["sha256:9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08"])
    ]
    created_at: Timestamp
    expires_at: Timestamp


class ArtifactsView(msgspec.Struct, frozen=True, kw_only=True):
    """The artifacts of a run."""

    items: list[ArtifactView]


@get(f"{RUN_PATH}/artifacts", tags=TAGS)
async def list_run_artifacts(
    run_id: FromPath[RunId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> ArtifactsView:
    """List the artifacts of a run.

    Oldest first; of each name, that of the last attempt.
    """
    async with database.snapshot() as connection:
        await get_run(connection, organisation_id=principal.organisation_id, run_id=run_id)
        found = await service.list_artifacts(
            connection, organisation_id=principal.organisation_id, run_id=run_id, at=clock.now()
        )
    return ArtifactsView(items=[_show(each) for each in found])


@get(
    f"{ARTIFACT_PATH}/content",
    tags=TAGS,
    responses=bytes_response("application/octet-stream", description="Its file."),
)
async def download_artifact(
    artifact_id: FromPath[ArtifactId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    blobs: NamedDependency[Blobs],
    clock: NamedDependency[Clock],
) -> Response[Any]:
    """Download an artifact."""
    async with database.snapshot() as connection:
        artifact = await service.get_artifact(
            connection, organisation_id=principal.organisation_id, artifact_id=artifact_id, at=clock.now()
        )
        upload = await get_upload(connection, artifact.upload_id)
    size = artifact.size_bytes or 0
    headers = {
        "content-disposition": f"attachment; filename*=UTF-8''{quote(service.file_name_of(artifact), safe='')}",
        "content-length": str(size),
        # A browser saves it and never runs it, whatever a job has put into it.
        "content-security-policy": "sandbox; default-src 'none'",
    }
    contents = read_contents(database, blobs, upload, start=0, end=size)
    return Stream(contents, headers=headers, media_type="application/octet-stream")


@delete(ARTIFACT_PATH, tags=TAGS)
async def delete_artifact(
    artifact_id: FromPath[ArtifactId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> None:
    """Delete an artifact.

    Its contents are removed within a quarter of an hour.
    """
    at = clock.now()
    async with database.transaction() as connection:
        artifact = await service.get_artifact(
            connection, organisation_id=principal.organisation_id, artifact_id=artifact_id, at=at
        )
        await service.delete_artifact(connection, artifact, at=at)


def _show(artifact: Artifact) -> ArtifactView:
    return ArtifactView(
        artifact_id=format_id(ARTIFACT_PREFIX, artifact.artifact_id),
        name=artifact.name,
        file_name=service.file_name_of(artifact),
        size=artifact.size_bytes or 0,
        digest=f"sha256:{(artifact.sha256 or b'').hex()}",
        created_at=artifact.created_at,
        expires_at=artifact.expires_at,
    )


ARTIFACT_ROUTES: Final[list[HTTPRouteHandler]] = [list_run_artifacts, download_artifact, delete_artifact]

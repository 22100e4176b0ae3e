"""`github.actions.results.api.v1.ArtifactService`: artifacts, as version 4 of the official actions uses them."""

import binascii
from datetime import timedelta
from typing import Final

from litestar import post
from litestar.types import ControllerRouterHandler

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import FromBody, JsonRequest
from ninefold.systems.workflows.errors import InvalidResultError
from ninefold.systems.workflows.model.results import Artifact
from ninefold.systems.workflows.model.runs import JOB_PREFIX, RUN_PREFIX
from ninefold.systems.workflows.results.messages import (
    Answer,
    CreateArtifact,
    FinalizeArtifact,
    ListArtifacts,
    NameArtifact,
    number,
    timestamp,
)
from ninefold.systems.workflows.results.server import ResultsServer, base_url_of, caller_of
from ninefold.systems.workflows.service.channels import notify_changed
from ninefold.systems.workflows.service.results import artifacts as service
from ninefold.systems.workflows.service.results.addresses import sign_address
from ninefold.systems.workflows.service.results.uploads import BYTES_TYPE, get_upload

_SERVICE: Final = "/twirp/github.actions.results.api.v1.ArtifactService"
_SHA256: Final = "sha256:"
_FIRST_WITH_FILES: Final = 7
_TYPE_LENGTH_MAX: Final = 200


def artifact_routes(server: ResultsServer) -> list[ControllerRouterHandler]:
    """Return the methods."""
    return [*_uploading(server), *_using(server)]


def _uploading(server: ResultsServer) -> list[ControllerRouterHandler]:
    @post(f"{_SERVICE}/CreateArtifact", status_code=200)
    async def create_artifact(data: FromBody[CreateArtifact], request: JsonRequest) -> Answer:
        """Begin an artifact."""
        caller = caller_of(request, run=data.workflow_run_backend_id)
        at = server.clock.now()
        async with server.database.transaction() as connection:
            upload = await service.create_artifact(
                connection,
                caller,
                name=data.name,
                content_type=_content_type(data),
                bytes_max=server.settings.artifact_bytes_max,
                kept=timedelta(days=server.settings.artifacts_kept_days),
                expires_at=data.expires_at,
                at=at,
            )
        address = sign_address(upload, mode="w", base_url=base_url_of(request), at=at)
        return {"ok": True, "signed_upload_url": address}

    @post(f"{_SERVICE}/FinalizeArtifact", status_code=200)
    async def finalize_artifact(data: FromBody[FinalizeArtifact], request: JsonRequest) -> Answer:
        """End an artifact."""
        caller = caller_of(request, run=data.workflow_run_backend_id)
        async with server.database.transaction() as connection:
            artifact, changed = await service.finish_artifact(
                connection,
                caller,
                name=data.name,
                size=number(data.size),
                sha256=_digest(data.hash),
                at=server.clock.now(),
            )
        notify_changed(server.notifier, changed)
        return {"ok": True, "artifact_id": str(artifact.numeric_id)}

    return [create_artifact, finalize_artifact]


def _using(server: ResultsServer) -> list[ControllerRouterHandler]:
    @post(f"{_SERVICE}/ListArtifacts", status_code=200)
    async def list_artifacts(data: FromBody[ListArtifacts], request: JsonRequest) -> Answer:
        """List the artifacts of the run."""
        caller = caller_of(request, run=data.workflow_run_backend_id)
        async with server.database.connection() as connection:
            listed = await service.list_artifacts(
                connection, organisation_id=caller.organisation_id, run_id=caller.run_id, at=server.clock.now()
            )
        numeric_id = None if data.id_filter is None else number(data.id_filter)
        shown = [
            _show(each)
            for each in listed
            if data.name_filter in {None, each.name} and numeric_id in {None, each.numeric_id}
        ]
        return {"artifacts": shown}

    @post(f"{_SERVICE}/GetSignedArtifactURL", status_code=200)
    async def get_signed_artifact_url(data: FromBody[NameArtifact], request: JsonRequest) -> Answer:
        """Return an address that the artifact is downloaded from."""
        caller = caller_of(request, run=data.workflow_run_backend_id)
        at = server.clock.now()
        async with server.database.connection() as connection:
            artifact = await service.find_artifact(connection, caller, name=data.name, at=at)
            upload = await get_upload(connection, artifact.upload_id)
        address = sign_address(
            upload, mode="r", base_url=base_url_of(request), at=at, file_name=service.file_name_of(artifact)
        )
        return {"signed_url": address}

    @post(f"{_SERVICE}/DeleteArtifact", status_code=200)
    async def delete_artifact(data: FromBody[NameArtifact], request: JsonRequest) -> Answer:
        """Delete an artifact."""
        caller = caller_of(request, run=data.workflow_run_backend_id)
        at = server.clock.now()
        async with server.database.transaction() as connection:
            artifact = await service.find_artifact(connection, caller, name=data.name, at=at)
            await service.delete_artifact(connection, artifact, at=at)
        return {"ok": True, "artifact_id": str(artifact.numeric_id)}

    return [list_artifacts, get_signed_artifact_url, delete_artifact]


def _show(artifact: Artifact) -> Answer:
    assert artifact.sha256 is not None, "an artifact that can be used has contents"
    return {
        "workflow_run_backend_id": format_id(RUN_PREFIX, artifact.run_id),
        "workflow_job_run_backend_id": format_id(JOB_PREFIX, artifact.job_id),
        "database_id": str(artifact.numeric_id),
        "name": artifact.name,
        "size": str(artifact.size_bytes),
        "created_at": timestamp(artifact.created_at),
        "digest": f"{_SHA256}{artifact.sha256.hex()}",
    }


def _content_type(data: CreateArtifact) -> str:
    # Before version 7 there are only archives, and clients call their type `zip`.
    if data.version < _FIRST_WITH_FILES:
        return service.ZIP_TYPE
    given = data.mime_type or ""
    is_valid = "/" in given and given.isprintable() and given.isascii() and len(given) <= _TYPE_LENGTH_MAX
    return given if is_valid else BYTES_TYPE


def _digest(text: str | None) -> bytes | None:
    if not text:
        return None
    try:
        return binascii.unhexlify(text.removeprefix(_SHA256))
    except ValueError as error:
        raise InvalidResultError(
            "The digest isn't `sha256:` and hexadecimal digits.", field="hash", remedy="Correct it."
        ) from error

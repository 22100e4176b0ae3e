"""The routes of tus: make an upload, append to it, ask how far it is, end it."""

from typing import Any, Final

from litestar import Response, delete, get, head, patch, post, route
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.blobs import BLOB_BYTES_MAX
from ninefold.core.clock import Clock
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.audit import AuditEntry
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.access import Caller, access
from ninefold.core.web.bodies import RawRequest
from ninefold.core.web.errors import MethodNotAllowedError
from ninefold.core.web.ids import PathId
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX, Upload
from ninefold.systems.video.rules.checksums import Checksum
from ninefold.systems.video.service.actors import actor_of
from ninefold.systems.video.service.uploads import (
    create_upload,
    get_upload,
    resume_upload,
    terminate_upload,
)
from ninefold.systems.video.settings import VideoSettings
from ninefold.systems.video.tus.bodies import BodyReceiver
from ninefold.systems.video.tus.headers import (
    OFFSET_TYPE,
    RESUMABLE,
    UPLOADS_PATH,
    checksum_of,
    describe_server,
    describe_upload,
    length_of,
    number_in,
    path_of,
    require_bytes,
    require_version,
)

_UPLOAD: Final = f"{UPLOADS_PATH}/{{upload_id:str}}"
_NOT_AUDITED: Final = "Bytes are data at a high rate; that an upload was made is in the audit log."


class UploadId(PathId):
    """An upload's id in a path."""

    prefix = UPLOAD_PREFIX


@route(
    [UPLOADS_PATH, _UPLOAD],
    http_method=["OPTIONS"],
    status_code=204,
    opt=access(caller=Caller.ANYONE),
)
async def describe_video_uploads(video_settings: NamedDependency[VideoSettings]) -> Response[None]:
    """Say what the server can do."""
    headers = describe_server(upload_bytes_max=video_settings.upload_bytes_max)
    return Response(None, status_code=204, headers=headers)


@post(UPLOADS_PATH, status_code=201, request_max_body_size=BLOB_BYTES_MAX)
async def create_video_upload(
    *,
    request: RawRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    audit: NamedDependency[AuditEntry],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
    video_settings: NamedDependency[VideoSettings],
    receiver: NamedDependency[BodyReceiver],
) -> Response[dict[str, Any]]:
    """Make a title and its upload; the body can have its first bytes."""
    require_version(request)
    length = length_of(request)
    checksum = _checksum_in(request)
    async with database.transaction() as connection:
        upload, title, changed = await create_upload(
            connection,
            organisation_id=principal.organisation_id,
            length=length,
            metadata=request.headers.get("upload-metadata", ""),
            settings=video_settings,
            at=clock.now(),
        )
        audit.target_id = format_id(TITLE_PREFIX, title.title_id)
    changed.notify(notifier)
    if request.media_type == OFFSET_TYPE:
        upload = await receiver.receive(request, upload, offset=0, checksum=checksum)
    headers = {**describe_upload(upload), "Location": path_of(upload)}
    return Response(_show(upload), status_code=201, headers=headers, media_type="application/json")


@patch(_UPLOAD, status_code=204, request_max_body_size=BLOB_BYTES_MAX, opt=access(not_audited=_NOT_AUDITED))
async def append_to_video_upload(
    *,
    request: RawRequest,
    upload_id: FromPath[UploadId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    receiver: NamedDependency[BodyReceiver],
) -> Response[None]:
    """Append bytes."""
    return await _append(request, upload_id, principal, database, receiver)


@post(_UPLOAD, status_code=204, request_max_body_size=BLOB_BYTES_MAX, opt=access(not_audited=_NOT_AUDITED))
async def append_to_video_upload_by_post(
    *,
    request: RawRequest,
    upload_id: FromPath[UploadId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    receiver: NamedDependency[BodyReceiver],
) -> Response[None]:
    """Append bytes, for clients that can't send PATCH (tus 1.0, X-HTTP-Method-Override)."""
    if request.headers.get("x-http-method-override", "").upper() != "PATCH":
        raise MethodNotAllowedError("An upload isn't posted to.", allowed=["HEAD", "PATCH", "DELETE", "GET"])
    return await _append(request, upload_id, principal, database, receiver)


@head(_UPLOAD)
async def ask_for_video_upload(
    *,
    request: RawRequest,
    upload_id: FromPath[UploadId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> Response[None]:
    """Say how far an upload is. A request that still appends to it may not any more."""
    require_version(request)
    async with database.transaction() as connection:
        upload = await resume_upload(connection, upload_id, organisation_id=principal.organisation_id, at=clock.now())
    headers = {**describe_upload(upload), "Upload-Length": str(upload.length)}
    if upload.metadata:
        headers["Upload-Metadata"] = upload.metadata
    return Response(None, headers=headers)


@get(_UPLOAD)
async def get_video_upload(
    upload_id: FromPath[UploadId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> Response[dict[str, Any]]:
    """Show how far an upload is, as JSON; whoever appends to it goes on."""
    async with database.connection() as connection:
        upload = await get_upload(connection, upload_id, organisation_id=principal.organisation_id)
    return Response(_show(upload), headers=describe_upload(upload), media_type="application/json")


@delete(_UPLOAD, status_code=204)
async def terminate_video_upload(
    *,
    request: RawRequest,
    upload_id: FromPath[UploadId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
    clock: NamedDependency[Clock],
) -> Response[None]:
    """End an upload, and cancel its title."""
    require_version(request)
    async with database.transaction() as connection:
        changed = await terminate_upload(
            connection,
            upload_id,
            organisation_id=principal.organisation_id,
            by=await actor_of(connection, principal),
            at=clock.now(),
        )
    changed.notify(notifier)
    return Response(None, status_code=204, headers=RESUMABLE)


UPLOAD_ROUTES: Final[list[ControllerRouterHandler]] = [
    describe_video_uploads,
    create_video_upload,
    append_to_video_upload,
    append_to_video_upload_by_post,
    ask_for_video_upload,
    get_video_upload,
    terminate_video_upload,
]


async def _append(
    request: RawRequest, upload_id: UploadId, principal: Principal, database: Database, receiver: BodyReceiver
) -> Response[None]:
    require_version(request)
    require_bytes(request)
    offset = number_in(request, "Upload-Offset")
    checksum = _checksum_in(request)
    async with database.connection() as connection:
        upload = await get_upload(connection, upload_id, organisation_id=principal.organisation_id)
    upload = await receiver.receive(request, upload, offset=offset, checksum=checksum)
    return Response(None, status_code=204, headers=describe_upload(upload))


def _checksum_in(request: RawRequest) -> Checksum | None:
    text = checksum_of(request)
    return None if text is None else Checksum(text)


def _show(upload: Upload) -> dict[str, Any]:
    return {
        "upload_id": format_id(UPLOAD_PREFIX, upload.upload_id),
        "title_id": format_id(TITLE_PREFIX, upload.title_id),
        "bytes_received": upload.last_offset,
        "bytes_total": upload.length,
        "expires_at": None if upload.is_complete else upload.expires_at,
    }

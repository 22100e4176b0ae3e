"""The HTTP routes for files."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Response, delete, get, post
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, QueryParameter

from ninefold.core.blobs import BLOB_BYTES_MAX, Blobs, download
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import JsonRequest
from ninefold.core.web.openapi.requests import binary_body
from ninefold.core.web.openapi.responses import bytes_response
from ninefold.core.web.pagination import PAGE_LIMIT_DEFAULT, Cursor, Page, PagedList, PageLimit
from ninefold.core.web.problems import problem_responses
from ninefold.systems.messaging.routes.file_wire import FILES_PATH, FileId, FileView, show_file
from ninefold.systems.messaging.routes.wire import ACTS, READS, TAGS, MemberId
from ninefold.systems.messaging.rules.limits import FILE_NAME_LENGTH_MAX
from ninefold.systems.messaging.rules.media import is_shown_in_browsers
from ninefold.systems.messaging.service.files import files as service
from ninefold.systems.messaging.service.members import find_own_member, get_acting_member
from ninefold.systems.messaging.settings import MessagingSettings

_FILE: Final = f"{FILES_PATH}/{{file_id:str}}"

_file_list = PagedList("messaging_files", UUID)

FileName = Annotated[
    str,
    QueryParameter(
        min_length=1, max_length=FILE_NAME_LENGTH_MAX, description="What the file is called, such as `plan.pdf`."
    ),
]


@post(
    FILES_PATH,
    tags=TAGS,
    status_code=201,
    opt=ACTS | binary_body(),
    request_max_body_size=BLOB_BYTES_MAX,
    responses=problem_responses(404, 409),
)
async def upload_file(
    *,
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    blobs: NamedDependency[Blobs],
    messaging_settings: NamedDependency[MessagingSettings],
    name: FileName = "file",
    member_id: FromQuery[MemberId | None] = None,
) -> FileView:
    """Upload a file.

    The body is the file. Only you can read it until you post a message with its `file_id`; if you don't, it is deleted
    after a day. An API key names the member: `member_id`.
    """
    async with database.transaction() as connection:
        member = await get_acting_member(connection, principal, member_id=member_id)
    length = request.headers.get("content-length", "")
    size_max = messaging_settings.file_bytes_max
    file = await service.upload_file(
        database,
        blobs,
        request.stream(),
        member=member,
        name=name,
        declared_type=request.media_type,
        size_max=min(size_max, int(length)) if length.isdecimal() else size_max,
    )
    return show_file(file)


@get(FILES_PATH, tags=TAGS, opt=READS)
async def list_files(
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    cursor: FromQuery[Cursor | None] = None,
    limit: PageLimit = PAGE_LIMIT_DEFAULT,
) -> Page[FileView]:
    """List files.

    Latest first: those that you have uploaded, and those in channels that you can see. An API key sees all.
    """
    query = _file_list.query(cursor, limit)
    async with database.transaction() as connection:
        found = await service.list_files(
            connection,
            organisation_id=principal.organisation_id,
            member=await find_own_member(connection, principal),
            before=query.position,
            limit=query.rows_max,
        )
    return query.page(found, position_of=lambda each: each.file_id, show=show_file)


@get(_FILE, tags=TAGS, opt=READS)
async def get_file(
    file_id: FromPath[FileId], principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> FileView:
    """Show a file."""
    async with database.transaction() as connection:
        file = await service.get_file(connection, organisation_id=principal.organisation_id, file_id=file_id)
        await service.require_readable(connection, file, await find_own_member(connection, principal))
    return show_file(file)


@get(
    f"{_FILE}/content",
    tags=TAGS,
    opt=READS,
    responses=bytes_response("*/*", has_ranges=True, description="The file."),
)
async def download_file(
    *,
    file_id: FromPath[FileId],
    request: JsonRequest,
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    blobs: NamedDependency[Blobs],
) -> Response[Any]:
    """Download a file.

    Whole, or a part of it with the header `Range`. Browsers show images, videos, sound and PDFs, and save the rest.
    """
    async with database.transaction() as connection:
        file = await service.get_file(connection, organisation_id=principal.organisation_id, file_id=file_id)
        await service.require_readable(connection, file, await find_own_member(connection, principal))
        blob = await service.get_contents(connection, file)
    return await download(blobs, blob, request, file_name=file.name, is_inline=is_shown_in_browsers(file.media_type))


@delete(_FILE, tags=TAGS, opt=ACTS, responses=problem_responses(403, 409))
async def delete_file(
    *,
    file_id: FromPath[FileId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    notifier: NamedDependency[Notifier],
) -> None:
    """Delete a file.

    Only your own; an API key deletes those of all members. Messages say that it was deleted. This can't be undone.
    """
    async with database.transaction() as connection:
        file = await service.get_file(connection, organisation_id=principal.organisation_id, file_id=file_id)
        member = await find_own_member(connection, principal)
        await service.require_readable(connection, file, member)
    await service.delete_file(database, notifier, file=file, member=member)


FILE_ROUTES: Final[list[HTTPRouteHandler]] = [upload_file, list_files, get_file, download_file, delete_file]

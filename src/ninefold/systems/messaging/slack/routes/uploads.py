"""The addresses of files: where clients send the bytes of an upload, and where they read those of a file.

The address of an upload takes its bytes once, without a token. To read a file, the token has to be in the header.
"""

from collections.abc import AsyncIterator
from typing import Any, Final

from litestar import Response, get, post
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from ninefold.core.blobs import BLOB_BYTES_MAX, download
from ninefold.core.errors import PayloadTooLargeError
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import RawRequest, UploadedFile
from ninefold.core.web.bodies.forms import parse_multipart
from ninefold.core.web.errors import BadFormError
from ninefold.core.web.surfaces import Authenticate, Connection, Surface
from ninefold.systems.messaging.rules.media import is_shown_in_browsers
from ninefold.systems.messaging.service.files import files as service
from ninefold.systems.messaging.service.files.uploads import find_upload, receive_upload
from ninefold.systems.messaging.service.tokens import BOT_TOKEN, TOKEN_KINDS
from ninefold.systems.messaging.slack.callers import find_caller, granted_scopes, require_scope
from ninefold.systems.messaging.slack.calls import Server
from ninefold.systems.messaging.slack.file_objects import FILES_PATH

MULTIPART_BYTES_MAX: Final = 64 * 1024 * 1024
"""A form is read into memory. Larger files have to be the body itself, as Slack's own clients send them."""

_MULTIPART: Final = "multipart/form-data"
_UPLOAD: Final = f"{FILES_PATH}/upload"


def file_surface(server: Server) -> Surface:
    """Return the surface of these addresses."""
    return Surface(
        path=FILES_PATH,
        routes=_routes(server),
        authenticate=_authentication(server),
        request_class=RawRequest,
    )


def _authentication(server: Server) -> Authenticate:
    async def authenticate(connection: Connection) -> Principal | None:
        if connection.scope["path"].startswith(f"{_UPLOAD}/"):
            return None
        scheme, _, text = connection.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not text.strip():
            raise BOT_TOKEN.errors.missing("The request has no token.", remedy=BOT_TOKEN.remedy)
        async with server.database.connection() as database_connection:
            principal = await tenancy.authenticate(database_connection, text.strip(), kinds=TOKEN_KINDS)
        require_scope(granted_scopes(principal), frozenset({"files:read"}))
        return principal

    return authenticate


def _routes(server: Server) -> list[ControllerRouterHandler]:
    @post(f"{_UPLOAD}/{{key:str}}", status_code=200, request_max_body_size=BLOB_BYTES_MAX)
    async def receive(request: RawRequest, key: FromPath[str]) -> Response[str]:
        """Receive the bytes of a file, as the body or as the first file of a form."""
        async with server.database.connection() as connection:
            file = await find_upload(connection, key)
        chunks, declared = await _read(request)
        uploaded = await receive_upload(server.database, server.blobs, chunks, file=file, declared_type=declared)
        return Response(f"OK - {uploaded.size_bytes}", media_type="text/plain")

    @get(f"{FILES_PATH}/{{slack_id:str}}/{{name:str}}")
    async def read(request: RawRequest, slack_id: FromPath[str], name: FromPath[str]) -> Response[Any]:
        """Return a file."""
        del name
        async with server.database.transaction() as connection:
            member = await find_caller(connection, request.auth)
            file = await service.get_file_by_slack_id(
                connection, organisation_id=member.organisation_id, slack_id=slack_id
            )
            await service.require_readable(connection, file, member)
            blob = await service.get_contents(connection, file)
        return await download(
            server.blobs, blob, request, file_name=file.name, is_inline=is_shown_in_browsers(file.media_type)
        )

    return [receive, read]


async def _read(request: RawRequest) -> tuple[AsyncIterator[bytes], str]:
    """Return the bytes of an upload, and what their type is said to be."""
    if request.media_type != _MULTIPART:
        # Clients send everything as a form, or without a type.
        return request.stream(), ""
    content = bytearray()
    async for chunk in request.stream():
        content += chunk
        if len(content) > MULTIPART_BYTES_MAX:
            raise PayloadTooLargeError(
                f"The form is larger than {MULTIPART_BYTES_MAX:,} bytes.", remedy="Send the file as the body."
            )
    _, options = request.content_type
    fields = parse_multipart(bytes(content), boundary=options.get("boundary", ""))
    found = next((value for value in fields.values() if isinstance(value, UploadedFile)), None)
    if found is None:
        raise BadFormError("The form has no file.", remedy="Send the file as a part with a file name.")

    async def one() -> AsyncIterator[bytes]:
        yield found.content

    return one(), found.media_type

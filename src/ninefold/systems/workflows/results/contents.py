"""The addresses of contents, with the part of Azure's protocol that official clients use for them.

Put Block, Put Block List, Put Blob, and Get Blob with ranges. The address itself is the credential.
"""

from email.utils import format_datetime
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from litestar import Response, get, head, put
from litestar.params import FromPath
from litestar.response import Stream
from litestar.types import ControllerRouterHandler
from lxml import etree

from ninefold.core.blobs.ranges import ByteRange, UnsatisfiableRangeError, parse_range
from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.web.bodies import RawRequest
from ninefold.systems.workflows.errors import AddressInvalidError, InvalidResultError, ResultNotFoundError
from ninefold.systems.workflows.model.results import WHOLE_BLOCK, Upload
from ninefold.systems.workflows.results.server import ResultsServer
from ninefold.systems.workflows.service.results.addresses import BLOBS_PATH, UPLOAD_PREFIX, Mode, check_address
from ninefold.systems.workflows.service.results.uploads import (
    BLOCK_BYTES_MAX,
    BLOCKS_MAX,
    commit_blocks,
    get_upload,
    put_block,
    read_contents,
)

LIST_BYTES_MAX: Final = 2 * 1024 * 1024
"""Of a list of blocks."""

_CONTENTS: Final = f"{BLOBS_PATH}/contents/{{name:str}}"
_VERSION: Final = "2024-11-04"
_CREATED: Final = 201
_NAME_LENGTH_MAX: Final = 100
_DIGITS_MAX: Final = 12


def content_routes(server: ResultsServer) -> list[ControllerRouterHandler]:
    """Return the routes."""

    @put(_CONTENTS, status_code=_CREATED, request_max_body_size=BLOCK_BYTES_MAX)
    async def put_contents(request: RawRequest, name: FromPath[str]) -> Response[Any]:
        """Take a block, the list of blocks, or everything at once."""
        upload = await _open(server, request, name, mode="w")
        part = request.query_params.get("comp", "")
        if part == "block":
            await _put_block(server, request, upload, block_name=request.query_params.get("blockid", ""))
        elif part == "blocklist":
            await _commit(server, upload, _read_list(await _read_body(request)))
        elif part:
            raise InvalidResultError(f"comp={part[:40]} isn't supported.", field="comp", remedy="Put blocks.")
        else:
            await _put_block(server, request, upload, block_name=WHOLE_BLOCK)
            await _commit(server, upload, [WHOLE_BLOCK])
        return Response(b"", status_code=_CREATED, headers=_headers(upload))

    @get(_CONTENTS)
    async def get_contents(request: RawRequest, name: FromPath[str]) -> Response[Any]:
        """Send the contents, or a range of them."""
        upload = await _open(server, request, name, mode="r")
        size = _size_of(upload)
        headers = _read_headers(upload, request)
        try:
            # Azure's own header comes first.
            found = parse_range(request.headers.get("x-ms-range") or request.headers.get("range"), size=size)
        except UnsatisfiableRangeError:
            return Response(b"", status_code=416, headers={**headers, "content-range": f"bytes */{size}"})
        part = found or ByteRange(start=0, end=size)
        headers["content-length"] = str(part.end - part.start)
        if found is not None:
            headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{size}"
        contents = read_contents(server.database, server.blobs, upload, start=part.start, end=part.end)
        return Stream(
            contents, status_code=200 if found is None else 206, headers=headers, media_type=upload.content_type
        )

    @head(_CONTENTS)
    async def head_contents(request: RawRequest, name: FromPath[str]) -> Response[None]:
        """Say how many bytes there are."""
        upload = await _open(server, request, name, mode="r")
        headers = {**_read_headers(upload, request), "content-length": str(_size_of(upload))}
        return Response(None, headers=headers, media_type=upload.content_type)

    return [put_contents, get_contents, head_contents]


async def _open(server: ResultsServer, request: RawRequest, name: str, *, mode: Mode) -> Upload:
    """Return the contents of an address.

    Raises:
        ResultNotFoundError: there are none.
        AddressInvalidError: the address isn't signed for this, or has expired.
    """
    query = request.query_params
    expires = query.get("se", "")
    if query.get("sp") != mode or not expires.isdecimal() or len(expires) > _DIGITS_MAX:
        raise AddressInvalidError("The address isn't signed for this.", remedy="Ask for another one.")
    async with server.database.connection() as connection:
        upload = await get_upload(connection, _id_of(name))
    check_address(upload, mode=mode, expires=int(expires), signature=query.get("sig", ""), at=server.clock.now())
    return upload


def _id_of(name: str) -> UUID:
    try:
        return parse_id(UPLOAD_PREFIX, name)
    except InvalidIdError as error:
        raise ResultNotFoundError("There are no such contents.", remedy="Ask for another address.") from error


async def _put_block(server: ResultsServer, request: RawRequest, upload: Upload, *, block_name: str) -> None:
    if not 1 <= len(block_name) <= _NAME_LENGTH_MAX or "\0" in block_name:
        raise InvalidResultError(
            f"A block has a name of 1 to {_NAME_LENGTH_MAX} characters.", field="blockid", remedy="Name it."
        )
    length = request.headers.get("content-length", "")
    await put_block(
        server.database,
        server.blobs,
        upload,
        request.stream(),
        block_name=block_name,
        size=int(length) if length.isdecimal() else None,
    )


async def _commit(server: ResultsServer, upload: Upload, block_names: list[str]) -> None:
    await commit_blocks(server.database, server.blobs, upload, block_names, at=server.clock.now())


async def _read_body(request: RawRequest) -> bytes:
    content = bytearray()
    async for piece in request.stream():
        content += piece
        if len(content) > LIST_BYTES_MAX:
            raise InvalidResultError(
                f"The list of blocks has more than {LIST_BYTES_MAX:,} bytes.", remedy="Upload larger blocks."
            )
    return bytes(content)


def _read_list(content: bytes) -> list[str]:
    """Return the names of blocks in a list (Azure, Put Block List).

    Raises:
        InvalidResultError: it isn't such a list.
    """
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False)
    try:
        root = etree.fromstring(content, parser)
    except etree.XMLSyntaxError as error:
        raise InvalidResultError("The list of blocks isn't XML.", remedy="Send `<BlockList>…`.") from error
    names = [(each.text or "").strip() for each in root if each.tag in {"Latest", "Uncommitted", "Committed"}]
    if root.tag != "BlockList" or len(names) != len(root) or not len(names) <= BLOCKS_MAX:
        raise InvalidResultError(
            f"The list of blocks isn't one of up to {BLOCKS_MAX:,} blocks.", remedy="Send `<BlockList><Latest>…`."
        )
    return names


def _size_of(upload: Upload) -> int:
    if upload.size_bytes is None:
        raise ResultNotFoundError("The contents aren't complete.", remedy="Try again later.")
    return upload.size_bytes


def _headers(upload: Upload) -> dict[str, str]:
    return {
        "etag": f'"0x{upload.upload_id.hex}"',
        "last-modified": format_datetime(upload.committed_at or upload.created_at, usegmt=True),
        "x-ms-version": _VERSION,
        "x-ms-request-server-encrypted": "true",
    }


def _read_headers(upload: Upload, request: RawRequest) -> dict[str, str]:
    name = request.query_params.get("name", "")[:300]
    return {
        **_headers(upload),
        "accept-ranges": "bytes",
        "cache-control": "private, no-cache",
        "content-disposition": f"attachment; filename*=UTF-8''{quote(name or 'contents', safe='')}",
        "content-security-policy": "sandbox; default-src 'none'",
        "x-ms-blob-type": "BlockBlob",
    }

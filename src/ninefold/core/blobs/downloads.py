"""Answers a GET for a blob: whole or a range of it, with validators, and safe to open whatever it contains."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

from litestar import Request, Response
from litestar.response import Stream

from ninefold.core.blobs.model import Blob
from ninefold.core.blobs.ranges import ByteRange, UnsatisfiableRangeError, parse_range
from ninefold.core.blobs.service import Blobs


async def download(
    blobs: Blobs, blob: Blob, request: Request[Any, Any, Any], *, file_name: str, is_inline: bool = False
) -> Response[Any]:
    """Return the response for a blob: 200, 206 for a range, 304 if the client has it, or 416.

    The caller has checked who may read it. A browser saves it, or shows it if it can't do harm, and never runs it,
    because anybody may have made it.

    Args:
        blobs: reads the contents.
        blob: the blob.
        request: the GET or HEAD request, with `Range`, `If-Range` and `If-None-Match`.
        file_name: the name that a browser saves it under.
        is_inline: whether a browser shows it instead, because of its type: an image, a video, sound, or a PDF.

    Raises:
        BlobContentsMissingError: something other than Ninefold has removed the contents.
        BlobStoreUnavailableError: the store doesn't answer, or refuses.
    """
    headers = _headers_of(blob, file_name=file_name, is_inline=is_inline)
    if _has_already(request.headers.get("if-none-match", ""), etag=headers["etag"]):
        return Response(b"", status_code=304, headers=headers)
    try:
        part = _range_of(request, blob, etag=headers["etag"])
    except UnsatisfiableRangeError:
        return Response(b"", status_code=416, headers={**headers, "content-range": f"bytes */{blob.size_bytes}"})
    whole = ByteRange(start=0, end=blob.size_bytes)
    if part is None:
        return await _send(blobs, blob, whole, status_code=200, headers=headers)
    headers["content-range"] = f"bytes {part.start}-{part.end - 1}/{blob.size_bytes}"
    return await _send(blobs, blob, part, status_code=206, headers=headers)


def _headers_of(blob: Blob, *, file_name: str, is_inline: bool) -> dict[str, str]:
    is_pdf = is_inline and blob.content_type == "application/pdf"
    disposition = "inline" if is_inline else "attachment"
    return {
        "accept-ranges": "bytes",
        # Access may end, so a cache has to ask each time; the contents never change.
        "cache-control": "private, no-cache",
        "content-disposition": f"{disposition}; filename*=UTF-8''{quote(file_name, safe='')}",
        # Browsers show no PDF in a sandbox of this kind; they have one of their own for it.
        "content-security-policy": "default-src 'none'" if is_pdf else "sandbox; default-src 'none'",
        "etag": f'"{blob.sha256.hex()}"',
    }


def _has_already(header: str, *, etag: str) -> bool:
    """Whether an `If-None-Match` header names this blob; proxies that compress make an ETag weak."""
    tags = [tag.strip().removeprefix("W/") for tag in header.split(",")]
    return etag in tags or tags == ["*"]


def _range_of(request: Request[Any, Any, Any], blob: Blob, *, etag: str) -> ByteRange | None:
    if request.headers.get("if-range", etag) != etag:
        return None
    return parse_range(request.headers.get("range"), size=blob.size_bytes)


async def _send(
    blobs: Blobs, blob: Blob, part: ByteRange, *, status_code: int, headers: dict[str, str]
) -> Response[Any]:
    """Return the response with a part of a blob; its first piece is read now, so that an error still has a status."""
    pieces = blobs.read(blob, start=part.start, end=part.end)
    first = await anext(pieces, b"")
    headers = {**headers, "content-length": str(part.end - part.start)}
    return Stream(_following(first, pieces), status_code=status_code, headers=headers, media_type=blob.content_type)


async def _following(first: bytes, rest: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
    yield first
    async for piece in rest:
        yield piece

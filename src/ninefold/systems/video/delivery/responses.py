"""Responses with a file: whole, a range of it, or that the client has it already (RFC 9110 §13, §14)."""

from typing import Final

from litestar.types import Scope, Send

from ninefold.core.blobs.ranges import UnsatisfiableRangeError, parse_range
from ninefold.core.web.headers import Headers
from ninefold.core.web.memory import memory_response
from ninefold.systems.video.delivery.hot_set import HotFile

IMMUTABLE: Final = "public, max-age=31536000, immutable"
"""For what never changes under its name."""

CORS: Final[Headers] = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"accept-ranges, content-length, content-range, etag, retry-after, x-request-id",
    ),
    (b"cross-origin-resource-policy", b"cross-origin"),
    (b"timing-allow-origin", b"*"),
]
"""Any page may play a title, with a token in the address and no cookie."""

_PREFLIGHT: Final[Headers] = [
    *CORS,
    (b"access-control-allow-methods", b"GET, HEAD, POST, OPTIONS"),
    (b"access-control-allow-headers", b"content-type, if-none-match, range"),
    (b"access-control-max-age", b"86400"),
]


def hot_file(body: bytes, *, tag: str, content_type: str, cache_control: str) -> HotFile:
    """Return a file with the headers of its response, which are then made once only."""
    quoted = f'"{tag}"'
    headers = [
        *CORS,
        (b"accept-ranges", b"bytes"),
        (b"cache-control", cache_control.encode()),
        (b"content-type", content_type.encode()),
        (b"etag", quoted.encode()),
    ]
    return HotFile(body, quoted, headers, memory_response(headers, body))


def with_cache_control(file: HotFile, cache_control: str) -> HotFile:
    """Return a file that is to be kept for another time."""
    kept = [(name, value) for name, value in file.headers if name != b"cache-control"]
    headers = [*kept, (b"cache-control", cache_control.encode())]
    return HotFile(file.body, file.tag, headers, memory_response(headers, file.body))


async def send_file(scope: Scope, send: Send, file: HotFile) -> None:
    """Send a file, as the request's headers say."""
    range_header = if_range = if_none_match = None
    for name, value in scope["headers"]:
        if name == b"range":
            range_header = value.decode("latin-1")
        elif name == b"if-range":
            if_range = value.decode("latin-1")
        elif name == b"if-none-match":
            if_none_match = value.decode("latin-1")
    if if_none_match is not None and _has_already(if_none_match, tag=file.tag):
        await _send(send, 304, file.headers, b"")
    elif range_header is None or if_range not in (None, file.tag):
        await _send(send, 200, file.response.headers, file.body)
    else:
        await _send_range(send, file, range_header)


async def send_preflight(send: Send) -> None:
    """Answer OPTIONS."""
    await _send(send, 204, _PREFLIGHT, b"")


async def send_nothing(send: Send, *, cache_control: str) -> None:
    """Answer that there is nothing to say."""
    await _send(send, 204, [*CORS, (b"cache-control", cache_control.encode())], b"")


async def _send_range(send: Send, file: HotFile, header: str) -> None:
    size = len(file.body)
    try:
        part = parse_range(header, size=size)
    except UnsatisfiableRangeError:
        await _send(send, 416, [*file.headers, _range(f"*/{size}"), (b"content-length", b"0")], b"")
        return
    if part is None:
        # Several ranges, or something that isn't one: everything.
        await _send(send, 200, [*file.headers, (b"content-length", b"%d" % size)], file.body)
        return
    length = (b"content-length", b"%d" % (part.end - part.start))
    sent = [*file.headers, _range(f"{part.start}-{part.end - 1}/{size}"), length]
    await _send(send, 206, sent, file.body[part.start : part.end])


def _range(text: str) -> tuple[bytes, bytes]:
    return b"content-range", f"bytes {text}".encode()


def _has_already(header: str, *, tag: str) -> bool:
    """Whether an `If-None-Match` header names this file; proxies that compress make an ETag weak."""
    tags = [each.strip().removeprefix("W/") for each in header.split(",")]
    return tag in tags or tags == ["*"]


async def _send(send: Send, status: int, headers: Headers, body: bytes) -> None:
    # RequestCycle adds headers of its own to a copy.
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})

"""Serves the web console: one page for all of its addresses, the API reference, and the files that both load.

The files are built from `console/` into the package, by `make console`. This module knows nothing of what they do.
"""

import gzip
import hashlib
import mimetypes
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import cache
from html import escape
from pathlib import Path
from typing import Any, Final

import msgspec
from litestar import Request, Response, get
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.errors import NinefoldError, NotFoundError
from ninefold.core.web.errors import RouteNotFoundError
from ninefold.core.web.problems import show_problem

CONSOLE_FOLDER: Final = Path(__file__).parents[2] / "console"
"""Where the build puts the console."""

_PAGE: Final = "index.html"
_REFERENCE: Final = "docs.html"
_SYSTEMS_MARK: Final = 'name="ninefold-systems" content=""'
_GZIP_BYTES_MIN: Final = 1_000
_COMPRESSED_TYPES: Final = ("text/", "application/json", "image/svg+xml")

# The names of files below `assets/` contain a digest of their content.
_KEEP: Final = "public, max-age=31536000, immutable"
_ASK_EACH_TIME: Final = "no-cache"

_SECURITY_HEADERS: Final = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; "
        # hls.js gives a film that it puts together a `blob:` address, and its captions an empty `data:` one.
        "media-src 'self' blob: data:; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}

PAGES: Final = ("/", "/setup", "/sign-in", "/invitation", "/password-reset", "/settings")
"""The addresses of the console besides those of systems. Everything below them belongs to the console too."""


class ConsoleMissingError(NotFoundError):
    """The console was not built into this installation."""

    code = "console_missing"
    title = "Console not built"


class ConsoleFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file of the console, in the forms in which it is sent."""

    content: bytes
    compressed: bytes | None
    media_type: str
    etag: str
    cache_control: str


def console_routes(systems: Sequence[str], *, folder: Path = CONSOLE_FOLDER) -> list[HTTPRouteHandler]:
    """Return the routes of the console; none needs a session, because they contain nothing of an organisation.

    Args:
        systems: the names of the enabled systems, whose pages are below `/<name>`.
        folder: where the console was built.
    """
    files = read_console(folder, tuple(systems))

    @get(list(_page_paths(systems)), include_in_schema=False)
    async def get_console(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the console's page, which shows what its address names."""
        if _PAGE not in files:
            raise ConsoleMissingError(
                "The web console isn't built into this installation.", remedy="Run `make console`, then restart."
            )
        return _send(files[_PAGE], request)

    @get("/docs", include_in_schema=False)
    async def get_docs(request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return the API reference, a page that shows the OpenAPI document."""
        if _REFERENCE not in files:
            raise ConsoleMissingError(
                "The API reference isn't built into this installation.",
                remedy="Run `make console`, then restart. The OpenAPI document is at /openapi.json.",
            )
        return _send(files[_REFERENCE], request)

    @get("/assets/{name:str}", include_in_schema=False)
    async def get_asset(name: FromPath[str], request: Request[Any, Any, Any]) -> Response[bytes]:
        """Return a file that the page loads."""
        if f"assets/{name}" not in files:
            raise NotFoundException
        return _send(files[f"assets/{name}"], request)

    return [get_console, get_docs, get_asset]


def console_errors(
    systems: Sequence[str], *, folder: Path = CONSOLE_FOLDER
) -> Callable[[Request[Any, Any, Any], NinefoldError], Response[Any]]:
    """Return what shows errors at the root: a browser at an unknown address gets the console's page, with a 404.

    The page says that there is no such address, and leads back. Programs get a problem, as from all other routes.
    """
    files = read_console(folder, tuple(systems))

    def show_error(request: Request[Any, Any, Any], error: NinefoldError) -> Response[Any]:
        if not (isinstance(error, RouteNotFoundError) and _PAGE in files and _is_page_wanted(request)):
            return show_problem(request, error)
        headers = {**_SECURITY_HEADERS, "cache-control": "no-store", "vary": "Accept"}
        page = files[_PAGE]
        return Response(page.content, status_code=error.http_status, media_type=page.media_type, headers=headers)

    return show_error


def _is_page_wanted(request: Request[Any, Any, Any]) -> bool:
    return request.method == "GET" and "text/html" in request.headers.get("accept", "")


@cache
def read_console(folder: Path, systems: tuple[str, ...]) -> dict[str, ConsoleFile]:
    """Return the files of the console by their paths; none if it wasn't built."""
    paths = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {path.relative_to(folder).as_posix(): _read(path, folder, systems) for path in paths}


def _read(path: Path, folder: Path, systems: Iterable[str]) -> ConsoleFile:
    content = path.read_bytes()
    if path.name == _PAGE:
        names = escape(" ".join(systems), quote=True)
        content = content.replace(_SYSTEMS_MARK.encode(), f'name="ninefold-systems" content="{names}"'.encode())
    media_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    is_text = media_type.startswith(_COMPRESSED_TYPES) and len(content) >= _GZIP_BYTES_MIN
    return ConsoleFile(
        content=content,
        compressed=gzip.compress(content, mtime=0) if is_text else None,
        media_type=media_type,
        etag=f'"{hashlib.sha256(content).hexdigest()[:32]}"',
        cache_control=_KEEP if path.parent != folder else _ASK_EACH_TIME,
    )


def _page_paths(systems: Iterable[str]) -> Iterator[str]:
    for page in [*PAGES, *(f"/{name}" for name in systems)]:
        yield page
        if page != "/":
            yield f"{page}/{{rest:path}}"


def _send(file: ConsoleFile, request: Request[Any, Any, Any]) -> Response[bytes]:
    headers = {**_SECURITY_HEADERS, "cache-control": file.cache_control, "etag": file.etag, "vary": "Accept-Encoding"}
    if request.headers.get("if-none-match") == file.etag:
        return Response(b"", status_code=304, headers=headers)
    if file.compressed is None or "gzip" not in request.headers.get("accept-encoding", ""):
        return Response(file.content, media_type=file.media_type, headers=headers)
    return Response(file.compressed, media_type=file.media_type, headers={**headers, "content-encoding": "gzip"})

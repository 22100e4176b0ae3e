"""`GET /stream/{token}/{title_id}/{name}`: sends manifests, segments, pictures and subtitles to players.

A file in the hot set costs one look at the token and two dictionaries, and no database.
"""

import asyncio
import re
import time
from collections.abc import Awaitable
from functools import partial
from typing import Any, Final, Protocol, TypeVar

from litestar.types import Receive, Scope, Send

from ninefold.core.blobs.service import Blobs
from ninefold.core.postgres.database import Database
from ninefold.core.queue.notifier import Notifier
from ninefold.core.web.errors import MethodNotAllowedError
from ninefold.systems.video.delivery.checked_tokens import CheckedTokens
from ninefold.systems.video.delivery.hot_responses import HITS, SENT_BYTES, STREAM_ROUTE, HotResponses
from ninefold.systems.video.delivery.hot_set import HotFile, HotSet
from ninefold.systems.video.delivery.keeper import Keeper
from ninefold.systems.video.delivery.manifests import FINAL_CACHE, GROWING_CACHE, manifest_file
from ninefold.systems.video.delivery.names import FileName, parse_name
from ninefold.systems.video.delivery.responses import (
    IMMUTABLE,
    hot_file,
    send_file,
    send_nothing,
    send_preflight,
    with_cache_control,
)
from ninefold.systems.video.delivery.titles import Titles
from ninefold.systems.video.errors import PlayTokenInvalidError
from ninefold.systems.video.packaging.dash import BEST
from ninefold.systems.video.packaging.hls import INSTEAD
from ninefold.systems.video.service.delivery import (
    Content,
    best_rung,
    not_found,
    read_init,
    read_initialized,
    read_poster,
    read_segment,
    read_sheet,
    read_subtitles,
)
from ninefold.systems.video.service.tokens import STREAM_PATH, PlaySigner, PlayToken

BEACONS: Final = "beacons"

CHECK: Final = "check"
"""Says only whether the token is valid: for caches that ask before they send what they have."""

CHECKED_FOR_S_MAX: Final = 60
"""How long such a cache may remember the answer."""

_BEST: Final = BEST.encode()
_INSTEAD: Final = re.compile(rb"%s=([0-9A-Za-z]{1,16})" % INSTEAD.encode())

T = TypeVar("T")


class TakeBeacons(Protocol):
    """Takes what a player says about itself."""

    async def __call__(self, token: PlayToken, scope: Scope, receive: Receive, send: Send) -> None:
        """Read the body and answer."""
        ...


class StreamApplication:
    """The ASGI application.

    Args:
        database: where titles are.
        blobs: where segments are.
        notifier: says which titles have changed.
        signer: checks tokens.
        hot_set_bytes_max: what the files in memory can have together.
        take_beacons: answers POST to `beacons`; None if nothing does.
    """

    def __init__(
        self,
        database: Database,
        blobs: Blobs,
        notifier: Notifier,
        signer: PlaySigner,
        *,
        hot_set_bytes_max: int,
        take_beacons: TakeBeacons | None = None,
    ) -> None:
        self._database = database
        self._blobs = blobs
        self._take_beacons = take_beacons
        self._hot_set: Final = HotSet(bytes_max=hot_set_bytes_max)
        self._titles: Final = Titles(database, clock=time.monotonic)
        self._keeper: Final = Keeper(database, notifier, self._hot_set, self._titles, clock=time.monotonic)
        self._tokens: Final = CheckedTokens(signer)
        self.hot_responses: Final = HotResponses(self._tokens, self._hot_set, self._keeper)
        """What is sent from memory before anything else is done for a request."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request.

        Raises:
            PlayTokenInvalidError: the token isn't one, or is another title's.
            PlayTokenExpiredError: the time of the token is over.
            StreamFileNotFoundError: the title has no such file.
            TitleNotFoundError: the title is deleted or canceled.
            NotPlayableYetError: there is no manifest yet.
            MethodNotAllowedError: files are only read.
            BlobStoreUnavailableError: the store doesn't answer.
        """
        request: Any = scope
        request["path_template"] = STREAM_ROUTE
        if request["method"] == "OPTIONS":
            await send_preflight(send)
            return
        text, _, path = request["path"].removeprefix(f"{STREAM_PATH}/").partition("/")
        checked = self._tokens.check(text)
        if not f"{path}/".startswith(checked.folder):
            raise PlayTokenInvalidError(
                "The token in the address is for another title.", remedy="Use the address that the API gives with it."
            )
        token, name = checked.token, path.removeprefix(checked.folder)
        self._keeper.look_now_and_then()
        if name == BEACONS and self._take_beacons is not None:
            _require_method(request["method"], "POST", "OPTIONS")
            await self._take_beacons(token, scope, receive, send)
            return
        _require_method(request["method"], "GET", "HEAD", "OPTIONS")
        if name == CHECK:
            await send_nothing(send, cache_control=f"public, max-age={_checked_for_s(token)}")
            return
        if request["query_string"] and name.endswith(".m4s"):
            path += _known_query(request["query_string"])
        file = self._hot_set.get(path)
        if file is None:
            file = await _unless_gone(receive, self._find(token, path, name))
            if file is None:
                return
        else:
            HITS.inc()
        SENT_BYTES.inc(len(file.body))
        await send_file(scope, send, file)

    async def _find(self, token: PlayToken, path: str, name: str) -> HotFile:
        meant = parse_name(name)
        if meant is None:
            raise not_found(name)
        if meant.kind == "manifest":
            return manifest_file(await self._titles.get(token), name, meant)
        if meant.kind == "subtitles":
            content = await read_subtitles(self._database, token, language=meant.rung)
            return _file(content, content_type="text/vtt; charset=utf-8", cache_control=FINAL_CACHE)
        if meant.kind == "poster":
            return await self._poster(token, path)
        if path.endswith(f"?{BEST}"):
            return await self._best(token, path, meant)
        _, _, instead = path.partition(f"?{INSTEAD}=")
        read = partial(self._read_initialized, token, meant, instead) if instead else partial(self._read, token, meant)
        return await self._hot_set.fill(path, read, title_id=token.title_id)

    async def _best(self, token: PlayToken, path: str, meant: FileName) -> HotFile:
        """Return the best segment for a place; a cache may only keep it if it is the rung's own."""
        rung = best_rung((await self._titles.get(token)).streamed, meant.rung, meant.number)
        key = f"{path.removesuffix(BEST)}{INSTEAD}={rung}"
        file = self._hot_set.get(key) or await self._hot_set.fill(
            key, partial(self._read_initialized, token, meant, rung), title_id=token.title_id
        )
        return file if rung == meant.rung else with_cache_control(file, GROWING_CACHE)

    async def _read_initialized(self, token: PlayToken, meant: FileName, rung: str) -> HotFile:
        content = await read_initialized(self._database, self._blobs, token, rung=rung, number=meant.number)
        content_type = "audio/mp4" if rung == "audio" else "video/mp4"
        return _file(content, content_type=content_type, cache_control=IMMUTABLE)

    async def _read(self, token: PlayToken, meant: FileName) -> HotFile:
        """Read a file that never changes."""
        if meant.kind == "segment":
            content = await read_segment(self._database, self._blobs, token, rung=meant.rung, number=meant.number)
        elif meant.kind == "init":
            content = await read_init(self._database, token, rung=meant.rung)
        else:
            content = await read_sheet(self._database, self._blobs, token, number=meant.number)
        if meant.kind == "sheet":
            return _file(content, content_type="image/jpeg", cache_control=IMMUTABLE)
        return _file(
            content, content_type="audio/mp4" if meant.rung == "audio" else "video/mp4", cache_control=IMMUTABLE
        )

    async def _poster(self, token: PlayToken, path: str) -> HotFile:
        """Return the picture of a title, which can be replaced by another one."""
        blob_id = (await self._titles.get(token)).streamed.title.poster_blob_id
        if blob_id is None:
            raise not_found("poster.jpg")
        key = f"{path}#{blob_id.hex}"

        async def read() -> HotFile:
            content = await read_poster(self._database, self._blobs, token, blob_id=blob_id)
            return _file(content, content_type="image/jpeg", cache_control=FINAL_CACHE)

        return self._hot_set.get(key) or await self._hot_set.fill(key, read, title_id=token.title_id)


def _checked_for_s(token: PlayToken) -> int:
    return max(0, min(CHECKED_FOR_S_MAX, int(token.expires_at - time.time())))


def _file(content: Content, *, content_type: str, cache_control: str) -> HotFile:
    return hot_file(content.body, tag=content.tag, content_type=content_type, cache_control=cache_control)


def _known_query(query: bytes) -> str:
    """Return a query string that has a meaning for segments; others are ignored."""
    return f"?{query.decode()}" if query == _BEST or _INSTEAD.fullmatch(query) else ""


def _require_method(method: str, *allowed: str) -> None:
    """Check that a path has a method.

    Raises:
        MethodNotAllowedError: it hasn't.
    """
    if method not in allowed:
        raise MethodNotAllowedError(f"{method} isn't possible here.", allowed=allowed)


async def _unless_gone(receive: Receive, awaitable: Awaitable[T]) -> T | None:
    """Return the result, or cancel and return None if the client disconnects before."""
    working = asyncio.ensure_future(awaitable)
    gone = asyncio.ensure_future(_until_gone(receive))
    try:
        await asyncio.wait([working, gone], return_when=asyncio.FIRST_COMPLETED)
        return working.result() if working.done() else None
    finally:
        working.cancel()
        gone.cancel()


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass

"""Uploads the clip slowly, by tus, as somebody with a slow line would."""

import asyncio
import base64
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Final

import httpx

from ninefold.edge.demo.installation import DemoFailedError, Installation

UPLOAD_S: Final = 12.0
PIECE_S: Final = 0.1
UPLOADS: Final = "/api/v1/video/uploads"
_TUS: Final = {"Tus-Resumable": "1.0.0"}
_CREATED: Final = 201
_NO_CONTENT: Final = 204


class SlowUpload:
    """One upload.

    Args:
        http: a client.
        installation: where to.
        clip: the file.
    """

    def __init__(self, http: httpx.AsyncClient, installation: Installation, clip: Path) -> None:
        self._http: Final = http
        self._url: Final = installation.url
        self._headers: Final = {**_TUS, "Authorization": f"Bearer {installation.api_key}"}
        self._content: Final = clip.read_bytes()
        self._path = ""
        self.sent = 0
        self.began_at_s: float | None = None
        """When the first bytes were sent, by the clock that doesn't jump."""
        self.took_s = 0.0

    @property
    def size(self) -> int:
        """How many bytes there are."""
        return len(self._content)

    async def create(self) -> str:
        """Make the upload; return the id of its title.

        Raises:
            DemoFailedError: the server refuses.
        """
        name = base64.b64encode(b"clip.mkv").decode()
        headers = {**self._headers, "Upload-Length": str(self.size), "Upload-Metadata": f"filename {name}"}
        answer = await self._http.post(f"{self._url}{UPLOADS}", headers=headers)
        _require(answer, _CREATED)
        self._path = answer.headers["location"]
        return str(answer.headers["ninefold-title"])

    async def send(self) -> None:
        """Send all bytes, at an even rate.

        Raises:
            DemoFailedError: the server refuses.
        """
        headers = {**self._headers, "Content-Type": "application/offset+octet-stream", "Upload-Offset": "0"}
        self.began_at_s = time.monotonic()
        answer = await self._http.patch(
            f"{self._url}{self._path}",
            headers={**headers, "Content-Length": str(self.size)},
            content=self._slowly(self.began_at_s),
        )
        _require(answer, _NO_CONTENT)
        self.took_s = time.monotonic() - self.began_at_s

    async def _slowly(self, began_at_s: float) -> AsyncIterator[bytes]:
        while self.sent < self.size:
            due = min(self.size, round(self.size * (time.monotonic() - began_at_s + PIECE_S) / UPLOAD_S))
            if due > self.sent:
                piece = self._content[self.sent : due]
                self.sent = due
                yield piece
            await asyncio.sleep(PIECE_S)


def _require(answer: httpx.Response, status: int) -> None:
    if answer.status_code != status:
        raise DemoFailedError(f"The upload was answered with {answer.status_code}: {answer.text[:300]}")

"""Uploads of video by plain requests, for tests."""

import base64
from collections.abc import AsyncIterator, Mapping
from typing import Any

import httpx

from http_api import Api

TUS = {"Tus-Resumable": "1.0.0"}
BYTES = {**TUS, "Content-Type": "application/offset+octet-stream"}

VIDEO = b"\x1aE\xdf\xa3" + bytes(range(256)) * 40
"""It begins as Matroska does, so that it isn't refused at once. ffmpeg would say that it isn't video."""


def metadata(**pairs: str) -> str:
    return ",".join(f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in pairs.items())


class Uploads:
    """The uploads of one organisation."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def create(self, length: int = len(VIDEO), headers: Mapping[str, str] | None = None, **pairs: str) -> str:
        """Make an upload; return its path below `/api/v1`."""
        response = await self.send(
            "POST",
            "/video/uploads",
            headers={"Upload-Length": str(length), "Upload-Metadata": metadata(**pairs), **(headers or {})},
        )
        assert response.status_code == 201, response.text
        return response.headers["location"].removeprefix("/api/v1")

    async def append(
        self, upload: str, content: bytes | AsyncIterator[bytes], *, offset: int = 0, checksum: str | None = None
    ) -> httpx.Response:
        headers = {**BYTES, "Upload-Offset": str(offset)}
        if checksum is not None:
            headers["Upload-Checksum"] = checksum
        return await self.api.request("PATCH", upload, content=content, headers=headers)

    async def send(self, method: str, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return await self.api.request(method, path, headers={**TUS, **(headers or {})})

    async def offset(self, upload: str) -> int:
        response = await self.send("HEAD", upload)
        assert response.status_code == 200
        return int(response.headers["upload-offset"])

    async def show(self, upload: str) -> dict[str, Any]:
        return await self.api.get(upload)

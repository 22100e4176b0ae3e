"""Uploads a file by tus, goes on where the server has it, and says how far it is."""

import base64
import time
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

from ninefold.core.commands import ApiClient, ApiResponse, TemporaryProblemError
from ninefold.core.commands.client import ApiProblemError
from ninefold.core.errors import InvalidInputError, UnavailableError

UPLOADS_PATH: Final = "/api/v1/video/uploads"

PIECE_BYTES: Final = 64 * 1024
REQUEST_BYTES_MAX: Final = 32 * 1024**2
"""Bytes of one request; what a broken one costs is at most what wasn't committed of it."""

DELAYS_S: Final = (0.2, 0.5, 1.0, 2.0, 4.0, 8.0, 8.0, 8.0)
"""Between attempts that bring nothing further. After the last one, the upload can be continued by another command."""

_TUS: Final = {"Tus-Resumable": "1.0.0"}
_AGAIN: Final = frozenset({409, 423})
"""The offset was another one, or another request still appends: the server is asked."""

Report = Callable[[int], None]
"""Is told how many bytes the server has, or was sent."""


def create_upload(client: ApiClient, *, size: int, metadata: Mapping[str, str]) -> ApiResponse:
    """Make an upload; the answer's headers say where it is and which title it has.

    Raises:
        ApiProblemError: the server refuses.
        UnavailableError: it can't be reached.
    """
    pairs = [f"{key} {base64.b64encode(value.encode()).decode()}" for key, value in metadata.items() if value]
    headers = {**_TUS, "Upload-Length": str(size), "Upload-Metadata": ",".join(pairs)}
    return client.request("POST", UPLOADS_PATH, headers=headers)


def find_upload(client: ApiClient, path: str) -> ApiResponse:
    """Ask how far an upload is.

    Raises:
        ApiProblemError: there is no such upload, or it is gone.
        UnavailableError: the server can't be reached.
    """
    return client.request("HEAD", path, headers=_TUS)


def offset_of(response: ApiResponse) -> int:
    """Return how many bytes the server has."""
    return int(response.headers["upload-offset"])


class FileUpload:
    """Sends the bytes of a file.

    Args:
        client: the client of the API.
        file: the file, which isn't read into memory.
        path: where the upload is.
        report: is told how far it is.
        sleep: waits; tests don't.
    """

    def __init__(
        self,
        client: ApiClient,
        file: Path,
        *,
        path: str,
        report: Report,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client = client
        self._file = file
        self._path = path
        self._report = report
        self._sleep = sleep

    def send(self, offset: int) -> None:
        """Send what is missing from an offset on, and go on after errors that pass.

        Raises:
            ApiProblemError: the server refuses, such as because it isn't video.
            UnavailableError: the server can't be reached for some time.
        """
        size = self._file.stat().st_size
        failures = 0
        with self._file.open("rb") as content:
            while offset < size:
                try:
                    reached = self._send_some(content, offset, size=size)
                except (UnavailableError, TemporaryProblemError, ApiProblemError) as error:
                    reached = self._offset_after(error, failures)
                failures = 0 if reached > offset else failures + 1
                offset = reached
                self._report(offset)

    def _send_some(self, content: BinaryIO, offset: int, *, size: int) -> int:
        count = min(REQUEST_BYTES_MAX, size - offset)
        headers = {
            **_TUS,
            "Content-Type": "application/offset+octet-stream",
            "Content-Length": str(count),
            "Upload-Offset": str(offset),
        }
        pieces = self._pieces(content, offset, count=count)
        return offset_of(self._client.request("PATCH", self._path, content=pieces, headers=headers))

    def _pieces(self, content: BinaryIO, offset: int, *, count: int) -> Iterator[bytes]:
        content.seek(offset)
        left = count
        while left > 0:
            piece = content.read(min(PIECE_BYTES, left))
            if not piece:
                raise InvalidInputError(f"{self._file} became shorter while it was read.", remedy="Upload it again.")
            left -= len(piece)
            yield piece
            self._report(offset + count - left)

    def _offset_after(self, error: UnavailableError | ApiProblemError, failures: int) -> int:
        """Wait, and ask for the offset after an error that can pass; raise others."""
        while True:
            is_passing = isinstance(error, (UnavailableError, TemporaryProblemError)) or error.status in _AGAIN
            if not is_passing or failures >= len(DELAYS_S):
                raise error
            self._sleep(DELAYS_S[failures])
            try:
                return offset_of(find_upload(self._client, self._path))
            except (UnavailableError, TemporaryProblemError) as again:
                error, failures = again, failures + 1

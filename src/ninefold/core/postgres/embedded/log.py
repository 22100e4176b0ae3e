"""The server's log: a file of limited size, and its last lines for error messages."""

import os
import threading
from pathlib import Path
from typing import IO, Final

LOG_BYTES_MAX: Final = 8 * 1024 * 1024
"""A full log replaces the previous old one, so both files together have at most twice this size."""

_TAIL_BYTES_MAX: Final = 4096
_TAIL_LINES_MAX: Final = 12
_CHUNK_BYTES: Final = 65_536


class BoundedLog:
    """Copies the server's output from a pipe to a file, in a separate thread.

    The server writes to a pipe instead of a file, so that the file's size can be limited while the server runs.
    """

    def __init__(self, path: Path, *, bytes_max: int = LOG_BYTES_MAX) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._tail = b""
        self._thread: threading.Thread | None = None

    def follow(self, pipe: IO[bytes]) -> None:
        """Start to copy from the pipe, until its last writer closes it."""
        self._thread = threading.Thread(target=self._copy, args=(pipe,), name="postgres-log", daemon=True)
        self._thread.start()

    def finish(self, *, timeout_s: float) -> None:
        """Wait until everything is written, or until the timeout."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def last_lines(self) -> str:
        """Return the last lines that were read so far."""
        lines = self._tail.decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES_MAX:])

    def _copy(self, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES_MAX:]
                try:
                    self._append(chunk)
                except OSError:
                    # A full disk only loses log lines: if the pipe weren't read, it would fill up and block the server.
                    continue

    def _append(self, chunk: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, mode=0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(chunk)
            is_full = file.tell() >= self._bytes_max
        if is_full:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))

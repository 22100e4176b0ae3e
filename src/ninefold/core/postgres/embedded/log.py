"""The server's log: a file that can't outgrow its limit, and its last lines for an error message."""

import os
import threading
from pathlib import Path
from typing import IO, Final

LOG_BYTES_MAX: Final = 8 * 1024 * 1024
"""A full log becomes the one old log, so that both together hold at most twice this."""

_TAIL_BYTES_MAX: Final = 4096
_TAIL_LINES_MAX: Final = 12
_CHUNK_BYTES: Final = 65_536


class BoundedLog:
    """Writes what a pipe brings to a file, on a thread of its own.

    The server writes to a pipe and not to the file: only so can the file be bounded while the server runs.
    """

    def __init__(self, path: Path, *, bytes_max: int = LOG_BYTES_MAX) -> None:
        self._path = path
        self._bytes_max = bytes_max
        self._tail = b""
        self._thread: threading.Thread | None = None

    def follow(self, pipe: IO[bytes]) -> None:
        """Write until the pipe's last writer is gone."""
        self._thread = threading.Thread(target=self._pump, args=(pipe,), name="postgres-log", daemon=True)
        self._thread.start()

    def finish(self, *, timeout_s: float) -> None:
        """Wait until everything has been written, or the time is over."""
        if self._thread is not None:
            self._thread.join(timeout_s)

    def last_lines(self) -> str:
        """Return the newest lines that were read so far."""
        lines = self._tail.decode(errors="replace").splitlines()
        return "\n".join(lines[-_TAIL_LINES_MAX:])

    def _pump(self, pipe: IO[bytes]) -> None:
        with pipe:
            while chunk := os.read(pipe.fileno(), _CHUNK_BYTES):
                self._tail = (self._tail + chunk)[-_TAIL_BYTES_MAX:]
                try:
                    self._append(chunk)
                except OSError:
                    # A full disk may cost log lines, never the server: it would stand still at a full pipe.
                    continue

    def _append(self, chunk: bytes) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW
        descriptor = os.open(self._path, flags, mode=0o600)
        with os.fdopen(descriptor, "ab") as file:
            file.write(chunk)
            is_full = file.tell() >= self._bytes_max
        if is_full:
            self._path.replace(self._path.with_name(f"{self._path.name}.1"))

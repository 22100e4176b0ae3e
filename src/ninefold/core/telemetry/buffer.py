"""A buffer in front of a file descriptor, so that a log line costs a list append and not a system call.

It is bounded and loses nothing while the process lives: a full buffer makes its writer wait, as an
unbuffered write would. A process that is killed loses what it logged below warning in the last tenth of a
second.
"""

import atexit
import os
import select
import threading
from typing import Final

FLUSH_INTERVAL_S: Final = 0.1
"""No line waits longer."""

SIZE_MAX: Final = 64 * 1024
"""Bytes that may wait; the writer that exceeds them writes them out."""


class LogBuffer:
    """Collects lines and writes them together; any thread may use it.

    Args:
        descriptor: where lines go, usually standard error's 2.
        flush_interval_s: how long a line may wait.
        size_max: how many bytes may wait.
    """

    def __init__(
        self, descriptor: int, *, flush_interval_s: float = FLUSH_INTERVAL_S, size_max: int = SIZE_MAX
    ) -> None:
        self._descriptor = descriptor
        self._flush_interval_s = flush_interval_s
        self._size_max = size_max
        self._lines: list[bytes] = []
        self._start_empty()
        atexit.register(self.close)
        # A child has its own lines, and no flushing thread yet.
        os.register_at_fork(after_in_child=self._start_empty)

    def write(self, line: bytes, *, is_urgent: bool) -> None:
        """Take a line, its line break included; an urgent one is written at once, with all before it."""
        with self._lock:
            is_first = not self._lines
            self._lines.append(line)
            self._size += len(line)
            is_full = self._size >= self._size_max
        if is_urgent or is_full:
            self.flush()
        elif is_first:
            self._wake_flusher()

    def flush(self) -> None:
        """Write out all that waits."""
        with self._writing:
            with self._lock:
                lines, self._lines = self._lines, []
                self._size = 0
            if lines:
                _write_all(self._descriptor, b"".join(lines))

    def close(self) -> None:
        """Write out all that waits, and end the flushing thread; later lines are written at once."""
        self._is_closed.set()
        self._has_lines.set()
        self.flush()

    def _start_empty(self) -> None:
        # Reentrant, because a signal's handler may log while its thread is in here.
        self._lock = threading.RLock()
        self._writing = threading.RLock()
        self._lines = []
        self._size = 0
        self._has_lines = threading.Event()
        self._is_closed = threading.Event()
        self._flusher: threading.Thread | None = None

    def _wake_flusher(self) -> None:
        if self._is_closed.is_set():
            self.flush()
            return
        if self._flusher is None:
            self._flusher = threading.Thread(target=self._flush_regularly, name="log-flusher", daemon=True)
            self._flusher.start()
        self._has_lines.set()

    def _flush_regularly(self) -> None:
        while not self._is_closed.is_set():
            self._has_lines.wait()
            self._is_closed.wait(self._flush_interval_s)
            self._has_lines.clear()
            self.flush()


def _write_all(descriptor: int, content: bytes) -> None:
    """Write to a descriptor that may take only a part, may be non-blocking, or may have lost its reader."""
    remaining = memoryview(content)
    while remaining:
        try:
            remaining = remaining[os.write(descriptor, remaining) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except OSError:
            # Nobody reads any more, and there is no other place to say so.
            return

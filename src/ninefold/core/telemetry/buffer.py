"""A buffer in front of a file descriptor, so that a log line takes a list append instead of a system call.

The buffer has a size limit and loses no lines while the process runs: when it is full, the writer waits, as it would
with an unbuffered write. A process that is killed loses its lines below warning of the last 0.1 s.
"""

import atexit
import os
import select
import threading
from typing import Final

FLUSH_INTERVAL_S: Final = 0.1
"""The longest time that a line stays in the buffer."""

SIZE_MAX: Final = 64 * 1024
"""Bytes in the buffer; the writer that reaches the limit flushes it."""


class LogBuffer:
    """Collects lines and writes them together; it is thread-safe.

    Args:
        descriptor: the file descriptor to write to, usually 2 (standard error).
        flush_interval_s: the longest time that a line stays in the buffer.
        size_max: how many bytes the buffer can hold.
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
        # A forked child has no lines and no flush thread yet.
        os.register_at_fork(after_in_child=self._start_empty)

    def write(self, line: bytes, *, is_urgent: bool) -> None:
        """Add a line, with its line break. An urgent line is written immediately, after all earlier ones."""
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
        """Write all lines in the buffer."""
        with self._write_lock:
            with self._lock:
                lines, self._lines = self._lines, []
                self._size = 0
            if lines:
                _write_all(self._descriptor, b"".join(lines))

    def close(self) -> None:
        """Write all lines in the buffer, and end the flush thread. Later lines are written immediately."""
        self._is_closed.set()
        self._has_lines.set()
        self.flush()

    def _start_empty(self) -> None:
        # Reentrant, because a signal handler can log while its thread holds the lock.
        self._lock = threading.RLock()
        self._write_lock = threading.RLock()
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
    """Write everything to a descriptor that can write partially, be non-blocking, or have lost its reader."""
    remaining = memoryview(content)
    while remaining:
        try:
            remaining = remaining[os.write(descriptor, remaining) :]
        except BlockingIOError:
            select.select([], [descriptor], [])
        except OSError:
            # The reader is gone, and there is nowhere else to report it.
            return

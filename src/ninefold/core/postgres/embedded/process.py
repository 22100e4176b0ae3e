"""Runs the server's process from a dedicated thread.

On Linux the parent-death signal is sent when the *thread* that started the child ends. If a thread of a pool started
the server, the server would stop with that thread. The dedicated thread ends only when the server does.
"""

import subprocess
import threading
from collections.abc import Sequence
from typing import IO

from ninefold.core.postgres.embedded.engine import ENVIRONMENT


class ServerProcess:
    """The server's process, and the thread that starts it and waits for its end."""

    def __init__(self, command: Sequence[str], *, pass_fds: Sequence[int]) -> None:
        """Start the process.

        Raises:
            OSError: it can't be started.
        """
        self._command = command
        self._pass_fds = pass_fds
        self._started = threading.Event()
        self._exited = threading.Event()
        self._error: OSError | None = None
        self._process: subprocess.Popen[bytes] | None = None
        threading.Thread(target=self._run, name="postgres-process", daemon=True).start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    @property
    def pid(self) -> int:
        """The process id."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> IO[bytes]:
        """Standard output and standard error of the process, as one stream."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def has_exited(self) -> bool:
        """Whether the process has ended."""
        return self._exited.is_set()

    @property
    def has_ended_cleanly(self) -> bool:
        """Whether the process has ended by itself, with exit code 0."""
        return self._process is not None and self._process.returncode == 0

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait until the process ends, and return whether it did in time."""
        return self._exited.wait(timeout_s)

    def signal(self, number: int) -> None:
        """Send a signal; it has no effect if the process has ended."""
        assert self._process is not None
        self._process.send_signal(number)

    def _run(self) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - Ninefold's own program.
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                cwd="/",
                env=ENVIRONMENT,
                pass_fds=self._pass_fds,
                # A separate session, so that Ctrl-C in the terminal reaches only the owner.
                start_new_session=True,
            )
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        self._process.wait()
        self._exited.set()

"""The thread that starts the server and stays its parent for as long as it lives.

On Linux a child is told of the end of the *thread* that started it. A thread of a pool would end too early,
and take the server with it; this one waits for the server and nothing else.
"""

import subprocess
import threading
from collections.abc import Sequence
from typing import IO

from ninefold.core.postgres.embedded.engine import ENVIRONMENT


class Keeper:
    """A running process, and the thread that waits for its end."""

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
        threading.Thread(target=self._keep, name="postgres-keeper", daemon=True).start()
        self._started.wait()
        if self._error is not None:
            raise self._error

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    @property
    def output(self) -> IO[bytes]:
        """What the process writes, as one stream."""
        assert self._process is not None
        assert self._process.stdout is not None
        return self._process.stdout

    @property
    def has_exited(self) -> bool:
        """Whether the process is over."""
        return self._exited.is_set()

    def wait(self, timeout_s: float | None = None) -> bool:
        """Wait for the end, and return whether it came in time."""
        return self._exited.wait(timeout_s)

    def signal(self, number: int) -> None:
        """Send a signal; nothing happens when the process is over."""
        assert self._process is not None
        self._process.send_signal(number)

    def _keep(self) -> None:
        try:
            self._process = subprocess.Popen(  # noqa: S603 - our own program.
                self._command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                bufsize=0,
                cwd="/",
                env=ENVIRONMENT,
                pass_fds=self._pass_fds,
                # A session of its own, so that Ctrl-C in the terminal reaches the owner alone.
                start_new_session=True,
            )
        except OSError as error:
            self._error = error
            return
        finally:
            self._started.set()
        self._process.wait()
        self._exited.set()

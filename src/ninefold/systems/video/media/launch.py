"""Run ffmpeg: limit what it can take, have it end with its owner, and execute it.

This is a separate script (`python -I -S launch.py OWNER_PID NICENESS MEMORY FILE_BYTES PROGRAM ARGUMENT…`), because its
steps aren't safe between fork and exec in a process with threads. It only imports the standard library.
"""

import ctypes
import os
import resource
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process with the program; never returns."""
    owner_pid, niceness, memory_bytes, file_bytes = (int(argument) for argument in arguments[:4])
    program = arguments[4:]
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        _limit(resource.RLIMIT_AS, memory_bytes)
    if os.getppid() != owner_pid:
        sys.exit("The owner ended before ffmpeg was started.")
    _limit(resource.RLIMIT_FSIZE, file_bytes)
    _limit(resource.RLIMIT_CORE, 0)
    os.nice(niceness)
    # Python ignores SIGPIPE, and the program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    os.execv(program[0], program)  # noqa: S606 - runs without a shell on purpose.


def _limit(kind: int, value: int) -> None:
    allowed = resource.getrlimit(kind)[1]
    value = value if allowed == resource.RLIM_INFINITY else min(value, allowed)
    resource.setrlimit(kind, (value, value))


if __name__ == "__main__":
    main(sys.argv[1:])

"""Run a program of PostgreSQL: drop root privileges, set the parent-death signal, and execute the program.

This is a separate script (`python -I -S launch.py UID GID OWNER_PID PROGRAM ARGUMENT…`), because its steps aren't safe
between fork and exec in a process with threads. It only imports the standard library.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Replace this process with the program; never returns."""
    uid, gid, owner_pid = (int(argument) for argument in arguments[:3])
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, because that clears the setting.
    _stop_with_owner(owner_pid)
    # Python ignores SIGPIPE, and the program would inherit that.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    program = arguments[3:]
    os.execv(program[0], program)  # noqa: S606 - runs without a shell on purpose.


def _stop_with_owner(owner_pid: int) -> None:
    if sys.platform != "linux":
        # On other systems, the next start stops a server that outlived its owner.
        return
    # This signal is sent when the thread that started this process ends, see process.py. SIGQUIT is the immediate
    # shutdown of PostgreSQL, which always works. The fast shutdown (SIGINT) hangs while PostgreSQL 18 recovers from the
    # crash of a backend, and no process would be left to repeat it. The cost is a recovery at the next start.
    signal.signal(signal.SIGQUIT, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGQUIT, 0, 0, 0)
    if os.getppid() != owner_pid:
        sys.exit("The owner ended before PostgreSQL was started.")


if __name__ == "__main__":
    main(sys.argv[1:])

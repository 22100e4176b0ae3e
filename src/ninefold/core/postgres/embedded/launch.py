"""Become a program of PostgreSQL: drop root, tie the end to the owner's, and execute.

Run as a script of its own (`python -I -S launch.py UID GID OWNER_PID PROGRAM ARGUMENT…`), because what it
does isn't safe between fork and exec of a process that has threads. It imports the standard library only.
"""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main(arguments: list[str]) -> None:
    """Turn this process into the program; never returns."""
    uid, gid, owner_pid = (int(argument) for argument in arguments[:3])
    if uid != os.geteuid():
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    # After the change of user, which clears it.
    _stop_with_owner(owner_pid)
    # Python ignores it, and what is ignored stays so in the program.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    program = arguments[3:]
    os.execv(program[0], program)  # noqa: S606 - no shell is what we want.


def _stop_with_owner(owner_pid: int) -> None:
    if sys.platform != "linux":
        # Elsewhere a server that outlives its owner is stopped by the next start.
        return
    # SIGINT is PostgreSQL's fast shutdown. It comes when the thread that started us ends, see keeper.py.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT, 0, 0, 0)
    if os.getppid() != owner_pid:
        sys.exit("The owner ended before PostgreSQL began.")


if __name__ == "__main__":
    main(sys.argv[1:])

"""Finds out with which layers jobs can be isolated on this machine, and says what is weaker without the others."""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

import ninefold
from ninefold.core.checks import Finding, ok, warning
from ninefold.systems.workflows.isolation.cgroups import Cgroups

_CHECK: Final = "isolation of jobs"
_TRY_TIMEOUT_S: Final = 10.0


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """What this machine has."""

    is_root: bool
    setpriv: str | None
    bubblewrap: str | None
    controllers: frozenset[str]
    """Of control groups: `memory`, `pids`, `cpu`."""
    has_disks: bool
    """Whether a job can have a file system of its own, with a size."""

    is_python_open: bool
    """Whether other users can run this Python; only bubblewrap can show them one that is in a home folder."""

    @property
    def has_users(self) -> bool:
        """Whether each organisation's jobs have a user of their own."""
        return self.is_root and self.setpriv is not None and (self.has_sandbox or self.is_python_open)

    @property
    def has_sandbox(self) -> bool:
        """Whether jobs have namespaces of their own."""
        return self.bubblewrap is not None

    @property
    def is_strong(self) -> bool:
        """Whether jobs that nobody trusts can run here."""
        return self.has_users and self.has_sandbox and {"memory", "pids"} <= self.controllers and self.has_disks


def examine_machine(cgroups: Cgroups | None) -> Machine:
    """Find out what this machine has. Takes some 50 ms, because it tries it."""
    is_root = os.geteuid() == 0
    return Machine(
        is_root=is_root,
        setpriv=shutil.which("setpriv"),
        bubblewrap=_find_bubblewrap(),
        controllers=cgroups.controllers if cgroups else frozenset(),
        is_python_open=all(_is_open(Path(path)) for path in (sys.base_prefix, sys.prefix, ninefold.__file__)),
        has_disks=is_root and shutil.which("mkfs.ext4") is not None and Path("/dev/loop-control").exists(),
    )


def _is_open(path: Path) -> bool:
    """Return whether other users can reach a path, through all folders above it."""
    path = path.resolve()
    return all(above.stat().st_mode & stat.S_IXOTH for above in (path if path.is_dir() else path.parent, *path.parents))


def _find_bubblewrap() -> str | None:
    """Return the path of bubblewrap if it works here: some containers forbid what it does."""
    path = shutil.which("bwrap")
    if path is None:
        return None
    command = [path, "--unshare-all", "--unshare-user", "--disable-userns", "--ro-bind", "/", "/", "--proc", "/proc"]
    try:
        result = subprocess.run(  # noqa: S603 - a fixed command.
            [*command, "true"], capture_output=True, timeout=_TRY_TIMEOUT_S, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    return path if result.returncode == 0 else None


def findings(machine: Machine, *, allows_weak: bool) -> Sequence[Finding]:
    """Return what `doctor` says: one finding for each layer that is missing, or that all are there."""
    missing = list(_missing(machine))
    if not missing:
        return [ok(_CHECK, "users, namespaces, control groups and disks: jobs of all organisations can run here")]
    refused = "Jobs that aren't trusted run all the same" if allows_weak else "Jobs that aren't trusted are refused"
    return [warning(_CHECK, f"{what} {refused}.", remedy) for what, remedy in missing]


def _missing(machine: Machine) -> Iterator[tuple[str, str]]:
    if not machine.is_root:
        yield "Ninefold doesn't run as root, so that all jobs have its own user.", "Run `ninefold runner` as root."
    elif machine.setpriv is None:
        yield "setpriv is absent, so that jobs run as root.", "Install util-linux."
    elif not machine.has_users:
        yield (
            "Python is in a folder that other users can't reach, so that jobs run as root.",
            "Install bubblewrap, or Python and Ninefold where all users can reach them.",
        )
    if machine.bubblewrap is None:
        yield (
            "bubblewrap is absent or can't create namespaces, so that jobs see files, processes and the network.",
            "On Debian: apt-get install bubblewrap. In a container, allow it to create namespaces.",
        )
    if not {"memory", "pids"} <= machine.controllers:
        yield (
            "Control groups can't be created, so that memory and processes of jobs aren't limited.",
            "Run `ninefold runner` as root; with systemd, set Delegate=yes and DelegateSubgroup= for its service.",
        )
    if machine.is_root and not machine.has_disks:
        yield (
            "mkfs.ext4 or loop devices are absent, so that the disk space of jobs is only checked once a second.",
            "On Debian: apt-get install e2fsprogs. In a container, pass /dev/loop-control on.",
        )

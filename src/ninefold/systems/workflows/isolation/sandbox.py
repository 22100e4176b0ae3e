"""The command line that starts a process in a sandbox: which files it sees, as which user, in which namespaces."""

import os
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final

import msgspec

import ninefold
from ninefold.systems.workflows.isolation.machine import Machine
from ninefold.systems.workflows.isolation.scratch import Scratch

HOME: Final = "/home/runner"
SOCKETS: Final = "/run/ninefold"
SEARCH_PATH: Final = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

_SHARED_MEMORY: Final = "/dev/shm"  # noqa: S108 - the one inside.
_SHARED_MEMORY_BYTES: Final = 256 * 1024 * 1024

_SYSTEM: Final = ("bin", "sbin", "lib", "lib32", "lib64", "libx32")
"""Folders of the system besides `/usr`; most are links into it."""

_ETC: Final = (
    "alternatives",
    "bash.bashrc",
    "ca-certificates",
    "debian_version",
    "fonts",
    "ld.so.cache",
    "ld.so.conf",
    "ld.so.conf.d",
    "localtime",
    "mime.types",
    "nsswitch.conf",
    "os-release",
    "pki/tls/certs",
    "profile",
    "protocols",
    "services",
    "ssl/certs",
    "ssl/openssl.cnf",
    "timezone",
)
"""What programs need of `/etc`; the rest could have secrets."""

_ENTER_CGROUPS: Final = (
    'while [ "$1" != -- ]; do echo $$ > "$1" || exit 125; shift; done; shift; exec "$@"'  # An id, and then the program.
)


class Sandbox(msgspec.Struct, frozen=True, kw_only=True):
    """Where and how a job's process runs."""

    machine: Machine
    scratch: Scratch
    uid: int | None
    """Its user; None for that of this process."""
    cgroup_files: Sequence[str] = ()
    readable: Sequence[str] = ()
    hidden: Sequence[str] = ()
    filter_number: int | None = None
    """The file with the filter of system calls."""

    def command(self) -> list[str]:
        """Return the program with its arguments that starts the process."""
        inside = [sys.executable, "-I", "-B", "-m", "ninefold.systems.workflows.isolation.executor"]
        return [*self._cgroups(), *self._outer(), *self._user(), *self._inner(), *inside]

    def _cgroups(self) -> list[str]:
        return ["/bin/sh", "-c", _ENTER_CGROUPS, "sh", *self.cgroup_files, "--"] if self.cgroup_files else []

    def _outer(self) -> list[str]:
        """Return what makes the view of the files; if this process is root, real root makes it, as it sees them all."""
        if self.machine.bubblewrap is None:
            return []
        command = [self.machine.bubblewrap, "--die-with-parent", "--unshare-pid", "--unshare-net", "--unshare-ipc"]
        command += ["--unshare-uts", "--hostname", "ninefold", "--new-session", *self._files()]
        if self._has_two_steps:
            return [*command, "--bind", "/proc", "/proc", "--"]
        return [*command, "--as-pid-1", "--proc", "/proc", *self._without_privileges(), "--"]

    def _user(self) -> list[str]:
        if self.uid is None or self.machine.setpriv is None:
            return []
        ids = [f"--reuid={self.uid}", f"--regid={self.uid}", "--clear-groups"]
        return [self.machine.setpriv, *ids, "--no-new-privs", "--bounding-set=-all", "--inh-caps=-all", "--"]

    def _inner(self) -> list[str]:
        """Return what makes the user namespace, when the user has been changed already."""
        if self.machine.bubblewrap is None or not self._has_two_steps:
            return []
        # No other process is in there that has the pipes, and the job can't end the first one.
        view = ["--die-with-parent", "--unshare-pid", "--as-pid-1", "--dev-bind", "/", "/", "--proc", "/proc"]
        return [self.machine.bubblewrap, *view, *self._without_privileges(), "--"]

    @property
    def _has_two_steps(self) -> bool:
        return self.uid is not None and self.machine.has_users

    def _without_privileges(self) -> list[str]:
        options = ["--unshare-user", "--disable-userns", "--cap-drop", "ALL", "--chdir", HOME]
        options += ["--seccomp", str(self.filter_number)] if self.filter_number is not None else []
        return options if self.uid is None else [*options, "--uid", str(self.uid), "--gid", str(self.uid)]

    def _files(self) -> Iterator[str]:
        yield from ("--ro-bind", "/usr", "/usr")
        for name in _SYSTEM:
            path = Path("/", name)
            if path.is_symlink():
                yield from ("--symlink", str(path.readlink()), str(path))
            elif path.is_dir():
                yield from ("--ro-bind", str(path), str(path))
        # bubblewrap would make them for root alone.
        for folder in ("/etc", "/etc/pki", "/etc/pki/tls", "/etc/ssl", "/home", "/run", "/var"):
            yield from ("--perms", "0755", "--dir", folder)
        for name in _ETC:
            yield from ("--ro-bind-try", f"/etc/{name}", f"/etc/{name}")
        for path in sorted(self.scratch.etc.iterdir()):
            yield from ("--ro-bind", str(path), f"/etc/{path.name}")
        yield from ("--dev", "/dev", "--size", str(_SHARED_MEMORY_BYTES), "--perms", "1777", "--tmpfs", _SHARED_MEMORY)
        yield from ("--bind", str(self.scratch.home), HOME)
        yield from ("--bind", str(self.scratch.temp), "/tmp")  # noqa: S108 - the one inside.
        yield from ("--symlink", "../tmp", "/var/tmp", "--ro-bind", str(self.scratch.sockets), SOCKETS)  # noqa: S108
        # After the folders of the job, which could be above them.
        readable = _outermost([*_python_folders(), *self.readable])
        for folder in readable:
            yield from _parents(folder)
            yield from ("--ro-bind", folder, folder)
        for folder in self.hidden:
            if any(Path(folder).is_relative_to(each) for each in readable) and Path(folder).is_dir():
                yield from ("--tmpfs", folder)


def _python_folders() -> list[str]:
    """Return where Python, the installed packages and Ninefold itself are."""
    return [sys.base_prefix, sys.prefix, str(Path(ninefold.__file__).parent)]


def _outermost(folders: Sequence[str]) -> list[str]:
    """Return the folders that aren't in another one, and that the sandbox doesn't have anyway."""
    paths = {Path(os.path.realpath(folder)) for folder in folders} | {Path(folder) for folder in folders}
    paths = {path for path in paths if not path.is_relative_to("/usr") and path.is_dir()}
    return sorted(str(path) for path in paths if not any(other in paths for other in path.parents))


def _parents(folder: str) -> Iterator[str]:
    for parent in reversed(Path(folder).parents):
        if parent != Path("/"):
            yield from ("--perms", "0755", "--dir", str(parent))

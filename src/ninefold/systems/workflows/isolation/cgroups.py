"""Control groups, version 1 or 2: one for each job, with limits, by which all of its processes are found and ended."""

import os
import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.isolation.policy import JobLimits

_ROOT: Final = Path("/sys/fs/cgroup")
_CONTROLLERS: Final[tuple[str, ...]] = ("memory", "pids", "cpu")
_PERIOD_US: Final = 100_000
_KILL_TIMEOUT_S: Final = 5.0
_KILL_STEP_S: Final = 0.005


class Cgroups:
    """The groups of one runner: a folder for each controller of version 1, or one for all of version 2.

    Args:
        name: of the runner, unique on this machine.
        parents: by controller, where its group is.
        is_unified: whether this is version 2.
    """

    def __init__(self, name: str, parents: dict[str, Path], *, is_unified: bool) -> None:
        self.name = name
        self._parents = parents
        self.is_unified = is_unified

    @property
    def controllers(self) -> frozenset[str]:
        """What can be limited: of `memory`, `pids` and `cpu`."""
        return frozenset(self._parents)

    def make(self, job: str, limits: JobLimits) -> "JobCgroup":
        """Create the groups of a job.

        Raises:
            OSError: a group can't be created, or a limit can't be set.
        """
        folders: dict[str, Path] = {}
        for controller, parent in self._parents.items():
            folder = parent / self.name / job
            folder.mkdir(parents=True, exist_ok=True)
            folders[controller] = folder
        group = JobCgroup(folders, is_unified=self.is_unified)
        group.limit(limits)
        return group

    def remove(self) -> None:
        """Remove the groups of the runner, if no job has any."""
        for parent in dict.fromkeys(self._parents.values()):
            with suppress(OSError):
                (parent / self.name).rmdir()

    def end_leftovers(self) -> int:
        """End what jobs of an earlier process of this runner have left, and return how many groups there were."""
        folders = {folder for parent in self._parents.values() for folder in _jobs_in(parent / self.name)}
        by_name: dict[str, dict[str, Path]] = {}
        for folder in folders:
            by_name.setdefault(folder.name, {})[str(folder.parent)] = folder
        for same in by_name.values():
            JobCgroup(same, is_unified=self.is_unified).end()
        return len(by_name)


class JobCgroup:
    """The groups of one job."""

    def __init__(self, folders: dict[str, Path], *, is_unified: bool) -> None:
        self._folders = folders
        self._is_unified = is_unified

    @property
    def files(self) -> Sequence[str]:
        """Where a process writes its id to be in the groups."""
        return [str(folder / "cgroup.procs") for folder in dict.fromkeys(self._folders.values())]

    def limit(self, limits: JobLimits) -> None:
        """Set the limits."""
        quota = str(int(limits.cpus * _PERIOD_US))
        if self._is_unified:
            self._write("memory", "memory.max", str(limits.memory_bytes))
            self._write("memory", "memory.swap.max", "0", is_optional=True)
            self._write("memory", "memory.oom.group", "1", is_optional=True)
            self._write("cpu", "cpu.max", f"{quota} {_PERIOD_US}")
        else:
            self._write("memory", "memory.limit_in_bytes", str(limits.memory_bytes))
            self._write("memory", "memory.memsw.limit_in_bytes", str(limits.memory_bytes), is_optional=True)
            self._write("cpu", "cpu.cfs_period_us", str(_PERIOD_US))
            self._write("cpu", "cpu.cfs_quota_us", quota)
        self._write("pids", "pids.max", str(limits.processes))

    def was_out_of_memory(self) -> bool:
        """Return whether the kernel has ended a process of the job because of its memory."""
        folder = self._folders.get("memory")
        if folder is None:
            return False
        name = "memory.events" if self._is_unified else "memory.oom_control"
        with suppress(OSError):
            return any(
                line.startswith("oom_kill ") and not line.endswith(" 0")
                for line in (folder / name).read_text().splitlines()
            )
        return False

    def end(self) -> None:
        """End all processes of the job, and remove its groups. Takes up to 5 s."""
        deadline = time.monotonic() + _KILL_TIMEOUT_S
        while self._kill() and time.monotonic() < deadline:
            time.sleep(_KILL_STEP_S)
        for folder in self._folders.values():
            with suppress(OSError):
                folder.rmdir()

    def _kill(self) -> bool:
        """Kill all processes, and return whether there were any."""
        found = False
        for folder in dict.fromkeys(self._folders.values()):
            with suppress(OSError):
                (folder / "cgroup.kill").write_text("1")
            for pid in _pids(folder):
                found = True
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        return found

    def _write(self, controller: str, name: str, value: str, *, is_optional: bool = False) -> None:
        folder = self._folders.get(controller)
        if folder is not None and (not is_optional or (folder / name).exists()):
            with suppress(*([OSError] if is_optional else [])):
                (folder / name).write_text(value)


def find_cgroups(name: str, *, root: Path = _ROOT, memberships: str | None = None) -> Cgroups | None:
    """Return the groups in which this process can create others, or None.

    Args:
        name: of the runner, unique on this machine.
        root: where control groups are mounted.
        memberships: the content of `/proc/self/cgroup`; None to read it.
    """
    if memberships is None:
        memberships = Path("/proc/self/cgroup").read_text()
    own = dict(_memberships(memberships))
    if (root / "cgroup.controllers").exists():
        return _unified(name, root / own.get("", "/").lstrip("/"))
    parents: dict[str, Path] = {
        controller: root / controller / own[controller].lstrip("/") for controller in _CONTROLLERS if controller in own
    }
    usable = {controller: parent for controller, parent in parents.items() if _is_usable(parent / name)}
    return Cgroups(name, usable, is_unified=False) if usable else None


def _unified(name: str, own: Path) -> Cgroups | None:
    folder = own / name
    if not _is_usable(folder):
        return None
    wanted = " ".join(f"+{controller}" for controller in _CONTROLLERS)
    for each in (own, folder):
        # The kernel refuses it for a group with processes, unless it is the root.
        with suppress(OSError):
            (each / "cgroup.subtree_control").write_text(wanted)
    offered = (folder / "cgroup.subtree_control").read_text().split()
    usable: dict[str, Path] = {controller: own for controller in _CONTROLLERS if controller in offered}
    return Cgroups(name, usable, is_unified=True) if usable else None


def _is_usable(folder: Path) -> bool:
    try:
        folder.mkdir(exist_ok=True)
    except OSError:
        return False
    return os.access(folder, os.W_OK)


def _memberships(text: str) -> Iterator[tuple[str, str]]:
    for line in text.splitlines():
        _, controllers, path = line.split(":", 2)
        for controller in controllers.split(","):
            yield controller, path


def _jobs_in(folder: Path) -> list[Path]:
    with suppress(OSError):
        return [each for each in folder.iterdir() if each.is_dir()]
    return []


def _pids(folder: Path) -> list[int]:
    with suppress(OSError):
        return [int(line) for line in (folder / "cgroup.procs").read_text().split() if line != "0"]
    return []

"""The folders of a job on this machine, on a disk of a bounded size."""

import os
import shutil
import stat
import subprocess
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Final

import msgspec

_BLOCK_BYTES: Final = 512
_PASSABLE: Final = 0o711
_MOUNT_TIMEOUT_S: Final = 60.0
_ETC_FILES: Final = {
    "hosts": "127.0.0.1 localhost\n127.0.0.1 {server}\n",
    "hostname": "ninefold\n",
    "resolv.conf": "",
    "passwd": "root:x:0:0::/:/usr/sbin/nologin\nrunner:x:{uid}:{gid}::/home/runner:/bin/bash\n",
    "group": "root:x:0:\nrunner:x:{gid}:\n",
}


class Scratch(msgspec.Struct, frozen=True, kw_only=True):
    """Where a job's files are on this machine."""

    folder: Path
    """Of this job alone."""
    has_disk: bool
    """Whether its files are on a file system of their own."""

    @property
    def disk(self) -> Path:
        """What the job can write."""
        return self.folder / "disk"

    @property
    def home(self) -> Path:
        """The home folder, with the workspace."""
        return self.disk / "home"

    @property
    def temp(self) -> Path:
        """`/tmp`."""
        return self.disk / "tmp"

    @property
    def etc(self) -> Path:
        """The job's own files of `/etc`."""
        return self.folder / "etc"

    @property
    def sockets(self) -> Path:
        """Its ways out."""
        return self.folder / "run"

    @property
    def image(self) -> Path:
        """The disk's content."""
        return self.folder / "disk.image"


def make_jobs_folder(folder: Path, name: str, *, is_shared: bool) -> Path:
    """Return the folder in which jobs have theirs.

    Args:
        folder: of the runner.
        name: of the runner, unique on this machine.
        is_shared: whether other users have to reach their folders by path. If they couldn't, because a folder above is
            closed to them, the folder is in that for temporary files.

    Raises:
        OSError: it can't be created, or somebody else has it.
    """
    jobs = folder / "jobs"
    jobs.mkdir(parents=True, exist_ok=True)
    if not is_shared:
        return jobs
    folder.chmod(_PASSABLE)
    jobs.chmod(_PASSABLE)
    if all(above.stat().st_mode & stat.S_IXOTH for above in jobs.parents):
        return jobs
    jobs = Path(tempfile.gettempdir(), f"{name}-jobs")
    jobs.mkdir(mode=_PASSABLE, exist_ok=True)
    found = jobs.lstat()
    if not stat.S_ISDIR(found.st_mode) or found.st_uid != os.geteuid():
        raise PermissionError(f"{jobs} belongs to somebody else.")
    jobs.chmod(_PASSABLE)
    return jobs


def make_scratch(folder: Path, *, uid: int | None, server_name: str, disk_bytes: int, has_disks: bool) -> Scratch:
    """Create the folders of a job. Takes some 30 ms with a disk.

    Args:
        folder: doesn't exist yet.
        uid: the user of the job; None for that of this process.
        server_name: what leads to the job's own loopback interface.
        disk_bytes: the size of the disk.
        has_disks: whether it can have one.

    Raises:
        OSError: a folder can't be created.
        subprocess.SubprocessError: the disk can't be made.
    """
    scratch = Scratch(folder=folder, has_disk=has_disks)
    # Others may pass, since a job without namespaces of its own has to; its files below are closed to them.
    folder.mkdir(parents=True, mode=0o711)
    for path in (scratch.disk, scratch.etc, scratch.sockets):
        path.mkdir()
    if has_disks:
        _mount_disk(scratch, disk_bytes)
    scratch.home.mkdir(mode=0o755)
    scratch.temp.mkdir()
    scratch.temp.chmod(0o1777)
    uid_shown, gid_shown = (os.getuid(), os.getgid()) if uid is None else (uid, uid)
    for name, text in _ETC_FILES.items():
        (scratch.etc / name).write_text(text.format(server=server_name, uid=uid_shown, gid=gid_shown))
    if uid is not None:
        for path in (scratch.disk, scratch.home, scratch.temp, scratch.sockets):
            os.chown(path, uid, uid)
    for path in (scratch.disk, scratch.sockets):
        path.chmod(0o700)
    return scratch


def remove_scratch(scratch: Scratch) -> None:
    """Remove everything of a job. What can't be removed stays, and is removed at the next start."""
    if scratch.has_disk or os.path.ismount(scratch.disk):
        with suppress(OSError, subprocess.SubprocessError):
            _run("umount", "--lazy", str(scratch.disk))
    shutil.rmtree(scratch.folder, ignore_errors=True)


def remove_leftovers(folder: Path) -> None:
    """Remove the folders of all jobs."""
    with suppress(OSError):
        for path in list(folder.iterdir()):
            remove_scratch(Scratch(folder=path, has_disk=False))


def used_bytes(folder: Path) -> int:
    """Return how much the files in a folder take; those that are deleted, but still open, aren't seen."""
    size = 0
    folders = [str(folder)]
    while folders:
        with suppress(OSError), os.scandir(folders.pop()) as entries:
            for entry in entries:
                size += entry.stat(follow_symlinks=False).st_blocks * _BLOCK_BYTES
                if entry.is_dir(follow_symlinks=False):
                    folders.append(entry.path)
    return size


def _mount_disk(scratch: Scratch, disk_bytes: int) -> None:
    image = str(scratch.image)
    with scratch.image.open("wb") as file:
        file.truncate(disk_bytes)
    # No journal: nobody reads the disk after a crash.
    _run("mkfs.ext4", "-q", "-F", "-m", "0", "-O", "^has_journal", "-E", "lazy_itable_init=1,nodiscard", image)
    _run("mount", "-t", "ext4", "-o", "loop,nosuid,nodev", image, str(scratch.disk))


def _run(*command: str) -> None:
    subprocess.run(command, check=True, capture_output=True, timeout=_MOUNT_TIMEOUT_S)  # noqa: S603 - fixed programs.

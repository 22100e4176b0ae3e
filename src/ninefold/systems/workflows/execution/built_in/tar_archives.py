"""Writes and reads the archives of caches: compressed TAR.

Another job can have another workspace and another home folder. So names are relative to the workspace, or begin with
`~` for what is in the home folder; all others are absolute.
"""

import shutil
import tarfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError

ENTRIES_MAX: Final = 500_000
"""Files and folders of an archive."""

UNPACKED_BYTES_MAX: Final = 20 * 1024**3
"""All files of an archive together."""

_LEVEL: Final = 3
_COPY_BYTES: Final = 1_048_576
_MODES: Final = 0o777


@dataclass(frozen=True)
class Places:
    """Where the files of caches are in this job."""

    workspace: Path
    home: Path

    def name_of(self, path: Path) -> str:
        """Return the name of a file in an archive."""
        if path.is_relative_to(self.workspace):
            return str(path.relative_to(self.workspace))
        return f"~/{path.relative_to(self.home)}" if path.is_relative_to(self.home) else str(path)

    def path_of(self, name: str) -> Path:
        """Return where a file of an archive belongs."""
        return self.home / name[2:] if name.startswith("~/") else self.workspace / name


def write_tar(target: Path, paths: Sequence[Path], places: Places) -> None:
    """Write files and folders, with all that is in them, into a new archive. Links are kept as links.

    Raises:
        ActionFailedError: a file can't be read.
    """
    try:
        with tarfile.open(target, "x:gz", compresslevel=_LEVEL) as archive:
            for path in paths:
                _add(archive, path, places)
    except OSError as error:
        raise ActionFailedError(f"{error.filename or target} can't be read: {error.strerror}") from error


def _add(archive: tarfile.TarFile, path: Path, places: Places) -> None:
    entry = archive.gettarinfo(path)
    # Not by `add`, which takes the slash away from absolute names.
    entry.name = places.name_of(path)
    if entry.isreg():
        with path.open("rb") as content:
            archive.addfile(entry, content)
        return
    if entry.islnk():
        entry.linkname = places.name_of(Path("/", entry.linkname))
    archive.addfile(entry)
    if entry.isdir():
        for child in sorted(path.iterdir()):
            _add(archive, child, places)


def extract_tar(source: Path, places: Places, *, within: Sequence[Path]) -> int:
    """Unpack an archive to where its files came from, and return how many files and folders it has.

    Raises:
        ActionFailedError: it isn't a valid archive, is too large, or would write outside of the folders `within`.
    """
    count = size = 0
    try:
        with tarfile.open(source, "r:gz") as archive:
            for entry in archive:
                count, size = count + 1, size + max(entry.size, 0)
                if count > ENTRIES_MAX or size > UNPACKED_BYTES_MAX:
                    raise ActionFailedError("The cache has too many files, or too large ones.")
                _extract(archive, entry, places, within)
    except (tarfile.TarError, EOFError, OSError) as error:
        raise ActionFailedError(f"The cache can't be unpacked: {error}") from error
    return count


def _extract(archive: tarfile.TarFile, entry: tarfile.TarInfo, places: Places, within: Sequence[Path]) -> None:
    target = _target(entry.name, places, within)
    if entry.isdir():
        if target.is_symlink():
            target.unlink()
        target.mkdir(parents=True, exist_ok=True)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    if target.is_symlink() or target.is_file():
        target.unlink()
    if entry.issym():
        target.symlink_to(entry.linkname)
    elif entry.islnk():
        # Its contents are those of a file that was unpacked before.
        shutil.copyfile(_target(entry.linkname, places, within), target, follow_symlinks=False)
        target.chmod(entry.mode & _MODES)
    elif entry.isreg():
        content = archive.extractfile(entry)
        assert content is not None, "it is a regular file"
        with content, target.open("wb") as file:
            shutil.copyfileobj(content, file, _COPY_BYTES)
        target.chmod(entry.mode & _MODES)
    else:
        raise ActionFailedError(f"{entry.name!r} of the cache is a device, which isn't unpacked.")


def _target(name: str, places: Places, within: Sequence[Path]) -> Path:
    """Return where an entry belongs. Its folder must be in one of those asked for, whatever links are there."""
    target = places.path_of(name)
    is_inside = any(
        target == start or (target.is_relative_to(start) and target.parent.resolve().is_relative_to(start.resolve()))
        for start in within
    )
    if ".." in target.parts or not is_inside:
        raise ActionFailedError(f"{name!r} of the cache would be written outside of the input path.")
    return target

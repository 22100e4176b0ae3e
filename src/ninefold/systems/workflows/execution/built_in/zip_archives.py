"""Writes and reads the archives of artifacts: ZIP, as GitHub's actions do it."""

import hashlib
import shutil
import stat
import zipfile
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePosixPath
from typing import Final

from ninefold.systems.workflows.execution.built_in.toolkit import ActionFailedError

ZIP_TYPE: Final = "application/zip"
"""The media type of an archive."""

ENTRIES_MAX: Final = 200_000
"""Files and folders of an archive that is unpacked."""

UNPACKED_BYTES_MAX: Final = 20 * 1024**3
"""All files of an archive together."""

_COPY_BYTES: Final = 1_048_576
_NOT_IN_NAMES: Final = frozenset("\\\0\r\n")


def write_archive(target: Path, files: Iterable[tuple[str, Path]], *, level: int) -> None:
    """Write files into a new archive.

    Raises:
        ActionFailedError: a file has a name that an archive can't have, or can't be read.
    """
    method = zipfile.ZIP_DEFLATED if level else zipfile.ZIP_STORED
    with zipfile.ZipFile(target, "x", method, compresslevel=level or None, strict_timestamps=False) as archive:
        for name, file in files:
            check_name(name)
            try:
                archive.write(file, name)
            except OSError as error:
                raise ActionFailedError(f"{file} can't be read: {error.strerror}") from error


def extract_archive(source: Path, folder: Path) -> int:
    """Unpack an archive into a folder, and return how many files it has. Nothing is written elsewhere.

    Raises:
        ActionFailedError: it isn't a valid archive, is too large, or has a link or a path that leaves the folder. Then
            nothing was unpacked, except where a link in the folder itself leads out of it.
    """
    try:
        with zipfile.ZipFile(source) as archive:
            entries = archive.infolist()
            _check(entries)
            folder.mkdir(parents=True, exist_ok=True)
            for entry in entries:
                _extract(archive, entry, folder.resolve())
    except (zipfile.BadZipFile, NotImplementedError, EOFError) as error:
        raise ActionFailedError(f"The archive is damaged: {error}") from error
    return sum(not entry.is_dir() for entry in entries)


def place_file(source: Path, folder: Path, name: str) -> None:
    """Move a file into a folder, in place of a link of its name."""
    target = folder / name
    target.unlink(missing_ok=True)
    shutil.move(source, target)


def check_name(name: str) -> None:
    """Raise an ActionFailedError if a path of an archive leaves its folder, or isn't valid everywhere."""
    path = PurePosixPath(name)
    if not name or path.is_absolute() or ".." in path.parts or _NOT_IN_NAMES & set(name) or ":" in path.parts[0][1:2]:
        raise ActionFailedError(f"{name!r} isn't a valid path for a file of an artifact.")


def sha256_of(file: Path) -> str:
    """Return the digest of a file, in hexadecimal."""
    with file.open("rb") as stream:
        return hashlib.file_digest(stream, "sha256").hexdigest()


def _check(entries: Sequence[zipfile.ZipInfo]) -> None:
    if len(entries) > ENTRIES_MAX:
        raise ActionFailedError(f"The archive has {len(entries):,} files; at most {ENTRIES_MAX:,} are unpacked.")
    for entry in entries:
        check_name(entry.filename)
        kind = stat.S_IFMT(entry.external_attr >> 16)
        if kind not in {0, stat.S_IFREG, stat.S_IFDIR}:
            raise ActionFailedError(f"{entry.filename!r} of the archive is a link or a device, which isn't unpacked.")
    size = sum(entry.file_size for entry in entries)
    if size > UNPACKED_BYTES_MAX:
        raise ActionFailedError(f"The archive has {size:,} bytes; at most {UNPACKED_BYTES_MAX:,} are unpacked.")


def _extract(archive: zipfile.ZipFile, entry: zipfile.ZipInfo, folder: Path) -> None:
    target = folder / entry.filename
    parent = target if entry.is_dir() else target.parent
    # A link that is in the folder already could lead out of it.
    if not parent.resolve().is_relative_to(folder):
        raise ActionFailedError(f"{entry.filename!r} of the archive would be written outside of {folder}.")
    parent.mkdir(parents=True, exist_ok=True)
    if entry.is_dir():
        return
    if target.is_symlink():
        target.unlink()
    if target.is_dir():
        raise ActionFailedError(f"{target} is a folder, and the archive has a file of this name.")
    with archive.open(entry) as content, target.open("wb") as file:
        # Never more than what the archive says, which was checked.
        shutil.copyfileobj(content, file, _COPY_BYTES)
    if entry.external_attr >> 16 & stat.S_IXUSR:
        target.chmod(stat.S_IMODE(target.stat().st_mode) | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)

"""Caches: files that are kept under a key for later runs, as one compressed archive each."""

import glob
import hashlib
import os
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.results_client import (
    ResultsClient,
    ServiceError,
    download_blob,
    upload_blob,
)
from ninefold.systems.workflows.execution.built_in.tar_archives import Places, extract_tar, write_tar
from ninefold.systems.workflows.execution.built_in.toolkit import (
    ActionFailedError,
    flag_input,
    say,
    set_output,
    text_input,
    variable,
    warn,
)
from ninefold.systems.workflows.expressions.path_patterns import read_pattern_lines

KEY_CHARACTERS_MAX: Final = 512
RESTORE_KEYS_MAX: Final = 9
PATHS_MAX: Final = 1_000

_COMPRESSION: Final = "gzip"
_FORMAT: Final = "1.0"
_TYPE: Final = "application/octet-stream"


def restore() -> str:
    """Restore the files of the inputs, and return the key under which they were; empty if there are none.

    Raises:
        ActionFailedError: the inputs are invalid, or there are none and the inputs demand some.
    """
    key, paths = read_key(), read_paths()
    restore_keys = [each.strip() for each in text_input("restore-keys").splitlines() if each.strip()]
    if len(restore_keys) > RESTORE_KEYS_MAX:
        raise ActionFailedError(f"There are {len(restore_keys)} restore-keys; at most {RESTORE_KEYS_MAX} are allowed.")
    for each in restore_keys:
        _check_key(each)
    matched = _find(key, restore_keys, paths, is_lookup=flag_input("lookup-only"))
    set_output("cache-hit", "" if not matched else str(matched == key).lower())
    if not matched and flag_input("fail-on-cache-miss"):
        raise ActionFailedError(f"There is no cache for the key {key}.")
    if not matched:
        say(f"There is no cache for {', '.join([key, *restore_keys])}.")
    return matched


def save(key: str) -> None:
    """Keep the files of the inputs under a key. That it isn't possible is only a warning."""
    paths = read_paths()
    found = _expand(paths)
    if not found:
        warn(f"No files match the input path: {', '.join(paths)}. No cache is saved.")
        return
    try:
        client = ResultsClient("CacheService")
        with tempfile.TemporaryDirectory(dir=variable("RUNNER_TEMP")) as folder:
            archive = Path(folder) / "cache.tgz"
            write_tar(archive, found, _places())
            _upload(client, key, version_of(paths), archive)
    except ActionFailedError as error:
        warn(f"The cache isn't saved: {error}")


def read_key() -> str:
    """Return the input `key`.

    Raises:
        ActionFailedError: it isn't valid.
    """
    key = text_input("key")
    _check_key(key)
    return key


def read_paths() -> list[str]:
    """Return the lines of the input `path`.

    Raises:
        ActionFailedError: there are none, or too many.
    """
    paths = [each.strip() for each in text_input("path").splitlines() if each.strip()]
    if not paths or len(paths) > PATHS_MAX:
        raise ActionFailedError(f"The input path has {len(paths)} lines; there must be 1 to {PATHS_MAX:,}.")
    return paths


def version_of(paths: Sequence[str]) -> str:
    """Return what makes caches of the same key differ: the paths, and how the archive is made (`@actions/cache`)."""
    return hashlib.sha256("|".join([*paths, _COMPRESSION, _FORMAT]).encode()).hexdigest()


def _find(key: str, restore_keys: Sequence[str], paths: Sequence[str], *, is_lookup: bool) -> str:
    try:
        client = ResultsClient("CacheService")
        answer = client.call(
            "GetCacheEntryDownloadURL", key=key, restore_keys=[*restore_keys], version=version_of(paths)
        )
    except ActionFailedError as error:
        if not isinstance(error, ServiceError) or error.code != "not_found":
            warn(f"No cache is restored: {error}")
        return ""
    if not answer.get("ok"):
        return ""
    matched = str(answer["matched_key"])
    if is_lookup:
        say(f"There is a cache with the key {matched}.")
        return matched
    with tempfile.TemporaryDirectory(dir=variable("RUNNER_TEMP")) as folder:
        archive = Path(folder) / "cache.tgz"
        download_blob(str(answer["signed_download_url"]), archive)
        count = extract_tar(archive, _places(), within=_starts(paths))
    say(f"The cache with the key {matched} is restored: {count:,} files and folders.")
    return matched


def _upload(client: ResultsClient, key: str, version: str, archive: Path) -> None:
    try:
        created = client.call("CreateCacheEntry", key=key, version=version)
    except ServiceError as error:
        if error.code != "already_exists":
            raise
        created = {"ok": False}
    if not created.get("ok"):
        say(f"There is a cache with the key {key} already, so that none is saved.")
        return
    size = archive.stat().st_size
    upload_blob(str(created["signed_upload_url"]), archive, media_type=_TYPE)
    client.call("FinalizeCacheEntryUpload", key=key, version=version, size_bytes=str(size))
    say(f"The cache is saved with the key {key}: {size:,} bytes.")


def _check_key(key: str) -> None:
    if not key or len(key) > KEY_CHARACTERS_MAX or "," in key:
        raise ActionFailedError(
            f"'{key}' isn't a valid key: it has 1 to {KEY_CHARACTERS_MAX} characters, and none of them is a comma."
        )


def _expand(paths: Sequence[str]) -> list[Path]:
    """Return the files and folders that patterns match; what is in folders isn't listed."""
    found: dict[str, None] = {}
    for pattern, is_negated in read_pattern_lines("\n".join(paths)):
        # Not pathlib's, whose `**` matches folders only.
        for path in glob.iglob(_absolute(pattern), recursive=True, include_hidden=True):  # noqa: PTH207
            if is_negated:
                found.pop(path.rstrip("/"), None)
            else:
                found[path.rstrip("/")] = None
    return [Path(each) for each in found]


def _starts(paths: Sequence[str]) -> list[Path]:
    """Return where files can be restored: the part of each pattern before the first wildcard."""
    starts = []
    for pattern, is_negated in read_pattern_lines("\n".join(paths)):
        parts = Path(_absolute(pattern)).parts
        count = next((index for index, part in enumerate(parts) if glob.has_magic(part)), len(parts))
        if not is_negated:
            starts.append(Path(*parts[:count]))
    return starts


def _absolute(pattern: str) -> str:
    places = _places()
    path = places.home if pattern == "~" else places.path_of(pattern)
    return os.path.normpath(path)


def _places() -> Places:
    workspace = Path(variable("GITHUB_WORKSPACE"))
    return Places(workspace, Path(os.environ.get("HOME") or workspace))

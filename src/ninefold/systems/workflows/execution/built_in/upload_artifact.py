"""The action `upload-artifact`: keeps files of a job as an artifact of its run."""

import mimetypes
import os
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.file_search import FoundFiles, find_files
from ninefold.systems.workflows.execution.built_in.results_client import ResultsClient, ServiceError, upload_blob
from ninefold.systems.workflows.execution.built_in.toolkit import (
    ActionFailedError,
    flag_input,
    number_input,
    run_program,
    say,
    set_output,
    text_input,
    variable,
    warn,
)
from ninefold.systems.workflows.execution.built_in.zip_archives import ZIP_TYPE, sha256_of, write_archive

RETENTION_DAYS_MAX: Final = 400

_VERSION: Final = 7
"""Of the protocol: the first one that has files which aren't archives."""

_LEVEL: Final = 6
_NOT_IN_NAMES: Final = frozenset('":<>|*?\r\n\\/')
_SHOWN_MAX: Final = 5


def upload() -> None:
    """Upload what the inputs say."""
    name = text_input("name")
    is_archive = flag_input("archive")
    if is_archive:
        _check_name(name)
    level = number_input("compression-level", least=0, most=9)
    days = number_input("retention-days", least=0, most=RETENTION_DAYS_MAX)
    overwrites = flag_input("overwrite")
    found = find_files(
        text_input("path"),
        workspace=Path(variable("GITHUB_WORKSPACE")),
        has_hidden=flag_input("include-hidden-files"),
    )
    _warn_of_links(found)
    if not found.files:
        _say_that_there_are_none()
        return
    client = ResultsClient("ArtifactService")
    if not is_archive:
        _send_file(client, found, overwrites=overwrites, days=days)
        return
    with tempfile.TemporaryDirectory(dir=variable("RUNNER_TEMP")) as folder:
        archive = Path(folder) / "artifact.zip"
        write_archive(archive, found.names(), level=_LEVEL if level is None else level)
        if overwrites:
            _delete(client, name)
        _send(client, name, archive, media_type=ZIP_TYPE, count=len(found.files), days=days)


def _check_name(name: str) -> None:
    if not name or _NOT_IN_NAMES & set(name):
        raise ActionFailedError(f"'{name}' isn't a valid name of an artifact: it must not have \" : < > | * ? \\ or /.")


def _send_file(client: ResultsClient, found: FoundFiles, *, overwrites: bool, days: int | None) -> None:
    """Upload the only file as it is, with its own name."""
    if len(found.files) > 1:
        raise ActionFailedError(
            f"With archive: false only one file can be uploaded, but {len(found.files):,} match the input path."
        )
    (file,) = found.files
    _check_name(file.name)
    if overwrites:
        _delete(client, file.name)
    media_type = mimetypes.guess_type(file.name)[0] or "application/octet-stream"
    _send(client, file.name, file, media_type=media_type, count=1, days=days)


def _send(client: ResultsClient, name: str, file: Path, *, media_type: str, count: int, days: int | None) -> None:
    digest, size = sha256_of(file), file.stat().st_size
    expires_at = (datetime.now(UTC) + timedelta(days=days)).isoformat().replace("+00:00", "Z") if days else None
    try:
        created = client.call(
            "CreateArtifact", **client.ids, name=name, version=_VERSION, mime_type=media_type, expires_at=expires_at
        )
    except ServiceError as error:
        if error.code == "already_exists":
            raise ActionFailedError(
                f"This run already has an artifact '{name}'. Use another name, or set overwrite to true."
            ) from error
        raise
    upload_blob(str(created["signed_upload_url"]), file, media_type=media_type)
    artifact = client.call("FinalizeArtifact", **client.ids, name=name, size=str(size), hash=f"sha256:{digest}")
    artifact_id = str(artifact["artifact_id"])
    set_output("artifact-id", artifact_id)
    set_output("artifact-digest", digest)
    run = f"{variable('GITHUB_REPOSITORY')}/actions/runs/{os.environ.get('GITHUB_RUN_ID', '0')}"
    set_output("artifact-url", f"{variable('GITHUB_SERVER_URL')}/{run}/artifacts/{artifact_id}")
    say(f"The artifact {name} has {count:,} {'file' if count == 1 else 'files'}, {size:,} bytes, SHA-256 {digest}.")


def _delete(client: ResultsClient, name: str) -> None:
    try:
        client.call("DeleteArtifact", **client.ids, name=name)
    except ServiceError as error:
        if error.code != "not_found":
            raise


def _warn_of_links(found: FoundFiles) -> None:
    if found.left_out:
        names = ", ".join(str(each) for each in found.left_out[:_SHOWN_MAX])
        warn(f"{len(found.left_out):,} links lead out of the folder that is searched and are left out: {names}")


def _say_that_there_are_none() -> None:
    message = f"No files match the input path: {text_input('path')}. No artifact is uploaded."
    choice = text_input("if-no-files-found") or "warn"
    if choice == "error":
        raise ActionFailedError(message)
    if choice == "warn":
        warn(message)
    elif choice == "ignore":
        say(message)
    else:
        raise ActionFailedError(f"The input if-no-files-found is '{choice}', but must be warn, error or ignore.")


if __name__ == "__main__":
    run_program(main=upload)

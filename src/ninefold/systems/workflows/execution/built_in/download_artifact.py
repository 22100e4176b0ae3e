"""The action `download-artifact`: gets artifacts of the same run."""

import os
import tempfile
from collections.abc import Sequence
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.results_client import Message, ResultsClient, download_blob
from ninefold.systems.workflows.execution.built_in.toolkit import (
    ActionFailedError,
    flag_input,
    run_program,
    say,
    set_output,
    text_input,
    variable,
)
from ninefold.systems.workflows.execution.built_in.zip_archives import (
    ZIP_TYPE,
    check_name,
    extract_archive,
    place_file,
    sha256_of,
)

_ARCHIVES: Final = frozenset({"", ZIP_TYPE, "application/x-zip-compressed", "application/zip-compressed"})
"""The media types of archives."""


def download() -> None:
    """Download what the inputs say."""
    target = _folder()
    name = text_input("name")
    merges = flag_input("merge-multiple")
    client = ResultsClient("ArtifactService")
    artifacts = _list(client, name)
    if name and not artifacts:
        raise ActionFailedError(f"This run has no artifact '{name}'.")
    if not artifacts:
        say(f"This run has no artifact that matches {text_input('pattern')}.")
    for artifact in artifacts:
        is_alone = bool(name) or merges
        _get(client, artifact, target if is_alone else target / _folder_name(artifact))
    set_output("download-path", str(target))


def _folder() -> Path:
    workspace = Path(variable("GITHUB_WORKSPACE"))
    path = text_input("path")
    home = os.environ.get("HOME", "")
    return (workspace / (f"{home}{path[1:]}" if home and path.startswith("~/") else path)).resolve()


def _list(client: ResultsClient, name: str) -> Sequence[Message]:
    """Return the artifact of a name, or those that match the pattern; of equal names, the newest one."""
    answer = client.call("ListArtifacts", **client.ids, name_filter=name or None)
    newest: dict[str, Message] = {}
    for artifact in answer.get("artifacts", []):
        known = newest.get(artifact["name"])
        if known is None or int(artifact["database_id"]) > int(known["database_id"]):
            newest[artifact["name"]] = artifact
    pattern = name or text_input("pattern") or "*"
    return [
        artifact
        for each, artifact in sorted(newest.items())
        if (each == name if name else fnmatchcase(each, pattern.replace("[", "[[]")))
    ]


def _folder_name(artifact: Message) -> str:
    name = str(artifact["name"])
    check_name(name)
    return name


def _get(client: ResultsClient, artifact: Message, folder: Path) -> None:
    name = str(artifact["name"])
    answer = client.call(
        "GetSignedArtifactURL",
        workflow_run_backend_id=artifact["workflow_run_backend_id"],
        workflow_job_run_backend_id=artifact["workflow_job_run_backend_id"],
        name=name,
    )
    with tempfile.TemporaryDirectory(dir=variable("RUNNER_TEMP")) as temporary:
        archive = Path(temporary) / "artifact.zip"
        media_type = download_blob(str(answer["signed_url"]), archive)
        digest = sha256_of(archive)
        expected = str(artifact.get("digest") or "").removeprefix("sha256:")
        if expected and expected != digest:
            raise ActionFailedError(f"The artifact {name} has the digest {digest}, but should have {expected}.")
        if media_type in _ARCHIVES:
            count = extract_archive(archive, folder)
        else:
            # The official action can upload one file as it is.
            folder.mkdir(parents=True, exist_ok=True)
            count = 1
            place_file(archive, folder, _folder_name(artifact))
    say(f"The artifact {name} with {count:,} files is in {folder}, SHA-256 {digest}.")


if __name__ == "__main__":
    run_program(main=download)

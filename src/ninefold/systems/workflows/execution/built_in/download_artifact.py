"""The action `download-artifact`: gets artifacts of the same run."""

import os
import re
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.built_in.name_patterns import is_name_match
from ninefold.systems.workflows.execution.built_in.results_client import Message, ResultsClient, download_blob
from ninefold.systems.workflows.execution.built_in.toolkit import (
    ActionFailedError,
    flag_input,
    run_program,
    say,
    set_output,
    text_input,
    variable,
    warn,
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

_VERSION_4: Final = re.compile(r"v4(\.[0-9.]*)?")


def download() -> None:
    """Download what the inputs say."""
    target = _folder()
    name = text_input("name")
    client = ResultsClient("ArtifactService")
    artifacts = _choose(_list(client, name), name)
    is_one_folder = bool(name) or flag_input("merge-multiple") or (len(artifacts) == 1 and not _is_version_4())
    for artifact in artifacts:
        _get(client, artifact, target if is_one_folder else target / _folder_name(artifact))
    set_output("download-path", str(target))


def _folder() -> Path:
    workspace = Path(variable("GITHUB_WORKSPACE"))
    path = text_input("path")
    home = os.environ.get("HOME", "")
    return (workspace / (f"{home}{path[1:]}" if home and path.startswith("~/") else path)).resolve()


def _is_version_4() -> bool:
    """Return whether an artifact has a folder of its own also if it is the only one, as before version 5."""
    return _VERSION_4.fullmatch(os.environ.get("GITHUB_ACTION_REF", "")) is not None


def _choose(artifacts: Sequence[Message], name: str) -> Sequence[Message]:
    """Return the artifact of a name, those of the ids, or those that match the pattern.

    Raises:
        ActionFailedError: none has the name or one of the ids, or the ids aren't valid.
    """
    ids = text_input("artifact-ids")
    if name and ids:
        raise ActionFailedError("The inputs name and artifact-ids can't be used together.")
    if ids:
        return _choose_ids(artifacts, ids)
    if name:
        chosen = [each for each in artifacts if each["name"] == name]
        if not chosen:
            raise ActionFailedError(f"This run has no artifact '{name}'.")
        return chosen
    pattern = text_input("pattern") or "*"
    chosen = [each for each in artifacts if is_name_match(str(each["name"]), pattern)]
    if not chosen:
        say(f"This run has no artifact that matches {pattern}.")
    return chosen


def _choose_ids(artifacts: Sequence[Message], text: str) -> Sequence[Message]:
    wanted = {each.strip() for each in text.split(",") if each.strip()}
    if not wanted or not all(each.isascii() and each.isdigit() for each in wanted):
        raise ActionFailedError(f"The input artifact-ids is '{text}', but must be numbers with commas between them.")
    chosen = [each for each in artifacts if str(each["database_id"]) in wanted]
    missing = ", ".join(sorted(wanted - {str(each["database_id"]) for each in chosen}))
    if not chosen:
        raise ActionFailedError(f"This run has no artifact with the id {missing}.")
    if missing:
        warn(f"This run has no artifact with the id {missing}.")
    return chosen


def _list(client: ResultsClient, name: str) -> Sequence[Message]:
    """Return the artifacts of the run in the order of their names; of equal names, the newest one."""
    answer = client.call("ListArtifacts", **client.ids, name_filter=name or None)
    newest: dict[str, Message] = {}
    for artifact in answer.get("artifacts", []):
        known = newest.get(artifact["name"])
        if known is None or int(artifact["database_id"]) > int(known["database_id"]):
            newest[artifact["name"]] = artifact
    return [artifact for _, artifact in sorted(newest.items())]


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
        if media_type in _ARCHIVES and not flag_input("skip-decompress"):
            count = extract_archive(archive, folder)
        else:
            # One file that was uploaded as it is, or an archive that stays one.
            folder.mkdir(parents=True, exist_ok=True)
            count = 1
            place_file(archive, folder, f"{_folder_name(artifact)}{'.zip' if media_type in _ARCHIVES else ''}")
    say(f"The artifact {name} with {count:,} {'file' if count == 1 else 'files'} is in {folder}, SHA-256 {digest}.")


if __name__ == "__main__":
    run_program(main=download)

"""`ninefold workflows artifacts …`."""

import sys
from pathlib import Path
from typing import Final

import msgspec
from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    parse_argument_id,
    print_note,
    print_table,
    show_answer,
)
from ninefold.systems.workflows.model.results import ARTIFACT_PREFIX
from ninefold.systems.workflows.model.runs import RUN_PREFIX

_ROOT: Final = "/api/v1/workflows"

artifacts = App(name="artifacts", help="List and download what runs have kept.")


class ArtifactAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """An artifact of a run."""

    artifact_id: str
    name: str
    file_name: str
    size: int
    digest: str
    created_at: str
    expires_at: str


class ArtifactsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The artifacts of a run."""

    items: list[ArtifactAnswer]


@artifacts.command(name="list")
def list_artifacts(run_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List the artifacts of a run.

    Args:
        run_id: The id of the run, such as wrun_….
        api: The server and API key to use.
    """
    parse_argument_id(RUN_PREFIX, run_id, shown_by="ninefold workflows runs list")
    with api.client() as client:
        show_answer(client.get(f"{_ROOT}/runs/{run_id}/artifacts"), ArtifactsAnswer, api=api, show=_show_artifacts)


@artifacts.command(name="download")
def download_artifact(artifact_id: str, *, output: Path | None = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Download an artifact, often as a zip file.

    Args:
        artifact_id: The id of the artifact, such as artifact_….
        output: Where to write it; by default, to standard output.
        api: The server and API key to use.
    """
    parse_argument_id(ARTIFACT_PREFIX, artifact_id, shown_by="ninefold workflows artifacts list RUN")
    size = 0
    with api.client() as client:
        content = client.download(f"{_ROOT}/artifacts/{artifact_id}/content")
        if output is None:
            for piece in content:
                sys.stdout.buffer.write(piece)
            return
        with output.open("wb") as file:
            for piece in content:
                size += file.write(piece)
    print_note(f"Wrote {size:,} bytes to {output}.")


def _show_artifacts(answer: ArtifactsAnswer) -> None:
    print_table(
        ["Artifact", "Name", "Bytes", "Created at", "Expires at"],
        [[each.artifact_id, each.name, f"{each.size:,}", each.created_at, each.expires_at] for each in answer.items],
        empty="The run has no artifacts. A job keeps files with actions/upload-artifact.",
    )

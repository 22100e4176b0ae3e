"""`ninefold video upload`."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, Final

import cyclopts
import msgspec
from rich.console import Console
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    parse_argument_id,
    print_fields,
    print_json,
    print_note,
    state_text,
)
from ninefold.core.commands.client import ApiProblemError
from ninefold.core.errors import InvalidInputError, NinefoldError, UnavailableError
from ninefold.systems.video.commands.answers import TitleAnswer
from ninefold.systems.video.commands.tus_client import (
    UPLOADS_PATH,
    FileUpload,
    Report,
    create_upload,
    find_upload,
    offset_of,
)
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX

TITLES_PATH: Final = "/api/v1/video/titles"
POLL_S: Final = 0.5
_ENDED: Final = frozenset({"ready", "failed", "canceled"})
_LIKE: Final = {"ready": "succeeded", "uploading": "running", "processing": "running"}


class TitleEndedBadlyError(NinefoldError):
    """A title that a command waited for has failed, or was canceled."""

    code = "video_title_ended_badly"
    title = "The title isn't ready"


class Uploaded(msgspec.Struct, frozen=True, kw_only=True):
    """What `--json` prints."""

    title_id: str
    upload_id: str
    status: str
    hls_url: str | None
    dash_url: str | None


def upload(
    file: Path,
    *,
    title: str = "",
    description: str = "",
    tags: str = "",
    maturity: int = 0,
    resume: str | None = None,
    wait: Annotated[bool, cyclopts.Parameter(negative="", show_default=False)] = False,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Upload a video, and print the addresses for players. It can be played while it is still uploaded.

    Args:
        file: The file.
        title: What it is called; by default, as the file.
        description: What it is about.
        tags: Words for it, separated by commas.
        maturity: The youngest age that it is for: 0, 6, 12, 16 or 18.
        resume: An upload of the same file that was interrupted, to go on with.
        wait: Wait until it is encoded in all qualities.
        api: The server and API key to use.
    """
    size = _size_of(file)
    with api.client() as client, _progress(size, is_shown=not api.json) as report:
        path, offset = _begin(
            client,
            resume,
            size=size,
            metadata={
                "filename": file.name,
                "title": title,
                "description": description,
                "tags": tags,
                "maturity": str(maturity) if maturity else "",
            },
        )
        title_id = _title_of(client, path)
        report(offset)
        try:
            FileUpload(client, file, path=path, report=report).send(offset)
        except UnavailableError as error:
            remedy = f"Go on later: ninefold video upload {file} --resume {path.rpartition('/')[2]}"
            raise UnavailableError(error.detail, field=error.field, remedy=remedy) from error
        except ApiProblemError as error:
            raise _why_refused(client, title_id, error) from error
        found = _wait_until_ended(client, title_id, is_shown=not api.json) if wait else _read(client, title_id)
    _print(found, path.rpartition("/")[2], api=api)


def _begin(client: ApiClient, resume: str | None, *, size: int, metadata: dict[str, str]) -> tuple[str, int]:
    """Return where the upload is, and how much of it the server has."""
    if resume is None:
        return create_upload(client, size=size, metadata=metadata).headers["location"], 0
    parse_argument_id(UPLOAD_PREFIX, resume, shown_by="ninefold video titles show TITLE")
    path = f"{UPLOADS_PATH}/{resume}"
    found = find_upload(client, path)
    length = int(found.headers["upload-length"])
    if length != size:
        raise InvalidInputError(
            f"The upload has {length:,} bytes, and the file {size:,}.", field="file", remedy="Give the same file."
        )
    return path, offset_of(found)


class _UploadAnswer(msgspec.Struct, frozen=True, kw_only=True):
    title_id: str


def _title_of(client: ApiClient, path: str) -> str:
    return client.get(path).read(_UploadAnswer).title_id


def _read(client: ApiClient, title_id: str) -> TitleAnswer:
    return client.get(f"{TITLES_PATH}/{title_id}").read(TitleAnswer)


def _why_refused(client: ApiClient, title_id: str, error: ApiProblemError) -> ApiProblemError:
    """Return the error, with what the title says if the error doesn't."""
    found = _read(client, title_id)
    if found.status == "failed" and found.why and found.why not in str(error):
        return ApiProblemError(found.why, field=error.field)
    return error


def _wait_until_ended(client: ApiClient, title_id: str, *, is_shown: bool) -> TitleAnswer:
    shown = ""
    while True:
        found = _read(client, title_id)
        if found.status in _ENDED:
            break
        now = f"Encoded {found.chunks_ready} of {found.chunks_total} chunks."
        if is_shown and now != shown:
            print_note(now)
            shown = now
        time.sleep(POLL_S)
    if found.status != "ready":
        raise TitleEndedBadlyError(f"The title is {found.status}: {found.why}")
    return found


def _print(found: TitleAnswer, upload_id: str, *, api: ApiOptions) -> None:
    if api.json:
        print_json(
            Uploaded(
                title_id=found.title_id,
                upload_id=upload_id,
                status=found.status,
                hls_url=found.hls_url,
                dash_url=found.dash_url,
            )
        )
        return
    print_fields(
        {
            "title_id": found.title_id,
            "name": found.name,
            "status": state_text(found.status, like=_LIKE.get(found.status)),
            "warnings": "\n".join(found.warnings) or None,
            "hls_url": found.hls_url,
            "dash_url": found.dash_url,
        }
    )


def _size_of(file: Path) -> int:
    if not file.is_file():
        raise InvalidInputError(f"{file} isn't a file.", field="file", remedy="Give the path of a video file.")
    size = file.stat().st_size
    if size == 0:
        raise InvalidInputError(f"{file} is empty.", field="file", remedy="Give the path of a video file.")
    return size


@contextmanager
def _progress(size: int, *, is_shown: bool) -> Iterator[Report]:
    """Show how far the upload is on standard error, if that is a terminal."""
    console = Console(stderr=True)
    columns = [
        TextColumn("Uploading"),
        BarColumn(),
        DownloadColumn(binary_units=False),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    ]
    with Progress(*columns, console=console, disable=not (is_shown and console.is_terminal)) as progress:
        bar = progress.add_task("upload", total=size)
        yield lambda count: progress.update(bar, completed=count)

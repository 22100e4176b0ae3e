"""`ninefold video titles …`."""

from typing import Final

from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    Limit,
    Page,
    parse_argument_id,
    print_fields,
    print_gap,
    print_next_page,
    print_note,
    print_table,
    show_answer,
    state_text,
)
from ninefold.systems.video.commands.answers import RungAnswer, TitleAnswer
from ninefold.systems.video.commands.upload import TITLES_PATH
from ninefold.systems.video.model.titles import TITLE_PREFIX

titles = App(name="titles", help="List, show, cancel and delete titles.")

_LIKE: Final = {"ready": "succeeded", "uploading": "running", "processing": "running"}
_LIST: Final = "ninefold video titles list"


@titles.command(name="list")
def list_titles(
    *,
    status: str | None = None,
    q: str | None = None,
    limit: Limit = 20,
    cursor: str | None = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """List titles, latest first.

    Args:
        status: Only titles with this status: uploading, processing, ready, failed or canceled.
        q: Only titles with this text in their names.
        limit: Maximum number of titles to list.
        cursor: Start of the page, as printed below the previous page.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(TITLES_PATH, status=status, q=q, limit=limit, cursor=cursor)
        show_answer(answer, Page[TitleAnswer], api=api, show=_show_titles)


@titles.command(name="show")
def show_title(title_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show a title with its qualities, and the addresses for players.

    Args:
        title_id: The title.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_path_of(title_id))
        show_answer(answer, TitleAnswer, api=api, show=_show_title)


@titles.command(name="cancel")
def cancel_title(title_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Cancel a title: its upload takes no more bytes, and what was made of it is removed.

    Args:
        title_id: The title.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.post(f"{_path_of(title_id)}/cancel")
        show_answer(answer, TitleAnswer, api=api, show=_show_title)


@titles.command(name="retry")
def retry_title(title_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Do again what has failed for a title; what was encoded stays.

    Args:
        title_id: The title.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.post(f"{_path_of(title_id)}/retry")
        show_answer(answer, TitleAnswer, api=api, show=_show_title)


@titles.command(name="delete")
def delete_title(title_id: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a title. This can't be undone.

    Args:
        title_id: The title.
        api: The server and API key to use.
    """
    with api.client() as client:
        client.delete(_path_of(title_id))
    print_note(f"Deleted {title_id}.")


def _path_of(title_id: str) -> str:
    parse_argument_id(TITLE_PREFIX, title_id, shown_by=_LIST)
    return f"{TITLES_PATH}/{title_id}"


def _show_titles(page: Page[TitleAnswer]) -> None:
    print_table(
        ["Title", "Name", "Status", "Duration", "Chunks", "Created at"],
        [
            [
                each.title_id,
                each.name,
                state_text(each.status, like=_LIKE.get(each.status)),
                _seconds(each.duration_s),
                f"{each.chunks_ready} of {each.chunks_total}",
                each.created_at,
            ]
            for each in page.items
        ],
        empty="No titles yet. Upload one: ninefold video upload FILE",
    )
    print_next_page(page)


def _show_title(found: TitleAnswer) -> None:
    upload = found.upload
    print_fields(
        {
            "title_id": found.title_id,
            "name": found.name,
            "status": state_text(found.status, like=_LIKE.get(found.status)),
            "why": found.why,
            "warnings": "\n".join(found.warnings) or None,
            "duration": _seconds(found.duration_s),
            "size": None if found.width is None else f"{found.width}x{found.height}",
            "upload": None if upload is None else f"{upload.bytes_received:,} of {upload.bytes_total:,} bytes",
            "chunks": f"{found.chunks_ready} of {found.chunks_total}",
            "left": _seconds(found.eta_s),
            "hls_url": found.hls_url,
            "dash_url": found.dash_url,
        }
    )
    if found.rungs:
        print_gap()
        print_table(
            ["Quality", "Codecs", "Bits a second, at most", "Mean", "VMAF", "Ready until"],
            [
                [
                    each.name,
                    each.codecs,
                    f"{each.bitrate_max:,}",
                    each.bitrate_mean,
                    each.vmaf,
                    _seconds(each.ready_until_s),
                ]
                for each in found.rungs
            ],
            empty="",
        )


def _rung_row(rung: RungAnswer) -> list[object]:
    ready_until = _seconds(rung.ready_until_s)
    return [rung.name, rung.codecs, f"{rung.bitrate_max:,}", rung.bitrate_mean, rung.vmaf, ready_until]


def _seconds(value: float | None) -> str | None:
    return None if value is None else f"{value:.1f} s"

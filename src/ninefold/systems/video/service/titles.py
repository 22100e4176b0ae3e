"""Titles: what people read and change, and every transition of a title's status.

A transition changes nothing if the title has ended, and returns what to tell others after the commit. The row of the
title is the lock: whoever writes something that belongs to a title locks it first (`lock_title`), then its upload.
"""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.systems.video.errors import TitleEndedError, TitleNotFailedError, TitleNotFoundError
from ninefold.systems.video.model.titles import TITLE_PREFIX, SourceFacts, Title, TitleFields, TitleStatus
from ninefold.systems.video.model.uploads import Upload
from ninefold.systems.video.service.channels import Changed
from ninefold.systems.video.service.feeds import append_title_change
from ninefold.systems.video.service.metrics import TITLES
from ninefold.systems.video.store import splits, titles, uploads


async def get_title(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> Title:
    """Return a title.

    Raises:
        TitleNotFoundError: the organisation has none with this id.
    """
    title = await titles.title_find(connection, title_id, organisation_id=organisation_id)
    if title is None:
        raise _not_found(title_id)
    return title


async def list_titles(
    connection: Connection,
    *,
    organisation_id: UUID,
    status: TitleStatus | None = None,
    words: str | None = None,
    before: UUID | None = None,
    limit: int,
) -> list[Title]:
    """Return a page of an organisation's titles, latest first."""
    return await titles.title_list(
        connection, organisation_id=organisation_id, status=status, words=words, before=before, limit=limit
    )


async def change_title(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, fields: TitleFields
) -> tuple[Title, Changed]:
    """Change what people say about a title.

    Raises:
        TitleNotFoundError: the organisation has none with this id.
    """
    title = await titles.title_change(connection, title_id, organisation_id=organisation_id, fields=fields)
    if title is None:
        raise _not_found(title_id)
    return title, await _changed(connection, title, "metadata")


async def lock_title(connection: Connection, title_id: UUID) -> Title | None:
    """Return a title that hasn't ended, and keep others from changing it; None if it has ended or is gone.

    Call it before anything is written that belongs to a title, so that nothing is written for one that was canceled.
    """
    title = await titles.title_lock(connection, title_id)
    return None if title is None or title.is_ended else title


async def first_bytes_came(connection: Connection, title: Title, at: datetime) -> Changed:
    """Take that the first bytes of a title are committed: its source can be split."""
    changed = await titles.title_mark_first_bytes(connection, title.title_id, at=at)
    if changed is None:
        return Changed()
    await splits.split_insert(connection, title.title_id, organisation_id=title.organisation_id)
    return Changed(organisation_ids=frozenset({title.organisation_id}))


async def bytes_came(connection: Connection, title: Title, upload: Upload, at: datetime) -> Changed:
    """Take that more bytes of a title are committed, perhaps the last ones."""
    changed = Changed(upload_ids=frozenset({upload.upload_id}))
    if title.first_bytes_at is None:
        changed |= await first_bytes_came(connection, title, at)
    elif await _resume_split(connection, title, upload, at):
        changed |= Changed(organisation_ids=frozenset({title.organisation_id}))
    if upload.is_complete:
        return changed | await upload_complete(connection, title.title_id, at)
    return changed | await _changed(connection, title, "upload")


async def upload_complete(connection: Connection, title_id: UUID, at: datetime) -> Changed:
    """Take that all bytes of a title are committed."""
    return await _told(connection, await titles.title_mark_uploaded(connection, title_id, at=at))


async def title_probed(connection: Connection, title_id: UUID, facts: SourceFacts) -> Changed:
    """Take what was found in the source; it can be called again when more is known."""
    return await _told(connection, await titles.title_add_facts(connection, title_id, facts))


async def title_noted(connection: Connection, title_id: UUID, why: str | None) -> Changed:
    """Take what people should know about a title that goes on, such as why it can't be played yet."""
    return await _told(connection, await titles.title_set_why(connection, title_id, why=why))


async def title_pictured(connection: Connection, title_id: UUID, *, poster_blob_id: UUID) -> Changed:
    """Take the picture that stands for a title; the caller has kept the blob."""
    title = await titles.title_set_poster(connection, title_id, poster_blob_id=poster_blob_id)
    return await _told(connection, title, "pictures")


async def title_playable(connection: Connection, title_id: UUID, at: datetime) -> Changed:
    """Take that the first segment of picture and sound can be played."""
    title = await titles.title_mark_playable(connection, title_id, at=at)
    return await _told(connection, title) | _segments_of(title)


async def title_ready(connection: Connection, title_id: UUID, at: datetime, *, warnings: Sequence[str]) -> Changed:
    """Take that everything is done for a title. It must be uploaded and playable; `warnings` say what is damaged."""
    return await _end(connection, title_id, status=TitleStatus.READY, why=None, warnings=warnings, at=at)


async def title_failed(connection: Connection, title_id: UUID, why: str, at: datetime) -> Changed:
    """End a title that can't be encoded; `why` says what happened and what to do. What was made stays."""
    changed = await _end(connection, title_id, status=TitleStatus.FAILED, why=why, at=at)
    if changed != Changed():
        await splits.unfinished_task_cancel(connection, title_id, at=at)
    return changed


async def title_canceled(connection: Connection, title_id: UUID, why: str, at: datetime) -> Changed:
    """End a title on purpose: its upload takes no more bytes, and its tasks are canceled.

    `jobs/removal.py` removes what was made.
    """
    changed = await _end(connection, title_id, status=TitleStatus.CANCELED, why=why, at=at)
    if changed != Changed():
        await splits.unfinished_task_cancel(connection, title_id, at=at)
    return changed


async def cancel_title(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, by: str, at: datetime
) -> Changed:
    """Cancel a title for a caller.

    Raises:
        TitleNotFoundError: the organisation has none with this id.
        TitleEndedError: it has ended.
    """
    title = await get_title(connection, title_id, organisation_id=organisation_id)
    changed = await title_canceled(connection, title_id, f"It was canceled by {by}.", at)
    if changed == Changed():
        raise TitleEndedError(f"The title is {title.status} already.", remedy="Delete it if nobody needs it.")
    return changed


async def retry_title(connection: Connection, title_id: UUID, *, organisation_id: UUID, at: datetime) -> Changed:
    """Do again what has failed for a title.

    Raises:
        TitleNotFoundError: the organisation has none with this id.
        TitleNotFailedError: it hasn't failed, or nothing of it can be tried again.
    """
    await get_title(connection, title_id, organisation_id=organisation_id)
    title = await titles.title_reopen(connection, title_id)
    if title is None:
        raise TitleNotFailedError("The title hasn't failed.", remedy="Look at its status.")
    if not await splits.unfinished_task_retry(connection, title_id, at=at):
        raise TitleNotFailedError(
            "What was uploaded was refused, so nothing of it can be tried again.", remedy="Upload another file."
        )
    return await _told(connection, title) | Changed(organisation_ids=frozenset({organisation_id}))


async def delete_title(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, by: str, at: datetime
) -> Changed:
    """Delete a title: it is canceled if it hasn't ended, and nobody sees it any more.

    `jobs/removal.py` removes what is left of it.

    Raises:
        TitleNotFoundError: the organisation has none with this id.
    """
    title = await get_title(connection, title_id, organisation_id=organisation_id)
    changed = await title_canceled(connection, title_id, f"It was deleted by {by}.", at)
    await titles.title_mark_deleted(connection, title_id, at=at)
    feeds = await append_title_change(connection, title, "status")
    return changed | Changed(feeds=feeds, title_ids=frozenset({title_id}))


async def _resume_split(connection: Connection, title: Title, upload: Upload, at: datetime) -> bool:
    # A source with its index at the end isn't looked at again before it is complete.
    is_wanted = title.is_streamable is not False or upload.is_complete
    return is_wanted and await splits.split_resume(connection, title.title_id, at=at)


async def _end(
    connection: Connection,
    title_id: UUID,
    *,
    status: TitleStatus,
    why: str | None,
    warnings: Sequence[str] = (),
    at: datetime,
) -> Changed:
    title = await titles.title_end(connection, title_id, status=status, why=why, warnings=warnings, at=at)
    if title is None:
        return Changed()
    TITLES.labels(status).inc()
    upload = await uploads.upload_find_by_title(connection, title_id)
    upload_ids = frozenset[UUID]() if upload is None else frozenset({upload.upload_id})
    return await _told(connection, title) | _segments_of(title) | Changed(upload_ids=upload_ids)


async def _told(connection: Connection, title: Title | None, what: str = "status") -> Changed:
    return Changed() if title is None else await _changed(connection, title, what)


async def _changed(connection: Connection, title: Title, what: str) -> Changed:
    return Changed(feeds=await append_title_change(connection, title, what))


def _segments_of(title: Title | None) -> Changed:
    return Changed() if title is None else Changed(title_ids=frozenset({title.title_id}))


def _not_found(title_id: UUID) -> TitleNotFoundError:
    return TitleNotFoundError(
        f"There is no title {format_id(TITLE_PREFIX, title_id)}.",
        remedy="GET /api/v1/video/titles lists those that are there.",
    )

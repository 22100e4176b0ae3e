"""Subtitles of titles: what people add, and what a source has."""

from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.errors import InvalidSubtitleError, SubtitleNotFoundError
from ninefold.systems.video.model.subtitles import Subtitle
from ninefold.systems.video.rules.limits import SUBTITLES_MAX
from ninefold.systems.video.service.channels import Changed
from ninefold.systems.video.service.feeds import append_title_change
from ninefold.systems.video.service.titles import get_title
from ninefold.systems.video.store import subtitles as store


async def put_subtitle(
    connection: Connection, title_id: UUID, *, organisation_id: UUID, language: str, label: str, webvtt: str
) -> tuple[Subtitle, Changed]:
    """Write the text for a language, in place of an earlier one.

    Raises:
        TitleNotFoundError: the organisation has no such title.
        InvalidSubtitleError: the title has text for too many languages.
    """
    title = await get_title(connection, title_id, organisation_id=organisation_id)
    subtitle = await store.subtitle_put(connection, title_id, language=language, label=label, webvtt=webvtt)
    if await store.subtitle_count(connection, title_id) > SUBTITLES_MAX:
        raise InvalidSubtitleError(
            f"A title can have subtitles in {SUBTITLES_MAX} languages.",
            field="language",
            remedy="Delete those that nobody needs.",
        )
    feeds = await append_title_change(connection, title, "metadata")
    return subtitle, Changed(feeds=feeds, title_ids=frozenset({title_id}))


async def get_subtitle(connection: Connection, title_id: UUID, *, organisation_id: UUID, language: str) -> Subtitle:
    """Return the text for a language.

    Raises:
        TitleNotFoundError: the organisation has no such title.
        SubtitleNotFoundError: the title has no text for the language.
    """
    await get_title(connection, title_id, organisation_id=organisation_id)
    subtitle = await store.subtitle_find(connection, title_id, language=language)
    if subtitle is None:
        raise _not_found(language)
    return subtitle


async def list_subtitles(connection: Connection, title_id: UUID, *, organisation_id: UUID) -> list[Subtitle]:
    """Return which languages a title has text for.

    Raises:
        TitleNotFoundError: the organisation has no such title.
    """
    await get_title(connection, title_id, organisation_id=organisation_id)
    return await store.subtitle_list(connection, title_id)


async def delete_subtitle(connection: Connection, title_id: UUID, *, organisation_id: UUID, language: str) -> Changed:
    """Delete the text for a language.

    Raises:
        TitleNotFoundError: the organisation has no such title.
        SubtitleNotFoundError: the title has no text for the language.
    """
    title = await get_title(connection, title_id, organisation_id=organisation_id)
    if not await store.subtitle_delete(connection, title_id, language=language):
        raise _not_found(language)
    feeds = await append_title_change(connection, title, "metadata")
    return Changed(feeds=feeds, title_ids=frozenset({title_id}))


def _not_found(language: str) -> SubtitleNotFoundError:
    return SubtitleNotFoundError(
        f"The title has no subtitles for the language {language[:40]}.",
        remedy="GET …/subtitles lists the languages that it has.",
    )

"""Reads of a title what players load."""

import hashlib
from uuid import UUID

import msgspec

from ninefold.core.blobs.service import Blobs, get_blob
from ninefold.core.postgres.database import Connection, Database
from ninefold.systems.video.errors import NotPlayableYetError, StreamFileNotFoundError, TitleNotFoundError
from ninefold.systems.video.model.streams import BlobPart, StreamedTitle
from ninefold.systems.video.packaging.timeline import Presentation, entries_of
from ninefold.systems.video.service.tokens import PlayToken
from ninefold.systems.video.store.delivery import (
    delivery_find_init,
    delivery_find_segment,
    delivery_find_sheet,
    delivery_find_subtitles,
    delivery_find_title,
    delivery_list_rungs,
    delivery_list_sheets,
    delivery_list_subtitles,
)


class Content(msgspec.Struct, frozen=True):
    """A file's bytes, and a text that is another one for other bytes."""

    body: bytes
    tag: str


class Streamed(msgspec.Struct, frozen=True, kw_only=True):
    """A title, and what its manifests say."""

    title: StreamedTitle
    presentation: Presentation | None
    """None as long as there is nothing to play."""


async def read_streamed(connection: Connection, token: PlayToken) -> Streamed:
    """Return what the manifests of a title say.

    Raises:
        TitleNotFoundError: it is deleted or canceled.
    """
    title = await delivery_find_title(connection, token.title_id, organisation_id=token.organisation_id)
    if title is None:
        raise TitleNotFoundError(
            "The title has been deleted or canceled.", remedy="GET /api/v1/video/titles lists those that are there."
        )
    video, audio = await delivery_list_rungs(connection, title.title_id)
    presentation = Presentation(
        video=video,
        audio=audio if audio is None or audio.segments or not title.is_final else None,
        is_final=title.is_final,
        duration_s=None if title.duration_us is None else title.duration_us / 1e6,
        subtitles=await delivery_list_subtitles(connection, title.title_id),
        sheets=await delivery_list_sheets(connection, title.title_id),
    )
    is_playable = bool(video) and presentation.ready_until_s > 0
    return Streamed(title=title, presentation=presentation if is_playable else None)


def playable(streamed: Streamed) -> Presentation:
    """Return what a player can play.

    Raises:
        NotPlayableYetError: there is nothing yet.
        StreamFileNotFoundError: there will be nothing.
    """
    if streamed.presentation is not None:
        return streamed.presentation
    if streamed.title.is_final:
        raise StreamFileNotFoundError(
            f"The title has failed: {streamed.title.why}", remedy="Upload it again, as a video that can be decoded."
        )
    raise NotPlayableYetError(
        "The first segment of the title isn't encoded yet.", remedy="Try again once the title has a `playable_at`."
    )


async def read_init(database: Database, token: PlayToken, *, rung: str) -> Content:
    """Return the initialization segment of a rung.

    Raises:
        StreamFileNotFoundError: there is none.
    """
    async with database.connection() as connection:
        content = await delivery_find_init(connection, token.title_id, organisation_id=token.organisation_id, rung=rung)
    if content is None:
        raise not_found(f"{rung}/init.mp4")
    return Content(content, hashlib.sha256(content).hexdigest()[:32])


async def read_segment(database: Database, blobs: Blobs, token: PlayToken, *, rung: str, number: int) -> Content:
    """Return a segment.

    Raises:
        StreamFileNotFoundError: there is none.
        BlobStoreUnavailableError: the store doesn't answer.
    """
    async with database.connection() as connection:
        part = await delivery_find_segment(
            connection, token.title_id, organisation_id=token.organisation_id, rung=rung, number=number
        )
    return await read_part(database, blobs, token, part, name=f"{rung}/{number}.m4s")


async def read_initialized(database: Database, blobs: Blobs, token: PlayToken, *, rung: str, number: int) -> Content:
    """Return a segment with the initialization segment of its rung before it, so that it can follow any other.

    Raises:
        StreamFileNotFoundError: there is none.
        BlobStoreUnavailableError: the store doesn't answer.
    """
    segment = await read_segment(database, blobs, token, rung=rung, number=number)
    init = await read_init(database, token, rung=rung)
    return Content(init.body + segment.body, f"{segment.tag}-{init.tag[:8]}")


def best_rung(streamed: Streamed, rung: str, number: int) -> str:
    """Return the rung whose segment is sent in the place of one: its own, or the best below it that has it.

    Raises:
        NotPlayableYetError: there is nothing yet.
        StreamFileNotFoundError: there is no such rung, or none of them has the segment.
    """
    presentation = playable(streamed)
    for track in presentation.video:
        if track.rung == rung:
            entries = entries_of(presentation, track)
            if number < len(entries):
                return entries[number].track.rung
    raise not_found(f"{rung}/{number}.m4s")


async def read_sheet(database: Database, blobs: Blobs, token: PlayToken, *, number: int) -> Content:
    """Return a sheet of small pictures.

    Raises:
        StreamFileNotFoundError: there is none.
        BlobStoreUnavailableError: the store doesn't answer.
    """
    async with database.connection() as connection:
        part = await delivery_find_sheet(
            connection, token.title_id, organisation_id=token.organisation_id, number=number
        )
    return await read_part(database, blobs, token, part, name=f"sprites/{number}.jpg")


async def read_poster(database: Database, blobs: Blobs, token: PlayToken, *, blob_id: UUID) -> Content:
    """Return the picture of a title.

    Raises:
        BlobStoreUnavailableError: the store doesn't answer.
    """
    part = BlobPart(blob_id=blob_id, first_byte=0, size_bytes=None)
    return await read_part(database, blobs, token, part, name="poster.jpg")


async def read_subtitles(database: Database, token: PlayToken, *, language: str) -> Content:
    """Return the text for a language.

    Raises:
        StreamFileNotFoundError: there is none.
    """
    async with database.connection() as connection:
        text = await delivery_find_subtitles(
            connection, token.title_id, organisation_id=token.organisation_id, language=language
        )
    if text is None:
        raise not_found(f"subtitles/{language}.vtt")
    content = text.encode()
    return Content(content, hashlib.sha256(content).hexdigest()[:32])


async def read_part(database: Database, blobs: Blobs, token: PlayToken, part: BlobPart | None, *, name: str) -> Content:
    """Return a part of a blob; no transaction is open while it is read.

    Raises:
        StreamFileNotFoundError: there is no such part.
        BlobStoreUnavailableError: the store doesn't answer.
    """
    if part is None:
        raise not_found(name)
    async with database.connection() as connection:
        blob = await get_blob(connection, part.blob_id, organisation_id=token.organisation_id)
    end = None if part.size_bytes is None else part.first_byte + part.size_bytes
    pieces = [piece async for piece in blobs.read(blob, start=part.first_byte, end=end)]
    body = pieces[0] if len(pieces) == 1 else b"".join(pieces)
    return Content(body, f"{part.blob_id.hex}-{part.first_byte:x}")


def not_found(name: str) -> StreamFileNotFoundError:
    """Return the error for a file that a title doesn't have."""
    return StreamFileNotFoundError(
        f"The title has no file {name[:80]}.", remedy="Load the manifest again: it lists what there is."
    )

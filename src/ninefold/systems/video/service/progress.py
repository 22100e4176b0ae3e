"""How far titles are: with their uploads, rungs and chunks."""

from collections.abc import Sequence

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.progress import EncodingCount, TitleProgress
from ninefold.systems.video.model.titles import Title
from ninefold.systems.video.store.progress import encoding_count, rung_progress_list
from ninefold.systems.video.store.uploads import upload_list_by_titles

_NONE = EncodingCount(ready=0, total=0)


async def read_progress(connection: Connection, found: Sequence[Title]) -> list[TitleProgress]:
    """Return titles with how far they are, in the same order."""
    title_ids = [title.title_id for title in found]
    uploads = await upload_list_by_titles(connection, title_ids)
    rungs = await rung_progress_list(connection, title_ids)
    counts = await encoding_count(connection, title_ids)
    return [
        TitleProgress(
            title=title,
            upload=uploads.get(title.title_id),
            rungs=rungs.get(title.title_id, []),
            chunks=counts.get(title.title_id, _NONE),
        )
        for title in found
    ]

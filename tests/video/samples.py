"""The sample data of video: a title that can be played, and a profile that has begun it and has it on its list."""

from http_api import Api
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.titles import TITLE_PREFIX
from sample_data import SampleContext, SampleData
from video_titles import make_profile, make_title

SECRET_TEXT = "only-acme-watches-this"
SUBTITLES = f"WEBVTT\n\n00:01.000 --> 00:02.000\n{SECRET_TEXT}\n".encode()


async def make_sample_data(context: SampleContext) -> SampleData:
    """Make two titles and two profiles, and let one watch."""
    api, database = context.api, context.database
    title_id = await make_title(api, database, SECRET_TEXT, tags=["sea"])
    await make_title(api, database, f"{SECRET_TEXT} too", tags=["sea"])
    await make_profile(api, "Rui")
    profile_id = await make_profile(api, SECRET_TEXT)
    await api.done("PUT", f"/video/profiles/{profile_id}/positions/{title_id}", json={"position_s": 1_000})
    await api.done("PUT", f"/video/profiles/{profile_id}/list/{title_id}")
    await api.done("PUT", f"/video/titles/{title_id}/subtitles/en?label={SECRET_TEXT}", content=SUBTITLES)
    play = await api.done("POST", f"/video/titles/{title_id}/plays", json={"profile_id": profile_id})
    return SampleData(
        ids={"profile_id": profile_id, "play_id": play["play_id"], "title_id": title_id, "language": "en"},
        ids_of={
            "cancel_video_title": {"title_id": await make_unfinished_title(api, database, is_failed=False)},
            "retry_video_title": {"title_id": await make_unfinished_title(api, database, is_failed=True)},
            "delete_video_title": {"title_id": await make_title(api, database, "Of yesterday")},
        },
        secret_text=SECRET_TEXT,
        destroying=["remove_from_list", "forget_position", "delete_profile", "delete_video_subtitles"],
        contents={"put_video_subtitles": SUBTITLES},
    )


async def make_unfinished_title(api: Api, database: Database, *, is_failed: bool) -> str:
    """Make a title whose source isn't split yet, or couldn't be."""
    title_id = await make_title(api, database, "Unfinished")
    async with database.transaction() as connection:
        await connection.execute(
            """
            WITH title AS (
                UPDATE video.title
                SET
                    status = CASE WHEN $2 THEN 'failed' ELSE 'processing' END,
                    why = CASE WHEN $2 THEN 'The disk was full.' END,
                    ended_at = CASE WHEN $2 THEN now() END
                WHERE title_id = $1
                RETURNING title_id, organisation_id
            )
            INSERT INTO video.task (task_id, organisation_id, title_id, kind, status, finished_at)
            SELECT
                gen_random_uuid(),
                organisation_id,
                title_id,
                'split',
                CASE WHEN $2 THEN 'failed' ELSE 'queued' END,
                CASE WHEN $2 THEN now() END
            FROM title
            """,
            parse_id(TITLE_PREFIX, title_id),
            is_failed,
        )
    return title_id

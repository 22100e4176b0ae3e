"""Recommendations over HTTP: from a model, and without one."""

from datetime import UTC, datetime

from http_api import Api, Json
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.service.training import train_model
from video_titles import FILM_S, make_profile, make_title, organisation_of

TASTES = ("sea", "desert", "city")
TITLES_PER_TASTE = 10
PROFILES_PER_TASTE = 12


async def watch(api: Api, profile_id: str, title_id: str, position_s: float = FILM_S - 1) -> None:
    path = f"/video/profiles/{profile_id}/positions/{title_id}"
    await api.done("PUT", path, json={"position_s": position_s})


async def because_rows(api: Api, profile_id: str) -> list[Json]:
    rows = (await api.get(f"/video/profiles/{profile_id}/rows"))["rows"]
    return [row for row in rows if row["kind"] == "because"]


async def make_tastes(api: Api, database: Database) -> dict[str, list[str]]:
    """Make titles of three kinds, and profiles that each watch one kind. Tags say nothing of that."""
    titles = {
        taste: [await make_title(api, database, f"{taste} {number}") for number in range(TITLES_PER_TASTE)]
        for taste in TASTES
    }
    organisation_id = await organisation_of(api, database)
    async with database.transaction() as connection:
        for taste in TASTES:
            await connection.execute(
                """
                WITH made AS (
                    INSERT INTO video.profile (profile_id, organisation_id, name)
                    SELECT gen_random_uuid(), $1, 'viewer ' || number
                    FROM generate_series(1, $2) AS number
                    RETURNING profile_id, name
                )
                INSERT INTO video.position (profile_id, title_id, position_ms, watched_at, is_finished, finished_at)
                SELECT profile_id, title_id, 5990000, at, TRUE, at
                FROM made
                CROSS JOIN LATERAL (
                    SELECT title_id, now() - abs(hashtext($4 || name || place) % 216) * interval '1 hour' AS at
                    FROM unnest($3::uuid[]) WITH ORDINALITY AS title (title_id, place)
                    ORDER BY hashtext(name || $4 || place)
                    LIMIT 7
                ) AS chosen
                """,
                organisation_id,
                PROFILES_PER_TASTE,
                [parse_id(TITLE_PREFIX, title_id) for title_id in titles[taste]],
                taste,
            )
    return titles


async def test_a_model_recommends_what_people_of_the_same_taste_watch_and_says_why(
    api: Api, database: Database
) -> None:
    titles = await make_tastes(api, database)
    report = await train_model(database, await organisation_of(api, database), now=datetime.now(UTC))
    profile_id = await make_profile(api)
    for title_id in titles["sea"][:2]:
        await watch(api, profile_id, title_id)

    rows, shown = await because_rows(api, profile_id), await api.get("/video/recommendations/model")

    assert report.kind == "als", report.why
    assert shown["recall_model"] > shown["recall_popularity"]
    assert (shown["recall_k"], shown["titles"], shown["profiles"]) == (10, 30, 36)
    assert {row["title"] for row in rows} <= {"Because you finished sea 0", "Because you finished sea 1"}
    first = rows[0]["items"][:4]
    assert {item["name"].split()[0] for item in first} == {"sea"}
    assert {item["reason"] for item in first} == {rows[0]["title"]}
    recommended = {item["title_id"] for row in rows for item in row["items"]}
    assert recommended.isdisjoint(titles["sea"][:2])
    similar = (await api.get(f"/video/titles/{titles['city'][0]}/similar"))["items"]
    assert {item["name"].split()[0] for item in similar[:5]} == {"city"}

    # What is watched now counts at once, without a training.
    for title_id in titles["city"][:6]:
        await watch(api, profile_id, title_id)
    names = [item["name"] for row in await because_rows(api, profile_id) for item in row["items"]]
    assert {"city 6", "city 7", "city 8", "city 9"} & {*names}


async def test_a_child_is_not_recommended_what_is_for_older_viewers(api: Api, database: Database) -> None:
    titles = await make_tastes(api, database)
    await train_model(database, await organisation_of(api, database), now=datetime.now(UTC))
    async with database.transaction() as connection:
        await connection.execute("UPDATE video.title SET maturity = 16 WHERE name IN ('sea 5', 'sea 6')")
    profile_id = await make_profile(api, maturity_max=6)
    for title_id in titles["sea"][:2]:
        await watch(api, profile_id, title_id)

    names = {item["name"] for row in await because_rows(api, profile_id) for item in row["items"]}

    assert "sea 4" in names
    assert names.isdisjoint({"sea 5", "sea 6"})


async def test_without_a_model_tags_recommend_and_the_api_says_so(api: Api, database: Database) -> None:
    profile_id = await make_profile(api)
    tide = await make_title(api, database, "Low Tide", tags=["slow", "sea"])
    for name in ("The Long Fetch", "Cold Harbour", "Windbreak"):
        await make_title(api, database, name, tags=["sea", name])
    await make_title(api, database, "Dry Season", tags=["desert"])
    await watch(api, profile_id, tide)

    (row,), model = await because_rows(api, profile_id), await api.get("/video/recommendations/model")

    assert (row["title"], row["reason"]) == ("Because you finished Low Tide", "sea")
    assert {item["name"] for item in row["items"]} == {"The Long Fetch", "Cold Harbour", "Windbreak"}
    assert (model["kind"], model["trained_at"]) == ("popularity", None)


async def test_who_has_watched_nothing_gets_no_reasons(api: Api, database: Database) -> None:
    await make_title(api, database, "Low Tide", tags=["sea"])

    assert await because_rows(api, await make_profile(api)) == []


async def test_a_training_is_seen_by_a_server_that_has_the_earlier_model(api: Api, database: Database) -> None:
    titles = await make_tastes(api, database)
    organisation_id = await organisation_of(api, database)
    profile_id = await make_profile(api)
    await watch(api, profile_id, titles["sea"][0])
    await train_model(database, organisation_id, now=datetime.now(UTC))
    assert await because_rows(api, profile_id) != []

    async with database.transaction() as connection:
        await connection.execute("DELETE FROM video.position WHERE profile_id <> $1", parse_id("vpr", profile_id))
    report = await train_model(database, organisation_id, now=datetime.now(UTC))

    assert report.kind == "popularity"
    assert await because_rows(api, profile_id) == []

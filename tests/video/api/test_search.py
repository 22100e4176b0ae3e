"""Search for titles over HTTP: by parts of words, and despite typing errors."""

from http_api import Api, Json
from ninefold.core.postgres.database import Database
from video_titles import make_title

TITLES = [
    ("North of Narvik", ["winter"], "A train that doesn't arrive."),
    ("Night Ferry", ["sea"], "Four strangers and a lighthouse keeper."),
    ("The Night Watch", ["history"], ""),
    ("Ferryman", ["sea"], ""),
    ("Blåbärsland", ["été"], ""),
    ("Rosemary's Garden", [], ""),
    ("Slow Machines", ["documentary"], "Lighthouses, looms and clocks."),
    ("Полярная ночь", [], ""),
]


async def search(api: Api, text: str) -> list[Json]:
    response = await api.http.get(
        "/api/v1/video/search", params={"q": text}, headers={"Authorization": f"Bearer {api.api_key}"}
    )
    assert response.is_success, response.text
    items: list[Json] = response.json()["items"]
    return items


EXPECTED: dict[str, list[str]] = {
    "narvik": ["North of Narvik"],
    "NARVIK north": ["North of Narvik"],
    "nar": ["North of Narvik"],
    "n": ["Night Ferry", "The Night Watch", "North of Narvik"],
    # One letter wrong, missing, too many, and two swapped.
    "narwik": ["North of Narvik"],
    "navik": ["North of Narvik"],
    "narrvik": ["North of Narvik"],
    "nravik": ["North of Narvik"],
    "nirvi": ["North of Narvik"],
    "machnies": ["Slow Machines"],
    "dokumentery": ["Slow Machines"],
    "ferry": ["Night Ferry", "Ferryman"],
    "ferri": ["Night Ferry", "Ferryman"],
    "night f": ["Night Ferry"],
    "the night": ["The Night Watch"],
    "lighthouse": ["Night Ferry", "Slow Machines"],
    "lihgthouse keper": ["Night Ferry"],
    "sea": ["Ferryman", "Night Ferry"],
    "blabarsland": ["Blåbärsland"],
    "ete": ["Blåbärsland"],
    "rosemarys": ["Rosemary's Garden"],
    "rosemary": ["Rosemary's Garden"],
    "ПОЛЯРНАЯ": ["Полярная ночь"],
    "zeppelin": [],
    "?!": [],
}


async def test_titles_are_found_by_parts_of_words_and_despite_typing_errors(api: Api, database: Database) -> None:
    for name, tags, description in TITLES:
        await make_title(api, database, name, tags=tags, description=description)

    found = {text: [hit["title"]["name"] for hit in await search(api, text)] for text in EXPECTED}

    assert found == EXPECTED


async def test_a_hit_says_what_matched(api: Api, database: Database) -> None:
    await make_title(api, database, "North of Narvik", tags=["winter"], description="A train that doesn't arrive.")

    (hit,) = await search(api, "narwik winter trai")

    assert hit["matches"] == [
        {"field": "name", "text": "narvik", "is_exact": False},
        {"field": "tags", "text": "winter", "is_exact": True},
        {"field": "description", "text": "train", "is_exact": True},
    ]


async def test_a_title_that_is_renamed_is_found_by_its_new_name_only(api: Api, database: Database) -> None:
    await make_title(api, database, "Working Title")

    async with database.transaction() as connection:
        await connection.execute("UPDATE video.title SET name = 'Salt Line'")

    assert await search(api, "working") == []
    assert [hit["title"]["name"] for hit in await search(api, "salt")] == ["Salt Line"]

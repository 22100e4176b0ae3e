"""Searching messages: what is found, by whom, and page by page."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from http_api import Api, Json
from messaging_api import Talk, acting, as_member, path_of, upload
from ninefold.core.postgres.database import Database


@pytest.fixture
def talk(api: Api) -> Talk:
    return Talk(api)


async def find(api: Api, query: str, **parameters: object) -> list[str]:
    """Return the texts of what is found, the latest first."""
    more = "".join(f"&{name}={value}" for name, value in parameters.items())
    found = await api.get(f"/messaging/search?q={quote(query)}{more}")
    return [each["message"]["text"] for each in found["items"]]


async def test_words_phrases_and_operators_select_messages(talk: Talk, api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    plans, other = await talk.channel("plans", ines, tomas), await talk.channel("other", ines)
    first = await talk.post(plans, ines, "The second draft is ready")
    await talk.post(plans, tomas, "A draft, and then a second one: https://example.com")
    await talk.post(other, ines, "Nobody drafted this")
    await talk.post(plans, tomas, "Reply about the DRAFT", thread_sequence=first["sequence"])
    file = await upload(api, ines)
    await talk.post(plans, ines, "The file", file_ids=[file["file_id"]])
    await api.done("PUT", f"{path_of(plans, first)}/pin", json=acting(ines))
    today, tomorrow = datetime.now(UTC).date(), datetime.now(UTC).date() + timedelta(days=1)

    draft = [
        "Reply about the DRAFT",
        "A draft, and then a second one: https://example.com",
        "The second draft is ready",
    ]
    for query, texts in [
        ("draft", draft),
        ('"second draft"', draft[2:]),
        ("draft -ready", draft[:2]),
        ("draft from:@tomas", draft[:2]),
        ("from:ines in:#plans", ["The file", draft[2]]),
        ("in:other", ["Nobody drafted this"]),
        ("has:link", draft[1:2]),
        ("has:file", ["The file"]),
        ("has:pin", draft[2:]),
        ("has:pin nothing", []),
        ("is:thread", draft[:1]),
        (f"draft on:{today}", draft),
        (f"draft before:{tomorrow} after:{today - timedelta(days=1)}", draft),
        (f"draft before:{today}", []),
        (f"draft after:{today}", []),
        ("!!!", []),
        ("draf", []),
    ]:
        assert await find(api, query) == texts, query
    assert len(await find(api, "")) == 5
    for query in ("from:@nobody", "in:#nowhere", "on:tomorrow"):
        assert (await api.refused(422, "GET", f"/messaging/search?q={quote(query)}"))["field"] == "q"


async def test_only_what_a_member_can_see_is_found(talk: Talk) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    secret = await talk.channel("secret", ines, is_private=True)
    public = await talk.channel("public", ines)
    await talk.post(secret, ines, "needle in private")
    message = await talk.post(public, ines, "needle in public")
    own, others = await as_member(talk, ines), await as_member(talk, tomas)

    assert await find(own, "needle") == ["needle in public", "needle in private"]
    assert await find(others, "needle") == ["needle in public"]
    await others.refused(422, "GET", f"/messaging/search?q={quote('in:#secret')}")
    await own.done("PATCH", path_of(public, message), json={"text": "thread"})
    assert await find(own, "needle") == ["needle in private"]
    assert await find(others, "thread") == ["thread"]
    await own.request("DELETE", path_of(public, message))
    assert await find(others, "thread") == []


async def test_a_page_ends_and_the_next_one_continues_there(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    channels = [await talk.channel(name, ines) for name in ("plans", "other")]
    for number in range(7):
        await talk.post(channels[number % 2], ines, f"needle {number}")

    pages = await api.walk("/messaging/search?q=needle", limit=3)

    assert [[each["message"]["text"][-1] for each in page] for page in pages] == [
        ["6", "5", "4"],
        ["3", "2", "1"],
        ["0"],
    ]
    first: Json = pages[0][0]
    assert (first["highlights"], first["channel"]["name"]) == ([[0, 6]], "plans")


async def test_a_search_says_how_far_it_has_looked(talk: Talk, api: Api, database: Database) -> None:
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)
    message = await talk.post(channel, ines, "needle")
    async with database.transaction() as connection:
        await connection.execute("SELECT setval('messaging.message_ordinal', 1::bigint << 28)")
    await talk.post(channel, ines, "Something else, much later")

    first = await api.get("/messaging/search?q=needle")
    second = await api.get(f"/messaging/search?q=needle&cursor={first['next_cursor']}")

    assert (first["items"], first["searched_back_to"] is not None) == ([], True)
    assert [each["message"]["sequence"] for each in second["items"]] == [message["sequence"]]
    assert (second["searched_back_to"], second["next_cursor"]) == (None, None)

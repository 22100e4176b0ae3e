"""Profiles over HTTP, how far they are in titles, and what they are shown."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from http_api import Api, Json
from ninefold.core.postgres.database import Database
from video_titles import FILM_S, make_profile, make_title

PROFILES = "/video/profiles"


async def report(api: Api, profile_id: str, title_id: str, position_s: float, **fields: object) -> Json:
    body = {"position_s": position_s, **fields}
    return await api.done("PUT", f"{PROFILES}/{profile_id}/positions/{title_id}", json=body)


async def rows_of(api: Api, profile_id: str) -> dict[str, Json]:
    rows = (await api.get(f"{PROFILES}/{profile_id}/rows"))["rows"]
    return {row["title"]: row for row in rows}


async def names_to_continue(api: Api, profile_id: str) -> list[str]:
    return names_of((await api.get(f"{PROFILES}/{profile_id}/continue"))["items"])


def names_of(items: Sequence[Json]) -> list[str]:
    return [item["name"] for item in items]


async def test_a_profile_is_found_by_its_id_and_by_what_the_product_calls_it(api: Api, other_api: Api) -> None:
    body = {"name": "Ines", "maturity_max": 12, "external_id": "user-1"}
    created = await api.done("POST", PROFILES, json=body)

    assert await api.get(f"{PROFILES}/{created['profile_id']}") == created
    assert (await api.get(f"{PROFILES}?external_id=user-1"))["items"] == [created]
    assert (await api.get(f"{PROFILES}?external_id=user-2"))["items"] == []
    assert (await other_api.get(PROFILES))["items"] == []
    assert (await api.refused(409, "POST", PROFILES, json=body))["code"] == "video_profile_exists"
    await other_api.done("POST", PROFILES, json=body)


async def test_a_profile_is_changed_and_deleted(api: Api) -> None:
    path = f"{PROFILES}/{await make_profile(api)}"

    changed = await api.done("PATCH", path, json={"maturity_max": 6})

    assert (changed["name"], changed["maturity_max"]) == ("Ines", 6)
    assert (await api.request("DELETE", path)).status_code == 204
    assert (await api.refused(404, "GET", path))["code"] == "video_profile_not_found"


@pytest.mark.parametrize("body", [{"name": " "}, {"name": "x" * 81}, {"name": "x", "maturity_max": 13}])
async def test_a_profile_that_is_not_possible_is_refused(api: Api, body: Json) -> None:
    assert (await api.refused(422, "POST", PROFILES, json=body))["field"] in body


async def test_a_position_is_that_of_the_latest_report_of_all_devices(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Night Ferry")
    now = datetime.now(UTC)

    await report(api, profile_id, title_id, 1_000, device="tv", watched_at=now - timedelta(minutes=1))
    known = await report(api, profile_id, title_id, 500, device="tablet", watched_at=now - timedelta(hours=1))

    assert (known["position_s"], known["device"], known["resume_s"]) == (1_000, "tv", 1_000)
    assert await api.get(f"{PROFILES}/{profile_id}/positions/{title_id}") == known
    # A clock that is a year ahead counts as now.
    await report(api, profile_id, title_id, 2_000, device="phone", watched_at=now + timedelta(days=365))
    assert (await report(api, profile_id, title_id, 2_100, device="tv"))["position_s"] == 2_100


async def test_what_is_begun_is_to_continue_until_it_is_finished(api: Api, database: Database) -> None:
    profile_id = await make_profile(api)
    ferry, birds, tide = [await make_title(api, database, name) for name in ("Night Ferry", "Paper Birds", "Low Tide")]
    await report(api, profile_id, ferry, 1_000)
    await report(api, profile_id, birds, 3_000)
    await report(api, profile_id, tide, 10)

    assert await names_to_continue(api, profile_id) == ["Paper Birds", "Night Ferry"]
    card = (await api.get(f"{PROFILES}/{profile_id}/continue"))["items"][0]
    assert (card["position_s"], card["left_s"], card["is_finished"]) == (3_000, FILM_S - 3_000, False)

    finished = await report(api, profile_id, birds, 5_990)
    assert (finished["is_finished"], finished["resume_s"]) == (True, 0)
    assert await names_to_continue(api, profile_id) == ["Night Ferry"]
    again = await report(api, profile_id, birds, 700)
    assert (again["is_finished"], again["resume_s"], again["finished_at"]) == (False, 700, finished["finished_at"])
    assert await names_to_continue(api, profile_id) == ["Paper Birds", "Night Ferry"]

    await api.request("DELETE", f"{PROFILES}/{profile_id}/positions/{ferry}")
    assert await names_to_continue(api, profile_id) == ["Paper Birds"]


async def test_rows_say_why_they_are_there_and_leave_out_what_is_finished(api: Api, database: Database) -> None:
    profile_id = await make_profile(api)
    fetch = await make_title(api, database, "The Long Fetch", tags=["sea", "slow"])
    tide = await make_title(api, database, "Low Tide", tags=["sea"])
    await make_title(api, database, "Dry Season", tags=["desert"], playable_at=datetime.now(UTC) - timedelta(days=90))
    await report(api, profile_id, tide, 5_990)
    listed = await api.done("PUT", f"{PROFILES}/{profile_id}/list/{fetch}")

    rows = await rows_of(api, profile_id)

    assert listed["is_listed"] is True
    assert {name: names_of(row["items"]) for name, row in rows.items()} == {
        "My list": ["The Long Fetch"],
        "New": ["The Long Fetch", "Dry Season"],
        "sea": ["The Long Fetch"],
        "desert": ["Dry Season"],
        "slow": ["The Long Fetch"],
    }
    assert [row["kind"] for row in rows.values()] == ["my_list", "new", "tag", "tag", "tag"]
    assert rows["sea"]["reason"] == "because you watch these"
    assert [item["is_new"] for item in rows["New"]["items"]] == [True, False]


async def test_a_list_has_a_title_once_and_until_it_is_taken_off(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Windbreak")
    path = f"{PROFILES}/{profile_id}/list"

    for _ in range(2):
        await api.done("PUT", f"{path}/{title_id}")
    assert names_of((await api.get(path))["items"]) == ["Windbreak"]
    for _ in range(2):
        assert (await api.request("DELETE", f"{path}/{title_id}")).status_code == 204
    assert (await api.get(path))["items"] == []


async def test_what_is_for_older_viewers_is_nowhere(api: Api, database: Database) -> None:
    child = await make_profile(api, "Rui", maturity_max=6)
    for_all = await make_title(api, database, "Paper Birds", tags=["paper"], maturity=0)
    mature = await make_title(api, database, "Paper Knives", tags=["paper"], maturity=16)

    rows = await rows_of(api, child)
    assert {name for row in rows.values() for name in names_of(row["items"])} == {"Paper Birds"}
    found = (await api.get(f"/video/search?q=paper&profile_id={child}"))["items"]
    assert [hit["title"]["name"] for hit in found] == ["Paper Birds"]
    assert (await api.get(f"/video/titles/{for_all}/similar?profile_id={child}"))["items"] == []
    assert names_of((await api.get(f"/video/titles/{for_all}/similar"))["items"]) == ["Paper Knives"]
    for method, path, body in [
        ("PUT", f"{PROFILES}/{child}/positions/{mature}", {"position_s": 1}),
        ("GET", f"{PROFILES}/{child}/positions/{mature}", None),
        ("PUT", f"{PROFILES}/{child}/list/{mature}", None),
        ("GET", f"/video/titles/{mature}/similar?profile_id={child}", None),
    ]:
        problem = await api.refused(403, method, path, json=body)
        assert problem["code"] == "video_title_too_mature"
        assert "from 16" in problem["detail"]


async def test_what_was_begun_before_the_profile_was_limited_is_not_shown_either(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Paper Knives", maturity=16)
    await report(api, profile_id, title_id, 1_000)
    await api.done("PUT", f"{PROFILES}/{profile_id}/list/{title_id}")

    await api.done("PATCH", f"{PROFILES}/{profile_id}", json={"maturity_max": 12})

    assert await rows_of(api, profile_id) == {}
    assert (await api.get(f"{PROFILES}/{profile_id}/continue"))["items"] == []
    assert (await api.get(f"{PROFILES}/{profile_id}/list"))["items"] == []


async def test_only_what_can_be_played_is_shown(api: Api, database: Database) -> None:
    profile_id = await make_profile(api)
    title_id = await make_title(api, database, "Cold Harbour", is_playable=False, duration_s=None)

    assert await rows_of(api, profile_id) == {}
    assert (await api.get("/video/search?q=cold"))["items"] == []
    problem = await api.refused(409, "PUT", f"{PROFILES}/{profile_id}/list/{title_id}")
    assert problem["code"] == "video_title_not_playable"


async def test_nothing_of_another_organisation_is_found(api: Api, other_api: Api, database: Database) -> None:
    profile_id, own = await make_profile(api), await make_title(api, database, "Windbreak", tags=["sea"])
    foreign = await make_title(other_api, database, "Windbreak Two", tags=["sea"])

    assert [hit["title"]["name"] for hit in (await api.get("/video/search?q=windbreak"))["items"]] == ["Windbreak"]
    assert (await api.get(f"/video/titles/{own}/similar"))["items"] == []
    for path in (f"positions/{foreign}", f"list/{foreign}"):
        body = {"position_s": 1} if path.startswith("positions") else None
        problem = await api.refused(404, "PUT", f"{PROFILES}/{profile_id}/{path}", json=body)
        assert problem["code"] == "video_title_not_found"

"""Plays over HTTP, the beacons of their players, and what these add up to."""

import random
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import httpx
import msgspec
import pytest

from http_api import Api, Json, problem_of
from ninefold.core.postgres.database import Database
from ninefold.systems.video.store.plays import play_delete_old
from video_titles import FILM_S, make_profile, make_title

NOW = datetime.now(UTC)


async def start(api: Api, title_id: str, **fields: object) -> Json:
    return await api.done("POST", f"/video/titles/{title_id}/plays", json=fields)


def beacon(play: Json, sequence: int, *events: Json, **fields: object) -> Json:
    at = datetime.now(UTC)
    shown = [{"at": at, **event} for event in events]
    return {"play_id": play["play_id"], "sequence": sequence, "at": at, "events": shown, **fields}


async def send(api: Api, play: Json, body: object) -> httpx.Response:
    # As `navigator.sendBeacon` does: without a key, and with any type of content.
    return await api.http.post(play["beacons_url"], content=msgspec.json.encode(body))


async def sent(api: Api, play: Json, body: object) -> None:
    response = await send(api, play, body)
    assert (response.status_code, response.headers["access-control-allow-origin"]) == (204, "*"), response.text


async def experience(api: Api, path: str = "") -> Json:
    return await api.get(f"/video{path}/experience")


def session_of(play: Json) -> Sequence[Json]:
    """Return the beacons of a play with one stall and one switch, from the beginning to an error."""
    return [
        beacon(play, 0, {"type": "join", "join_ms": 900}, position_s=0, played_s=0),
        beacon(play, 1, {"type": "switch", "from": "360p", "to": "720p"}, position_s=10, played_s=10),
        beacon(play, 2, {"type": "stall"}, {"type": "resume", "stalled_ms": 500}, position_s=19.5, played_s=9.5),
        beacon(play, 3, {"type": "error", "code": "mediaError", "is_fatal": 1}, position_s=19.5, played_s=0),
    ]


async def test_a_play_has_addresses_and_begins_where_the_profile_was(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Night Ferry")
    await api.done("PUT", f"/video/profiles/{profile_id}/positions/{title_id}", json={"position_s": 1_000})

    play = await start(api, title_id, profile_id=profile_id, device="tv")

    assert play["position_s"] == 1_000
    assert play["token"] in play["hls_url"]
    assert (await start(api, title_id))["position_s"] == 0
    renewed = await api.done("POST", f"/video/plays/{play['play_id']}/renew")
    assert (renewed["play_id"], renewed["position_s"]) == (play["play_id"], 1_000)


async def test_beacons_count_once_in_any_order_and_move_the_position(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Night Ferry")
    play = await start(api, title_id, profile_id=profile_id)
    beacons = [*session_of(play)] * 2
    random.Random(7).shuffle(beacons)

    for each in beacons:
        await sent(api, play, each)
    await sent(api, play, beacons)

    found = await experience(api)
    (of_title,) = found.pop("by_title")
    assert found == {
        "watching_now": 1,
        "plays": 1,
        "join_p50_ms": pytest.approx(900, rel=0.026),
        "join_p95_ms": pytest.approx(900, rel=0.026),
        "rebuffer_ratio": 0.5 / 20,
        "switches_per_play": 1,
        "failures": 1,
    }
    assert of_title == {
        "title_id": title_id,
        "name": "Night Ferry",
        **{k: found[k] for k in found if k != "watching_now"},
    }
    position = await api.get(f"/video/profiles/{profile_id}/positions/{title_id}")
    assert position["position_s"] == 19.5


async def test_figures_are_of_the_organisation_and_of_each_title(api: Api, other_api: Api, database: Database) -> None:
    ferry, birds = await make_title(api, database, "Night Ferry"), await make_title(api, database, "Paper Birds")
    for join_ms in (100, 200, 300, 4_000):
        play = await start(api, ferry)
        await sent(api, play, beacon(play, 0, {"type": "join", "join_ms": join_ms}, played_s=30))
    await start(api, birds)

    everything, one = await experience(api), await experience(api, f"/titles/{ferry}")

    assert (everything["plays"], everything["watching_now"]) == (5, 4)
    assert [(each["name"], each["plays"]) for each in everything["by_title"]] == [
        ("Night Ferry", 4),
        ("Paper Birds", 1),
    ]
    assert (one["plays"], one["join_p50_ms"], one["join_p95_ms"]) == (
        4,
        pytest.approx(200, rel=0.026),
        pytest.approx(4_000, rel=0.026),
    )
    assert (await experience(other_api))["plays"] == 0
    assert (await other_api.refused(404, "GET", f"/video/titles/{ferry}/experience"))["code"] == "video_title_not_found"


async def test_what_old_plays_add_up_to_stays(api: Api, database: Database) -> None:
    title_id = await make_title(api, database, "Night Ferry")
    for join_ms in (100, 200, 300):
        play = await start(api, title_id)
        await sent(api, play, beacon(play, 0, {"type": "join", "join_ms": join_ms}, played_s=30))
        await sent(api, play, session_of(play)[2])
    before = await experience(api)

    async with database.transaction() as connection:
        assert await play_delete_old(connection, before=datetime.now(UTC) + timedelta(hours=1), limit=2) == 2
        assert await play_delete_old(connection, before=datetime.now(UTC) + timedelta(hours=1), limit=2) == 1

    assert await experience(api) == {**before, "watching_now": 0}
    assert (await api.refused(404, "POST", f"/video/plays/{play['play_id']}/renew"))["code"] == "video_play_not_found"


async def test_the_end_finishes_a_title_whose_length_nobody_knows(api: Api, database: Database) -> None:
    profile_id = await make_profile(api)
    title_id = await make_title(api, database, "Night Ferry", duration_s=None)
    play = await start(api, title_id, profile_id=profile_id)

    await sent(api, play, beacon(play, 0, {"type": "ended"}, position_s=50))

    assert (await api.get(f"/video/profiles/{profile_id}/positions/{title_id}"))["is_finished"] is True
    assert (await experience(api))["watching_now"] == 0


async def test_a_beacon_of_a_clock_that_is_ahead_does_not_win_for_ever(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Night Ferry")
    play = await start(api, title_id, profile_id=profile_id)

    await sent(api, play, {**beacon(play, 0, position_s=100), "at": NOW + timedelta(days=400)})
    await sent(api, play, beacon(play, 1, position_s=FILM_S / 2))

    position = await api.get(f"/video/profiles/{profile_id}/positions/{title_id}")
    assert position["position_s"] == FILM_S / 2


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"sequence": -1}, 422, "video_invalid_beacon"),
        ({"events": [{"type": "unknown", "at": NOW}]}, 422, "video_invalid_beacon"),
        ({"play_id": "vpl_01h455vb4pex5vsknk084sn02q"}, 422, "video_invalid_beacon"),
        ({"device": "x" * 70_000}, 413, "video_beacon_too_large"),
    ],
)
async def test_what_is_no_beacon_is_refused_and_changes_nothing(
    api: Api, database: Database, change: Json, status: int, code: str
) -> None:
    play = await start(api, await make_title(api, database, "Night Ferry"))
    good = beacon(play, 0, {"type": "join", "join_ms": 1})

    response = await send(api, play, [good, {**beacon(play, 1), **change}])

    assert problem_of(response, status=status)["code"] == code
    assert (await experience(api))["join_p50_ms"] is None


async def test_a_child_does_not_start_or_renew_what_is_for_older_viewers(api: Api, database: Database) -> None:
    profile_id, title_id = await make_profile(api), await make_title(api, database, "Paper Knives", maturity=16)
    path = f"/video/titles/{title_id}/plays"
    play = await start(api, title_id, profile_id=profile_id)

    await api.done("PATCH", f"/video/profiles/{profile_id}", json={"maturity_max": 6})

    problem = await api.refused(403, "POST", path, json={"profile_id": profile_id})
    assert problem["code"] == "video_title_too_mature"
    await api.refused(403, "POST", f"/video/plays/{play['play_id']}/renew")


async def test_what_many_begin_is_popular(api: Api, database: Database) -> None:
    titles = [await make_title(api, database, name) for name in ("Low Tide", "Night Ferry", "Paper Birds")]
    for title_id, viewers in zip(titles, (1, 3, 2), strict=True):
        for _ in range(viewers):
            await start(api, title_id)

    rows = (await api.get(f"/video/profiles/{await make_profile(api)}/rows"))["rows"]

    (popular,) = [row for row in rows if row["kind"] == "popular"]
    assert [item["name"] for item in popular["items"]] == ["Night Ferry", "Paper Birds", "Low Tide"]

"""The lobby over HTTP: two seeks that fit become a game, once."""

import asyncio

import pytest

from chess_api import BLITZ, create_player
from http_api import Api, Json

SEEKS = "/chess/seeks"


async def seek(api: Api, by: str, **fields: object) -> Json:
    return await api.done("POST", SEEKS, json={"player_id": by, "clock": BLITZ, **fields})


async def test_two_seeks_that_fit_become_a_game(api: Api) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    opened = await seek(api, one, colour="white")
    assert opened["game"] is None
    assert [each["seek_id"] for each in (await api.get(SEEKS))["items"]] == [opened["seek"]["seek_id"]]

    found = await seek(api, two)

    game = await api.get(f"/chess/games/{found['game']['game_id']}")
    assert (game["white"]["player_id"], game["black"]["player_id"]) == (one, two)
    assert (await api.get(SEEKS))["items"] == []


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"colour": "white"}, {"colour": "white"}),
        ({}, {"clock": {"limit_s": 60, "increment_s": 0}}),
        ({"is_rated": True}, {}),
        ({"rating_min": 1600}, {}),
        ({}, {"rating_max": 1400}),
    ],
)
async def test_two_seeks_that_do_not_fit_stay_open(
    api: Api, first: dict[str, object], second: dict[str, object]
) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")

    assert (await seek(api, one, **first))["game"] is None
    assert (await seek(api, two, **second))["game"] is None
    assert len((await api.get(SEEKS))["items"]) == 2


async def test_a_seek_is_accepted_by_one_of_many(api: Api) -> None:
    one = await create_player(api, "one")
    others = [await create_player(api, f"other{number}") for number in range(4)]
    opened = await seek(api, one)
    path = f"{SEEKS}/{opened['seek']['seek_id']}/accept"

    responses = await asyncio.gather(*[api.request("POST", path, json={"player_id": each}) for each in others])

    assert sorted(each.status_code for each in responses) == [200, 404, 404, 404]
    await api.refused(404, "POST", path, json={"player_id": one})


async def test_a_seek_is_replaced_canceled_and_of_its_organisation(api: Api, other_api: Api) -> None:
    one, stranger = await create_player(api, "one"), await create_player(other_api, "one")
    first = await seek(api, one)
    second = await seek(api, one, is_rated=True)
    assert [each["is_rated"] for each in (await api.get(SEEKS))["items"]] == [True]
    assert (await other_api.get(SEEKS))["items"] == []
    for opened in (first, second):
        path = f"{SEEKS}/{opened['seek']['seek_id']}"
        await other_api.refused(404, "POST", f"{path}/accept", json={"player_id": stranger})
    await api.refused(404, "DELETE", f"{SEEKS}/{first['seek']['seek_id']}")

    response = await api.request("DELETE", f"{SEEKS}/{second['seek']['seek_id']}")

    assert response.status_code == 204
    assert (await api.get(SEEKS))["items"] == []


async def test_a_player_cancels_only_its_own_seek(api: Api) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    path = f"{SEEKS}/{(await seek(api, one))['seek']['seek_id']}"
    token = (await api.done("POST", f"/chess/players/{two}/tokens", json={"name": "bot"}))["token"]

    await Api(api.http, token).refused(404, "DELETE", path)

    assert len((await api.get(SEEKS))["items"]) == 1


async def test_a_seek_needs_a_clock(api: Api) -> None:
    body = {"player_id": await create_player(api, "one"), "clock": None}

    assert (await api.refused(422, "POST", SEEKS, json=body))["field"] == "clock"

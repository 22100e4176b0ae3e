"""Challenges and rematches over HTTP: both players agree on a game, or somebody with a link joins."""

from datetime import timedelta

import pytest

from chess_api import BLITZ, FOOLS_MATE, Duel, create_player
from http_api import Api, Json, problem_of
from ninefold.core.postgres.database import Database

CHALLENGES = "/chess/challenges"


async def challenge(api: Api, one: str, two: str | None, **fields: object) -> Json:
    body = {"player_id": one, "to_player_id": two, "clock": BLITZ, **fields}
    return await api.done("POST", CHALLENGES, json=body)


async def answer(api: Api, given: Json, how: str, by: str, **fields: object) -> Json:
    return await api.done("POST", f"{CHALLENGES}/{given['challenge_id']}/{how}", json={"player_id": by, **fields})


@pytest.mark.parametrize("colour", ["white", "black"])
async def test_an_accepted_challenge_is_a_game_with_the_colour_that_was_wanted(api: Api, colour: str) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    created = await challenge(api, one, two, colour=colour)
    assert (created["status"], created["speed"], created["is_open"]) == ("created", "blitz", False)

    accepted = await answer(api, created, "accept", two)
    again = await answer(api, created, "accept", two)

    assert again == accepted
    game = await api.get(f"/chess/games/{accepted['game_id']}")
    assert game[colour]["player_id"] == one
    assert game["short_id"] == created["short_id"]
    assert game["clock"] == {**BLITZ, "days_per_turn": None}
    assert (await api.get(f"{CHALLENGES}?player_id={two}"))["items"] == []
    answered = await api.get(f"{CHALLENGES}/{created['challenge_id']}")
    assert (answered["status"], answered["game_id"]) == ("accepted", accepted["game_id"])


async def test_both_see_a_challenge_until_it_is_answered(api: Api) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    created = await challenge(api, one, two)
    for each in (one, two):
        (listed,) = (await api.get(f"{CHALLENGES}?player_id={each}"))["items"]
        assert listed == created

    declined = await answer(api, created, "decline", two, reason="later")

    assert (declined["status"], declined["decline_reason"]) == ("declined", "later")
    assert (await api.get(f"{CHALLENGES}?player_id={one}"))["items"] == []


@pytest.mark.parametrize(
    ("first", "by", "second"),
    [("decline", 1, "accept"), ("cancel", 0, "accept"), ("accept", 1, "cancel")],
)
async def test_what_has_ended_can_not_be_answered_in_another_way(api: Api, first: str, by: int, second: str) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    created = await challenge(api, one, two)
    await answer(api, created, first, (one, two)[by])

    problem = await api.refused(
        409,
        "POST",
        f"{CHALLENGES}/{created['challenge_id']}/{second}",
        json={"player_id": one if second == "cancel" else two},
    )

    assert problem["code"] == "challenge_ended"


async def test_only_its_players_answer_a_challenge(api: Api, other_api: Api) -> None:
    one, two, three = [await create_player(api, name) for name in ("one", "two", "three")]
    created = await challenge(api, one, two)
    path = f"{CHALLENGES}/{created['challenge_id']}"

    for how, by in [("accept", one), ("accept", three), ("decline", one), ("cancel", two)]:
        problem = await api.refused(422, "POST", f"{path}/{how}", json={"player_id": by})
        assert problem["code"] == "not_your_challenge", (how, by)
    stranger = await create_player(other_api, "one")
    for how in ("accept", "decline", "cancel"):
        await other_api.refused(404, "POST", f"{path}/{how}", json={"player_id": stranger})


async def test_a_challenge_ends_after_a_day(api: Api, database: Database) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    created = await challenge(api, one, two)
    async with database.transaction() as connection:
        await connection.execute("UPDATE chess.challenge SET expires_at = expires_at - $1::interval", timedelta(days=1))

    path = f"{CHALLENGES}/{created['challenge_id']}/accept"
    assert (await api.refused(409, "POST", path, json={"player_id": two}))["code"] == "challenge_ended"
    assert (await api.get(f"{CHALLENGES}?player_id={one}"))["items"] == []


async def test_somebody_with_the_link_plays_without_an_account(api: Api) -> None:
    one = await create_player(api, "one")
    created = await challenge(api, one, None, colour="white")
    path = f"/api/v1{CHALLENGES}/{created['challenge_id']}"
    assert created["page"] == f"/chess/join/{created['challenge_id']}"
    assert (await api.http.get(f"{path}/public")).json()["from_name"] == (await api.get(f"/chess/players/{one}"))[
        "name"
    ]

    joined = (await api.http.post(f"{path}/join")).json()

    guest = Api(api.http, joined["token"])
    game = await guest.get(f"/chess/games/{joined['game_id']}")
    assert game["black"]["player_id"] == joined["player"]["player_id"]
    assert game["black"]["is_guest"] is True
    assert problem_of(await api.http.post(f"{path}/join"), status=409)["code"] == "challenge_ended"
    await guest.refused(403, "GET", "/subscriptions")


async def test_a_challenge_to_one_player_has_no_link(api: Api) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    created = await challenge(api, one, two)

    for method, how in [("GET", "public"), ("POST", "join")]:
        response = await api.http.request(method, f"/api/v1{CHALLENGES}/{created['challenge_id']}/{how}")
        assert problem_of(response, status=404)["code"] == "challenge_not_found"


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        ({"clock": {"limit_s": 60}}, "clock"),
        ({"clock": {"limit_s": 60, "increment_s": 0, "days_per_turn": 1}}, "clock"),
        ({"clock": {"limit_s": 0, "increment_s": 0}}, "clock"),
        ({"clock": None, "is_rated": True}, "is_rated"),
        ({"initial_fen": "nonsense"}, "initial_fen"),
        ({"initial_fen": "4k3/8/8/8/8/8/4P3/4K3 w - - 0 1", "is_rated": True}, "is_rated"),
    ],
)
async def test_a_game_that_is_not_possible_can_not_be_proposed(api: Api, fields: dict[str, object], field: str) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    body = {"player_id": one, "to_player_id": two, "clock": BLITZ, **fields}

    assert (await api.refused(422, "POST", CHALLENGES, json=body))["field"] == field
    assert (await api.get(f"{CHALLENGES}?player_id={one}"))["items"] == []


async def test_a_player_can_not_challenge_itself(api: Api) -> None:
    one = await create_player(api, "one")
    body = {"player_id": one, "to_player_id": one, "clock": BLITZ}

    assert (await api.refused(422, "POST", CHALLENGES, json=body))["code"] == "invalid_challenge"


async def test_a_rematch_begins_with_the_other_colours_when_both_want_it(api: Api) -> None:
    one, two = await create_player(api, "one"), await create_player(api, "two")
    accepted = await answer(api, await challenge(api, one, two, colour="white"), "accept", two)
    game = await api.get(f"/chess/games/{accepted['game_id']}")
    path = f"/chess/games/{game['game_id']}/rematch"
    await api.refused(422, "POST", path, json={"player_id": one})
    await Duel(api, {**game, "white_player_id": one, "black_player_id": two}).play(FOOLS_MATE)

    first = await api.done("POST", path, json={"player_id": one})
    assert await api.done("POST", path, json={"player_id": one}) == first
    second = await api.done("POST", path, json={"player_id": two})

    assert (first["status"], second["status"]) == ("created", "accepted")
    rematch = await api.get(f"/chess/games/{second['game_id']}")
    assert (rematch["white"]["player_id"], rematch["black"]["player_id"]) == (two, one)

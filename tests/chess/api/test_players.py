"""Players over HTTP: people, bots, and tokens that play for them and can do nothing else."""

from uuid import UUID, uuid4

import pytest

from http_api import Api, Json
from ninefold.core.ids import format_id, parse_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.chess.model import Speed
from ninefold.systems.chess.service.ratings import rate_result
from people import Person, make_person

PLAYERS = "/chess/players"


async def organisation_of(api: Api, database: Database) -> UUID:
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id


async def person_of(api: Api, database: Database) -> Person:
    return await make_person(api.http, database, organisation_id=await organisation_of(api, database))


async def create(api: Api, name: str = "ines", **fields: object) -> Json:
    return await api.done("POST", PLAYERS, json={"name": name, **fields})


async def token_of(api: Api, player: Json, **fields: object) -> Api:
    created = await api.done("POST", f"{PLAYERS}/{player['player_id']}/tokens", json=fields)
    return Api(api.http, created["token"])


async def test_a_player_is_found_by_its_id_and_by_its_name_in_any_case(api: Api) -> None:
    created = await create(api, "Ines_1", is_bot=True)

    assert await api.get(f"{PLAYERS}/{created['player_id']}") == created
    assert (await api.get(f"{PLAYERS}?name=iNES_1"))["items"] == [created]
    assert created["is_bot"] is True
    assert created["ratings"] == {}
    assert created["live_channel"] == f"chess.player:{created['player_id']}"


async def test_lists_have_bots_or_others_and_pages(api: Api) -> None:
    names = [(await create(api, f"p{number}", is_bot=number % 2 == 0))["name"] for number in range(5)]

    assert [[each["name"] for each in page] for page in await api.walk(PLAYERS, limit=2)] == [
        names[:2],
        names[2:4],
        names[4:],
    ]
    assert [each["name"] for each in (await api.get(f"{PLAYERS}?is_bot=true"))["items"]] == ["p0", "p2", "p4"]


@pytest.mark.parametrize("name", ["x", "a b", "ä-player", "x" * 31, "semi;colon"])
async def test_a_name_that_is_not_possible_is_refused(api: Api, name: str) -> None:
    problem = await api.refused(422, "POST", PLAYERS, json={"name": name})

    assert (problem["code"], problem["field"]) == ("invalid_player_name", "name")


async def test_a_name_can_be_taken_once_in_an_organisation(api: Api, other_api: Api) -> None:
    await create(api, "ines")

    assert (await api.refused(409, "POST", PLAYERS, json={"name": "INES"}))["code"] == "player_name_taken"
    await create(other_api, "ines")


async def test_a_person_gets_a_player_with_the_first_request(api: Api, database: Database) -> None:
    person = await person_of(api, database)

    first, second = await person.get("/chess/me"), await person.get("/chess/me")

    assert first["player_id"] == second["player_id"]
    assert (first["is_bot"], first["is_guest"]) == (False, False)


async def test_a_persons_name_keeps_the_letters_that_have_accents(api: Api, database: Database) -> None:
    person = await person_of(api, database)
    async with database.transaction() as connection:
        await connection.execute(
            "UPDATE tenancy.account SET name = 'Ben Ōkami 王' WHERE account_id = $1", person.account_id
        )

    assert (await person.get("/chess/me"))["name"] == "Ben_Okami"


async def test_two_people_of_one_name_get_two_players(api: Api, database: Database) -> None:
    people = [await person_of(api, database) for _ in range(2)]

    assert len({(await each.get("/chess/me"))["name"] for each in people}) == 2


async def test_an_api_key_has_no_player_of_its_own(api: Api) -> None:
    assert (await api.refused(422, "GET", "/chess/me"))["code"] == "player_required"


async def test_a_token_plays_for_its_player_and_can_do_nothing_else(api: Api) -> None:
    player = await create(api)
    token = await token_of(api, player)

    assert (await token.get("/chess/me"))["player_id"] == player["player_id"]
    for method, path in [
        ("GET", "/subscriptions"),
        ("GET", "/api-keys"),
        ("GET", f"{PLAYERS}/{player['player_id']}/tokens"),
        ("POST", PLAYERS),
        ("POST", "/live/token"),
    ]:
        response = await token.request(method, path, json={"name": "other"} if method == "POST" else None)
        assert response.status_code == 403, (path, response.text)


async def test_a_revoked_token_is_refused(api: Api) -> None:
    player = await create(api)
    token = await token_of(api, player, name="laptop")
    (listed,) = (await api.get(f"{PLAYERS}/{player['player_id']}/tokens"))["items"]
    assert (listed["name"], listed["state"]) == ("laptop", "active")
    assert token.api_key.startswith(listed["prefix"])

    response = await api.request("DELETE", f"{PLAYERS}/{player['player_id']}/tokens/{listed['token_id']}")

    assert response.status_code == 204
    await token.refused(401, "GET", "/chess/me")


async def test_a_token_is_only_revoked_as_one_of_its_player(api: Api) -> None:
    first, second = await create(api, "first"), await create(api, "second")
    token = await token_of(api, first)
    (listed,) = (await api.get(f"{PLAYERS}/{first['player_id']}/tokens"))["items"]

    await api.refused(404, "DELETE", f"{PLAYERS}/{second['player_id']}/tokens/{listed['token_id']}")

    assert (await token.get("/chess/me"))["player_id"] == first["player_id"]


async def test_nobody_else_gets_a_token_for_the_player_of_a_person(api: Api, database: Database) -> None:
    person = await person_of(api, database)
    own = await person.get("/chess/me")
    path = f"{PLAYERS}/{own['player_id']}/tokens"

    assert (await api.refused(422, "POST", path, json={}))["code"] == "not_this_player"
    assert (await Api(api.http, (await person.done("POST", path, json={}))["token"]).get("/chess/me"))[
        "player_id"
    ] == own["player_id"]


async def test_results_change_ratings_once_and_are_listed(api: Api, database: Database) -> None:
    winner, loser = await create(api, "winner"), await create(api, "loser")
    ids = [parse_id("plr", each["player_id"]) for each in (winner, loser)]
    async with database.transaction() as connection:
        await rate_result(
            connection,
            game_id=(game_id := uuid4()),
            white=ids[0],
            black=ids[1],
            speed=Speed.BLITZ,
            winner="white",
            at=(await connection.fetchval("SELECT now()")),
        )

    up, down = [(await api.get(f"{PLAYERS}/{each['player_id']}"))["ratings"]["blitz"] for each in (winner, loser)]

    assert up["rating"] > 1500 > down["rating"]
    assert up["rating"] - 1500 == 1500 - down["rating"]
    assert (up["games"], up["is_provisional"]) == (1, True)
    (change,) = (await api.get(f"{PLAYERS}/{winner['player_id']}/ratings?speed=blitz"))["items"]
    assert change["game_id"] == format_id("game", game_id)
    assert change["difference"] == up["rating"] - 1500
    assert (await api.get(f"{PLAYERS}/{winner['player_id']}/ratings?speed=rapid"))["items"] == []

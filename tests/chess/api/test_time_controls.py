"""Games with other clocks than the usual one, and time that is given."""

import pytest

from chess_api import begin
from chess_turns import flag, let_pass
from http_api import Api
from ninefold.core.postgres.database import Database

OPENING = ["e2e4", "e7e5"]
DAY_MS = 86_400_000


async def test_a_player_gives_the_opponent_15_seconds(api: Api) -> None:
    duel = await begin(api)
    await duel.play(OPENING)

    answer = await duel.act("white", "add_time")

    event = (await duel.events())[-1]
    assert answer["clocks"]["black_ms"] == 195_000
    assert (event["type"], event["data"]["colour"], event["data"]["by_ms"]) == ("time_added", "black", 15_000)
    assert event["data"]["clocks"]["black_ms"] == 195_000


async def test_added_time_saves_from_the_flag(api: Api, database: Database) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await duel.act("black", "add_time")
    await let_pass(database, duel, 185)

    assert not await flag(database, duel)
    assert (await duel.move("g1f3"))["result"] == "committed"


@pytest.mark.parametrize("clock", [None, {"days_per_turn": 2}])
async def test_only_clocks_get_time(api: Api, clock: dict[str, int] | None) -> None:
    duel = await begin(api, clock=clock)
    await duel.play(OPENING)

    assert (await duel.act("white", "add_time"))["reason"] == "no_clock"


async def test_each_turn_of_correspondence_has_all_its_days(api: Api, database: Database) -> None:
    duel = await begin(api, clock={"days_per_turn": 2})
    await duel.play(OPENING)
    await let_pass(database, duel, 1.9 * 86_400)

    answer = await duel.move("g1f3", lag_ms=60_000)

    assert (await duel.show())["speed"] == "correspondence"
    assert answer["clocks"]["white_ms"] == 2 * DAY_MS
    assert (await duel.events())[-1]["data"]["compensation_ms"] == 0


async def test_the_days_of_a_turn_can_be_over(api: Api, database: Database) -> None:
    duel = await begin(api, clock={"days_per_turn": 2})
    await duel.play(OPENING)
    await let_pass(database, duel, 2.1 * 86_400)

    assert await flag(database, duel)
    game = await duel.show()
    assert (game["winner"], game["reason"]) == ("black", "flag")


async def test_without_a_limit_no_time_is_up(api: Api, database: Database) -> None:
    duel = await begin(api, clock=None)
    await duel.play(OPENING)
    await let_pass(database, duel, 365 * 86_400)

    assert not await flag(database, duel)
    answer = await duel.move("g1f3")
    assert (answer["result"], answer["clocks"]) == ("committed", {"white_ms": None, "black_ms": None})
    assert (await duel.show())["clocks"]["running"] is None


async def test_a_clock_without_a_limit_begins_with_three_seconds_at_least(api: Api) -> None:
    duel = await begin(api, clock={"limit_s": 0, "increment_s": 1})

    assert (await duel.show())["clocks"]["white_ms"] == 3_000

"""Who wins when two things happen at once: each row of the table in docs/systems/chess.md."""

import asyncio
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from chess_api import Duel, begin
from chess_turns import flag, let_pass
from http_api import Api, Json
from ninefold.core.postgres.database import Database

OPENING = ["e2e4", "e7e5"]


async def steps(duel: Duel, *names: str) -> list[Json]:
    """Do several things in their order; return the answers."""
    answers = []
    for name in names:
        colour, _, action = name.partition(" ")
        if action.startswith("move "):
            answers.append(await duel.move(action[5:], colour=colour, ply=len((await duel.show())["moves"]) + 1))
        elif action.startswith("late "):
            # As it was sent before the other one had been committed.
            answers.append(await duel.move(action[5:], colour=colour, ply=3))
        else:
            answers.append(await duel.act(colour, action))
    return answers


@pytest.mark.parametrize(
    ("before", "first", "second", "rejection", "reason"),
    [
        ([], "white move g1f3", "white resign", None, "resignation"),
        ([], "white resign", "white late g1f3", "game_ended", "resignation"),
        (["black offer_draw"], "white move g1f3", "white accept_draw", "no_offer", None),
        (["black offer_draw"], "white accept_draw", "white late g1f3", "game_ended", "agreement"),
        (["black offer_takeback"], "white move g1f3", "white accept_takeback", "no_offer", None),
        (["black offer_takeback"], "white accept_takeback", "white late g1f3", "wrong_ply", None),
        ([], "white offer_draw", "black offer_draw", None, "agreement"),
        ([], "black offer_draw", "white offer_draw", None, "agreement"),
        ([], "white resign", "black resign", "game_ended", "resignation"),
        ([], "black resign", "white resign", "game_ended", "resignation"),
        ([], "white move g1f3", "white abort", "already_started", None),
    ],
)
async def test_the_first_one_wins(  # noqa: PLR0917  # a table.
    api: Api, before: Sequence[str], first: str, second: str, rejection: str | None, reason: str | None
) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await steps(duel, *before)

    one, other = await steps(duel, first, second)

    assert one["result"] == "committed"
    assert other["reason"] == rejection
    assert (await duel.show())["reason"] == reason


async def test_an_abort_and_the_second_first_move(api: Api) -> None:
    aborted, running = await begin(api), await begin(api)
    await aborted.move("e2e4")
    await running.move("e2e4")

    await aborted.act("black", "abort")
    too_late = await aborted.move("e7e5", ply=2)
    await running.move("e7e5")
    refused = await running.act("white", "abort")

    assert (too_late["reason"], refused["reason"]) == ("game_ended", "already_started")
    assert (await aborted.show())["reason"] == "aborted"
    assert (await running.show())["status"] == "running"


async def test_a_move_that_was_read_in_time_wins_against_the_flag(api: Api, database: Database) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await let_pass(database, duel, 170)

    answer = await duel.move("g1f3")

    assert answer["result"] == "committed"
    assert 0 < answer["clocks"]["white_ms"] < 13_000
    assert not await flag(database, duel)


@pytest.mark.parametrize("is_worker_faster", [False, True])
async def test_the_flag_wins_against_a_move_that_was_read_after_it(
    api: Api, database: Database, *, is_worker_faster: bool
) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await let_pass(database, duel, 200)
    if is_worker_faster:
        assert await flag(database, duel)

    answer = await duel.move("g1f3", ply=3)

    game = await duel.show()
    assert answer["reason"] == ("game_ended" if is_worker_faster else "flag")
    assert (game["winner"], game["reason"], game["clocks"]["white_ms"]) == ("black", "flag", 0)
    assert len(game["moves"]) == 2


async def test_the_flag_wins_against_a_resignation_after_it(api: Api, database: Database) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await let_pass(database, duel, 200)

    answer = await duel.act("black", "resign")

    assert (answer["result"], answer["reason"]) == ("rejected", "flag")
    assert (await duel.show())["winner"] == "black"


@pytest.mark.parametrize(
    ("before", "action", "reason"),
    [([], "black resign", "resignation"), (["white offer_draw"], "black accept_draw", "agreement")],
)
async def test_what_ends_a_game_before_its_time_is_up_counts(
    api: Api, database: Database, before: Sequence[str], action: str, reason: str
) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await steps(duel, *before, action)
    await let_pass(database, duel, 200)

    assert not await flag(database, duel)
    assert (await duel.show())["reason"] == reason


async def test_the_flag_wins_against_the_acceptance_of_a_draw_after_it(api: Api, database: Database) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await duel.act("white", "offer_draw")
    await let_pass(database, duel, 200)

    answer = await duel.act("black", "accept_draw")

    assert (answer["result"], answer["reason"]) == ("rejected", "flag")
    assert (await duel.show())["reason"] == "flag"


@pytest.mark.parametrize(
    ("before", "action", "outcomes"),
    [
        ([], "black resign", {(None, None, "resignation"), ("game_ended", None, "resignation")}),
        (["white offer_draw"], "black accept_draw", {(None, None, "agreement"), ("game_ended", None, "agreement")}),
        (["black offer_draw"], "white accept_draw", {(None, "no_offer", None), ("game_ended", None, "agreement")}),
        (["black offer_takeback"], "white accept_takeback", {(None, "no_offer", None), ("wrong_ply", None, None)}),
    ],
)
async def test_what_comes_at_the_same_time_happens_one_after_the_other(
    api: Api,
    before: Sequence[str],
    action: str,
    outcomes: set[tuple[str | None, str | None, str | None]],
) -> None:
    colour, _, kind = action.partition(" ")
    for is_move_first in (True, False) * 4:
        duel = await begin(api)
        await duel.play(OPENING)
        await steps(duel, *before)
        move, act = duel.move("g1f3", ply=3), duel.act(colour, kind)
        both = await asyncio.gather(*((move, act) if is_move_first else (act, move)))
        moved, acted = both if is_move_first else reversed(both)

        game, log = await duel.show(), await duel.events()
        assert (moved["reason"], acted["reason"], game["reason"]) in outcomes
        assert [entry["sequence"] for entry in log] == [*range(1, len(log) + 1)]
        assert game["last_sequence"] == len(log)


async def test_a_flag_against_bare_king_is_a_draw(api: Api, database: Database) -> None:
    duel = await begin(api, initial_fen="4k3/8/8/8/8/8/4P3/4K3 w - - 0 1")
    await duel.play(["e2e4", "e8e7"])
    await let_pass(database, duel, 200)

    assert await flag(database, duel)
    game = await duel.show()
    assert (game["winner"], game["reason"]) == (None, "flag_insufficient")


async def test_a_game_that_nobody_begins_ends(api: Api, database: Database) -> None:
    duel = await begin(api)
    await let_pass(database, duel, 30)

    assert await flag(database, duel)
    assert (await duel.show())["reason"] == "not_started"


async def test_an_outage_costs_nobody_time(api: Api, database: Database) -> None:
    duel = await begin(api)
    await duel.play(OPENING)
    await let_pass(database, duel, 200)
    async with database.transaction() as connection:
        await connection.execute(
            "INSERT INTO chess.heartbeat (beat_at) VALUES ($1) ON CONFLICT (is_only) DO UPDATE SET beat_at = $1",
            datetime.now(UTC) - timedelta(seconds=199),
        )

    answer = await duel.move("g1f3")

    assert answer["result"] == "committed"
    assert answer["clocks"]["white_ms"] > 175_000
    assert [event["type"] for event in await duel.events()][-2:] == ["clock_adjusted", "move"]

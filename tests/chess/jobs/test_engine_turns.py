"""Games against the engine: workers play its turns, whatever happens to them and to the engine."""

import asyncio
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from chess_api import FOOLS_MATE, Duel, create_player
from chess_engines import EngineProgram
from http_api import Api, Json
from in_process import StartWorker

ARRIVES_WITHIN_S = 30
AFTER_F3_E5 = "rnbqkbnr/pppp1ppp/8/4p3/8/5P2/PPPPP1PP/RNBQKBNR w KQkq - 0 2"


@pytest.fixture(scope="module")
def engine_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One folder for all tests. With one for each, each would build an application."""
    return tmp_path_factory.mktemp("engine")


@pytest.fixture
def engine(engine_dir: Path) -> EngineProgram:
    for left in engine_dir.iterdir():
        left.unlink()
    return EngineProgram(engine_dir)


@pytest.fixture
def environment(engine: EngineProgram) -> Mapping[str, str]:
    return {"NINEFOLD_CHESS_STOCKFISH": str(engine.path), "NINEFOLD_CHESS_RUNNING_MAX": "2"}


async def begin(api: Api, *, colour: str = "white", **fields: Any) -> Duel:
    """Start a game against the engine, whose player the key can't be."""
    body = {"player_id": await create_player(api), "level": 3, "colour": colour, **fields}
    game = await api.done("POST", "/chess/games/ai", json=body)
    both = {f"{each}_player_id": game[each]["player_id"] for each in ("white", "black")}
    return Duel(api, {**game, **both})


async def shown_when(duel: Duel, condition: Callable[[Json], bool]) -> Json:
    """Return the game as soon as it fulfils a condition."""
    async with asyncio.timeout(ARRIVES_WITHIN_S):
        while not condition(game := await duel.show()):
            await asyncio.sleep(0.02)
    return game


def moves_of(game: Json) -> list[str]:
    return [move["uci"] for move in game["moves"]]


@pytest.mark.usefixtures("worker")
async def test_the_engine_answers_moves(api: Api) -> None:
    duel = await begin(api, clock={"limit_s": 180, "increment_s": 2})
    await duel.move("e2e4", ply=1)
    await shown_when(duel, lambda each: len(each["moves"]) == 2)
    await duel.move("d2d4", ply=3)
    await shown_when(duel, lambda each: len(each["moves"]) == 4)
    await duel.move("g1f3", ply=5)
    game = await shown_when(duel, lambda each: len(each["moves"]) == 6)

    assert moves_of(game) == ["e2e4", "a7a5", "d2d4", "a5a4", "g1f3", "a4a3"]
    assert (game["black"]["name"], game["black"]["is_bot"], game["is_rated"]) == ("Stockfish level 3", True, False)
    players = (await api.get("/chess/players"))["items"]
    assert [(each["is_bot"], each["engine_level"]) for each in players] == [(False, None), (True, 3)]


@pytest.mark.usefixtures("worker")
async def test_the_engine_moves_first_if_it_has_white(api: Api, engine: EngineProgram) -> None:
    games = [await shown_when(await begin(api, colour="black"), lambda each: bool(each["moves"])) for _ in range(3)]

    assert [moves_of(game) for game in games] == [["a2a3"]] * 3
    assert engine.starts == 1
    assert len({game["white"]["player_id"] for game in games}) == 1


@pytest.mark.usefixtures("worker")
async def test_a_position_to_begin_with(api: Api) -> None:
    duel = await begin(api, colour="black", initial_fen=AFTER_F3_E5)
    await shown_when(duel, lambda each: moves_of(each) == ["a2a3"])
    assert (await duel.act("black", "abort"))["result"] == "committed"


@pytest.mark.usefixtures("worker")
async def test_the_engine_accepts_takebacks_and_declines_draws(api: Api) -> None:
    duel = await begin(api)
    await duel.move("e2e4", ply=1)
    await shown_when(duel, lambda each: len(each["moves"]) == 2)

    await duel.act("white", "offer_draw")
    await shown_when(duel, lambda each: each["offers"]["draw"] is None)
    await duel.act("white", "offer_takeback")
    await shown_when(duel, lambda each: each["moves"] == [])
    await duel.move("d2d4", ply=1)
    game = await shown_when(duel, lambda each: len(each["moves"]) == 2)

    assert moves_of(game) == ["d2d4", "a7a5"]
    assert [event["type"] for event in await duel.events() if "draw" in event["type"]] == [
        "draw_offered",
        "draw_declined",
    ]


@pytest.mark.usefixtures("worker")
async def test_a_rematch_begins_at_once_with_the_other_colours(api: Api) -> None:
    duel = await begin(api)
    await duel.move("e2e4", ply=1)
    await shown_when(duel, lambda each: len(each["moves"]) == 2)
    await duel.act("white", "resign")

    body = {"player_id": duel.players["white"]}
    offered = await api.done("POST", f"/chess/games/{duel.game_id}/rematch", json=body)

    rematch = Duel(api, {"game_id": offered["game_id"], "white_player_id": "", "black_player_id": ""})
    game = await shown_when(rematch, lambda each: len(each["moves"]) == 1)
    assert offered["status"] == "accepted"
    assert game["black"]["player_id"] == duel.players["white"]


@pytest.mark.usefixtures("worker")
async def test_an_engine_that_dies_is_started_again(api: Api, engine: EngineProgram) -> None:
    engine.die_once()
    duel = await begin(api)
    await duel.move("e2e4", ply=1)

    await shown_when(duel, lambda each: len(each["moves"]) == 2)

    assert engine.starts == 2


async def test_turns_wait_for_a_worker(api: Api, start_worker: StartWorker) -> None:
    duels = [await begin(api, colour="black") for _ in range(2)]
    async with start_worker():
        for duel in duels:
            await shown_when(duel, lambda each: len(each["moves"]) == 1)
    await duels[0].move("e7e5", ply=2)
    assert len((await duels[0].show())["moves"]) == 2

    async with start_worker():
        await shown_when(duels[0], lambda each: len(each["moves"]) == 3)


@pytest.mark.usefixtures("worker")
async def test_no_more_processes_than_allowed_run_for_many_games(api: Api, engine: EngineProgram) -> None:
    duels = [await begin(api, colour="black") for _ in range(8)]
    for duel in duels:
        await shown_when(duel, lambda each: len(each["moves"]) == 1)
    assert engine.starts <= 2


async def test_without_the_engine_the_api_says_how_to_install_it(api: Api, engine: EngineProgram) -> None:
    player_id = await create_player(api)
    body = {"player_id": player_id, "level": 1}
    with engine.removed():
        problem = await api.refused(501, "POST", "/chess/games/ai", json=body)

    assert problem["code"] == "engine_missing"
    assert "apt-get install stockfish" in problem["remedy"]


@pytest.mark.parametrize("level", [0, 9])
async def test_other_levels_are_refused(api: Api, level: int) -> None:
    body = {"player_id": await create_player(api), "level": level}
    assert (await api.refused(422, "POST", "/chess/games/ai", json=body))["field"] == "level"


async def test_the_engine_is_neither_challenged_nor_rated(api: Api) -> None:
    duel = await begin(api)
    players = {"player_id": duel.players["white"], "to_player_id": duel.players["black"]}
    challenged = await api.request("POST", "/chess/challenges", json={**players, "clock": None})
    body = {"white_player_id": duel.players["white"], "black_player_id": duel.players["black"], "is_rated": True}
    rated = await api.request("POST", "/chess/games", json={**body, "clock": {"limit_s": 60, "increment_s": 0}})

    assert challenged.json()["code"] == "invalid_challenge"
    assert "/chess/games/ai" in challenged.json()["remedy"]
    assert rated.json()["code"] == "invalid_game"


async def test_nobody_gets_a_token_of_the_engine(api: Api) -> None:
    path = f"/chess/players/{(await begin(api)).players['black']}"

    assert (await api.get(path))["engine_level"] == 3
    refused = await api.request("POST", f"{path}/tokens", json={})

    assert refused.json()["code"] == "not_this_player"


async def test_a_turn_is_one_job(api: Api) -> None:
    duel = await begin(api)
    await duel.move(FOOLS_MATE[0], ply=1)
    jobs = (await api.get("/jobs?kind=chess.engine_turn"))["items"]
    assert [job["state"] for job in jobs] == ["queued"]


async def test_the_limit_of_games_is_not_that_of_the_engine(api: Api) -> None:
    duels = [await begin(api) for _ in range(3)]
    assert len({duel.players["black"] for duel in duels}) == 1

    body = {"player_id": duels[0].players["white"], "level": 3}
    await api.done("POST", "/chess/games/ai", json=body)
    assert (await api.refused(422, "POST", "/chess/games/ai", json=body))["code"] == "invalid_game"

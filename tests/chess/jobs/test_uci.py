"""The engine in a process of its own, over UCI."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from chess_engines import write_program
from ninefold.systems.chess.errors import EngineUnavailableError
from ninefold.systems.chess.jobs import uci
from ninefold.systems.chess.jobs.uci import UciEngine
from ninefold.systems.chess.model import START_FEN
from ninefold.systems.chess.rules.engine_levels import EngineLimits

LIMITS = EngineLimits(20, 1, 50)

# It says its process id as a move of the king, so that tests see whether it is the same process.
SCRIPT = r"""import os, sys
for line in sys.stdin:
    words = line.split()
    print({"uci": "id name Test\nuciok", "isready": "readyok"}.get(words[0], ""), flush=True)
    if words[0] == "position":
        moves = words[words.index("moves") + 1:] if "moves" in words else []
    if words[0] == "go":
        if moves[-1:] == ["a7a6"]:
            os._exit(1)
        if moves[-1:] == ["a7a5"]:
            continue
        answer = "(none)" if moves[-1:] == ["f7f6"] else f"e{os.getpid() % 8 + 1}e{os.getpid() // 8 % 8 + 1}"
        print("info depth 1", flush=True)
        print("bestmove " + answer, flush=True)
"""


@pytest.fixture
def program(tmp_path: Path) -> str:
    path = tmp_path / "engine"
    write_program(path, SCRIPT)
    return str(path)


@pytest.fixture
async def engine(program: str) -> AsyncIterator[UciEngine]:
    opened = UciEngine(program)
    yield opened
    await opened.close()


async def ask(engine: UciEngine, *moves: str) -> str:
    return await engine.best_move(initial_fen=START_FEN, moves=moves, limits=LIMITS, move_time_ms=50)


async def test_one_process_is_used_for_all_moves(engine: UciEngine) -> None:
    assert await ask(engine) == await ask(engine, "e2e4")


async def test_several_games_at_once_wait_for_each_other(engine: UciEngine) -> None:
    assert len(set(await asyncio.gather(*[ask(engine, move) for move in ("e2e4", "d2d4", "c2c4")]))) == 1


async def test_an_engine_that_has_died_is_started_again(engine: UciEngine) -> None:
    with pytest.raises(EngineUnavailableError, match="has ended"):
        await ask(engine, "a7a6")
    assert await ask(engine)


async def test_an_engine_that_hangs_is_killed_and_started_again(
    engine: UciEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    await ask(engine)
    monkeypatch.setattr(uci, "STARTS_WITHIN_S", 0.2)
    monkeypatch.setattr(uci, "ANSWERS_WITHIN_S", 0.2)
    with pytest.raises(EngineUnavailableError, match="doesn't answer"):
        await ask(engine, "a7a5")
    monkeypatch.undo()
    assert await ask(engine)


async def test_a_position_without_moves(engine: UciEngine) -> None:
    with pytest.raises(EngineUnavailableError, match="no move"):
        await ask(engine, "f7f6")


async def test_no_engine_at_the_path() -> None:
    with pytest.raises(EngineUnavailableError):
        await ask(UciEngine("/nowhere/stockfish"))

"""Measures how long a move takes to the opponent with 500 games at once, and how many moves a CPU-second commits.

    .venv/bin/python bench/chess/run.py

Prints a table, and writes bench/results/chess.json. docs/benchmarks.md has the published results. The floor
and Ninefold are measured at the same rate, in slices of two seconds that follow each other. Afterwards each game is
compared with the moves that were made: a wrong result doesn't count.
"""

import argparse
import asyncio
import json
import math
import os
import random
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final, NamedTuple
from uuid import UUID

import psutil
from move_clients import MOVE_WITHIN_S, MoveClient, Seat
from rich.console import Console
from rich.table import Table

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.queue.store import worker_count_alive
from ninefold.core.tenancy.service import create_organisation
from ninefold.edge.systems import migration_sources
from ninefold.systems.chess.model import GAME_PREFIX, Correspondence
from ninefold.systems.chess.rules.position import Position
from ninefold.systems.chess.service.games import start_game
from ninefold.systems.chess.service.players import create_player, create_player_token

HERE: Final = Path(__file__).parent
RESULTS: Final = HERE.parent / "results" / "chess.json"
FLOOR: Final = HERE.parent / "live" / "floor_server.py"
RATIO_TARGET: Final = 3.0
START_WITHIN_S: Final = 60.0
OPENED_AT_ONCE: Final = 50
PLIES_BEFORE: Final = 2
"""Each game's first moves, which aren't measured. They prepare the statements of each connection."""

CLOCK: Final = Correspondence(days_per_turn=1)
"""However slow the machine is, no first move comes too late."""

SCHEMA: Final = "CREATE SCHEMA bench; CREATE TABLE bench.message (number integer, body text)"


class Game(NamedTuple):
    """A game to play, with its two clients."""

    white: MoveClient
    black: MoveClient


class Begun(NamedTuple):
    """A game in the database, and the tokens of its players."""

    game_id: UUID
    tokens: tuple[str, str]


def make_line(plies: int) -> list[str]:
    """Return the moves that all games make: random ones that don't end the game."""
    generator, position = random.Random(1), Position.parse()
    moves: list[str] = []
    keys = [position.key]
    while len(moves) < plies:
        uci = generator.choice(position.legal_moves)
        after = position.play(uci)
        if len(after.legal_moves) > 1 and after.key not in keys:
            moves.append(uci)
            keys.append(after.key)
            position = after
    return moves


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure both in short slices, one after the other, so that both run under the same conditions."""
    moves = make_line(PLIES_BEFORE + math.ceil(options.slices * options.seconds * options.rate / options.games))
    with tempfile.TemporaryDirectory() as folder, EmbeddedPostgres(Path(folder)) as postgres:
        dsn = postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold bench")
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
            await connection.execute(SCHEMA)
        async with _floor(dsn, moves, options) as floor, _ninefold(database, dsn, moves, options) as ninefold:
            for match in (ninefold, floor):
                await match.warm_up(options.rate)
            slices = [
                {"floor": await floor.measure(options), "ninefold": await ninefold.measure(options)}
                for _ in range(options.slices)
            ]
        await database.close()
    ratios = [each["ninefold"]["p50_ms"] / each["floor"]["p50_ms"] for each in slices]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "floor": floor.figures(),
        "ninefold": ninefold.figures(),
        "slices": slices,
        "games": options.games,
        "rate": options.rate,
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


class Match:
    """All games on one server, and what was measured in them.

    Args:
        games: the games.
        moves: what is played in each of them.
        server: whose CPU time counts.
    """

    def __init__(self, games: Sequence[Game], moves: Sequence[str], server: psutil.Process) -> None:
        self._games: Final = games
        self._moves: Final = moves
        self._server: Final = server
        self._made = 0
        self._cpu_s = 0.0
        self._delays_s: list[float] = []

    async def warm_up(self, rate: float) -> None:
        """Make the first moves of all games, which aren't measured."""
        await self._make(PLIES_BEFORE * len(self._games), rate)

    async def measure(self, options: argparse.Namespace) -> dict[str, float]:
        """Make moves for a while; return how long they took to the opponent."""
        cpu_before_s = _cpu_s(self._server)
        delays_s = await self._make(int(options.seconds * options.rate), options.rate)
        self._cpu_s += _cpu_s(self._server) - cpu_before_s
        self._delays_s += delays_s
        return {"p50_ms": round(statistics.median(delays_s) * 1_000, 2)}

    def figures(self) -> dict[str, Any]:
        """Return the figures of all slices."""
        percentiles = statistics.quantiles(self._delays_s, n=100)
        return {
            "moves": len(self._delays_s),
            "p50_ms": round(percentiles[49] * 1_000, 2),
            "p99_ms": round(percentiles[98] * 1_000, 2),
            "moves_per_cpu_s": round(len(self._delays_s) / self._cpu_s),
        }

    async def _make(self, count: int, rate: float) -> list[float]:
        """Make the next moves at a steady rate, in all games in turn; return their delays in seconds."""
        began_at = time.perf_counter()
        moving = []
        for number in range(count):
            await asyncio.sleep(max(0.0, began_at + number / rate - time.perf_counter()))
            plies, index = divmod(self._made, len(self._games))
            moving.append(asyncio.create_task(_move(self._games[index], self._moves[plies], plies + 1)))
            self._made += 1
        return await asyncio.gather(*moving)


@asynccontextmanager
async def _floor(dsn: str, moves: Sequence[str], options: argparse.Namespace) -> AsyncIterator[Match]:
    port = _free_port()
    async with _running([str(FLOOR), str(port), dsn], port) as server:
        # Players 2n and 2n + 1 play each other; a move goes to the socket of the opponent.
        seats = [
            Seat(port, f"/readers/{number}", f"/messages/{number ^ 1}", (), "") for number in range(2 * options.games)
        ]
        async with _seated(seats) as games:
            yield Match(games, moves, server)


@asynccontextmanager
async def _ninefold(
    database: Database, dsn: str, moves: Sequence[str], options: argparse.Namespace
) -> AsyncIterator[Match]:
    port = _free_port()
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")},
        "NINEFOLD_DATABASE_URL": dsn,
        "NINEFOLD_PORT": str(port),
    }
    async with (
        _running(["-m", "ninefold", "worker"], None, environment),
        _running(["-m", "ninefold", "serve"], port, environment) as server,
    ):
        async with asyncio.timeout(START_WITHIN_S), database.connection() as connection:
            while not await worker_count_alive(connection):
                await asyncio.sleep(0.05)
        begun = await _begin_games(database, options.games)
        async with _seated([_seat(game, side, port) for game in begun for side in (0, 1)]) as games:
            match = Match(games, moves, server)
            yield match
        await _check(database, begun, moves, count=match.figures()["moves"] + PLIES_BEFORE * options.games)


async def _begin_games(database: Database, count: int) -> list[Begun]:
    """Start games between players who have tokens."""
    games = []
    async with database.transaction() as connection:
        organisation_id = (await create_organisation(connection, name="bench")).organisation_id
        for number in range(count):
            pair = [
                await create_player(connection, organisation_id=organisation_id, name=f"{colour}-{number}")
                for colour in ("white", "black")
            ]
            tokens = [
                (await create_player_token(connection, player, principal=None, name="bench")).text for player in pair
            ]
            game = await start_game(
                connection,
                organisation_id=organisation_id,
                white=pair[0],
                black=pair[1],
                time_control=CLOCK,
                is_rated=False,
                source="api",
                now=datetime.now(UTC),
            )
            games.append(Begun(game.game_id, (tokens[0], tokens[1])))
    return games


def _seat(game: Begun, side: int, port: int) -> Seat:
    game_id, token = format_id(GAME_PREFIX, game.game_id), game.tokens[side]
    commands = (
        {"id": 1, "connect": {"token": token}},
        {"id": 2, "subscribe": {"channel": f"chess.game:{game_id}"}},
    )
    return Seat(
        port,
        "/connection/websocket",
        f"/api/v1/chess/games/{game_id}/moves",
        tuple(json.dumps(command) for command in commands),
        token,
    )


@asynccontextmanager
async def _seated(seats: Sequence[Seat]) -> AsyncIterator[list[Game]]:
    """Connect a client for each player; those of a game follow each other."""
    async with AsyncExitStack() as stack:
        clients: list[MoveClient] = []
        for start in range(0, len(seats), OPENED_AT_ONCE):
            opening = [stack.enter_async_context(MoveClient(seat)) for seat in seats[start : start + OPENED_AT_ONCE]]
            clients += await asyncio.gather(*opening)
        yield [Game(white, black) for white, black in zip(clients[::2], clients[1::2], strict=True)]


async def _move(game: Game, uci: str, ply: int) -> float:
    """Make a move; return how long it took to the opponent, in seconds."""
    mover, opponent = (game.white, game.black) if ply % 2 else (game.black, game.white)
    async with asyncio.timeout(MOVE_WITHIN_S):
        if ply > 1:
            await mover.seen(ply - 1)
        began_at = time.perf_counter()
        await mover.move(uci, ply)
        seen_at: float = await opponent.seen(ply)
    return seen_at - began_at


async def _check(database: Database, games: Sequence[Begun], moves: Sequence[str], *, count: int) -> None:
    """Raise unless the games have exactly the moves that were made."""
    query = "SELECT moves FROM chess.game WHERE game_id = ANY($1::uuid[])"
    async with database.connection() as connection:
        records = await connection.fetch(query, [game.game_id for game in games])
    played = [record["moves"].split() for record in records]
    if any(each != list(moves[: len(each)]) for each in played) or sum(map(len, played)) != count:
        raise RuntimeError("the games don't have the moves that were made")


@asynccontextmanager
async def _running(
    arguments: Sequence[str], port: int | None, environment: dict[str, str] | None = None
) -> AsyncIterator[psutil.Process]:
    """Run a Python process until the block ends; wait until it listens."""
    process = subprocess.Popen(
        [sys.executable, *arguments],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_WITHIN_S):
            while port is not None and not await _is_open(port):
                await asyncio.sleep(0.05)
        yield psutil.Process(process.pid)
    finally:
        process.terminate()
        await asyncio.to_thread(process.wait, START_WITHIN_S)


async def _is_open(port: int) -> bool:
    with suppress(OSError):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.close()
        return True
    return False


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _cpu_s(process: psutil.Process) -> float:
    """Return the CPU time of a process and of those that it has started."""
    times = [each.cpu_times() for each in (process, *process.children(recursive=True))]
    return float(sum(each.user + each.system for each in times))


def print_results(results: dict[str, Any]) -> None:
    """Print the results, and whether the target was reached."""
    table = Table(
        title=f"{results['games']} games, {results['rate']:g} moves/s, one server, {results['cores']} cores "
        f"(load {results['load_average']:.1f}), {len(results['slices'])} slices each"
    )
    for heading in ("", "p50 ms", "p99 ms", "moves per server CPU-second"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, text in (("floor", "one commit, one message"), ("ninefold", "a move")):
        figures = results[name]
        table.add_row(text, str(figures["p50_ms"]), str(figures["p99_ms"]), f"{figures['moves_per_cpu_s']:,}")
    console = Console(width=110)
    console.print(table)
    verdict = "reached" if results["ratio"] <= RATIO_TARGET else "not reached"
    console.print(f"p50 is {results['ratio']:.1f} times the floor, median of all slices; {RATIO_TARGET:g}: {verdict}.")


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Measure moves with many games at once.")
    parser.add_argument("--games", type=int, default=500)
    parser.add_argument("--rate", type=float, default=100.0, help="moves per second, of all games together")
    parser.add_argument("--seconds", type=float, default=2.0, help="of each slice")
    parser.add_argument("--slices", type=int, default=20)
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()

"""Plays 1,000 games on a bad network while servers and the worker are killed, and judges every log.

    .venv/bin/python bench/chess/chaos.py [--seed 7] [--games 1000] [--only 312]

In each game, two players and a spectator lose, repeat, delay and reorder messages, and freeze. In the end, each of them
must have exactly the committed log, every answer must be true and the same each time, and a referee that shares no code
with Ninefold must agree with every position, clock and result. Exits with 1 otherwise, and prints how to play the games
that failed again: all that is random follows from the seed, the game's number and the message's name.
"""

import argparse
import asyncio
import random
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any, Final, NamedTuple

import httpx
from game_plans import make_plan, player_of, terms_of
from referee import Referee

from ninefold.edge.demo.chess.api import ChessApi
from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.demo.chess.players import Player
from ninefold.edge.demo.chess.summary import find_problems
from ninefold.edge.simulation.clients import Address, RefusedError, UnansweredError, open_http
from ninefold.edge.simulation.network import Conditions, Network
from ninefold.edge.simulation.nodes import Nodes, kill_at, running_nodes
from ninefold.edge.simulation.rounds import add_options, numbers_of, play_rounds, print_outcome

CONDITIONS: Final = Conditions(
    loss=0.08,
    duplication=0.08,
    lateness=0.12,
    freezing=0.02,
    delay_s=(0.0, 0.03),
    late_s=(0.1, 0.5),
    freeze_s=(0.3, 1.5),
)
RESEND_AFTER_S: Final = 1.0
"""Longer than in the demo, because many games share a machine."""

SEATS: Final = 100
"""Pairs of players, who share all games."""

ENDS_WITHIN_S: Final = 600.0
PLIES_EXPECTED: Final = 12
"""Of a game, at least; kills are spread over so many."""


class Seats(NamedTuple):
    """The players that share all games: their ids and tokens."""

    players: list[tuple[str, str]]
    spectator: str


class Simulation:
    """Plays the games, and counts what happened in them.

    Args:
        nodes: the processes.
        http: a client for all.
        seed: of everything that is random.
    """

    def __init__(self, nodes: Nodes, http: httpx.AsyncClient, *, seed: int) -> None:
        self.ends: Final[Counter[str]] = Counter()
        self.network: Final[Counter[str]] = Counter()
        self.entries: Final[Counter[str]] = Counter()
        self.answers: Final[Counter[str]] = Counter()
        self.problems: Final[dict[int, list[str]]] = {}
        self.kills: Final[list[str]] = []
        self.finished = 0
        self.committed = 0
        self._nodes: Final = nodes
        self._http: Final = http
        self._seed: Final = seed
        self._api: Final = ChessApi(http, Address(nodes.urls), api_key=nodes.api_key)

    async def take_seats(self, games: int) -> Seats:
        """Create the players that share all games."""
        count = 2 * min(SEATS, games)
        players = [await self._api.create_player(f"player-{number}") for number in range(count)]
        return Seats(players, (await self._api.create_player("spectator"))[1])

    async def play(self, number: int, seats: Seats) -> None:
        """Play a game and judge it."""
        seat = 2 * number % len(seats.players)
        white, black = seats.players[seat : seat + 2]
        network = Network(CONDITIONS, seed=f"{self._seed} {number}")
        plan = make_plan(network.dice("plan"))
        game = await self._api.start_game(white=white[0], black=black[0], **terms_of(plan))
        tokens = {"white": white[1], "black": black[1], "spectator": seats.spectator}
        clients = {name: self._client(name, token, network) for name, token in tokens.items()}
        players = [
            Player(clients[colour], game_id=game["game_id"], decide=player_of(plan, colour, clients[colour]))
            for colour in ("white", "black")
        ]
        following = clients["spectator"].watch(game["live_channel"])
        problems: list[str] = []
        try:
            async with asyncio.timeout(ENDS_WITHIN_S):
                await asyncio.gather(*[player.play() for player in players], following)
        except TimeoutError:
            problems.append(f"It didn't end within {ENDS_WITHIN_S:.0f} s.")
        except (RefusedError, UnansweredError) as error:
            problems.append(error.detail)
        await asyncio.gather(*[client.finish() for client in clients.values()])
        problems += await self._judge(game["game_id"], clients)
        self.network.update(network.counts)
        self.finished += 1
        if problems:
            self.problems[number] = [f"{game['game_id']}: {problem}" for problem in problems]

    def _client(self, name: str, token: str, network: Network) -> ChessClient:
        """Return a client; white and black begin with different servers."""
        urls = self._nodes.urls
        return ChessClient(
            self._http,
            Address(urls[::-1] if name == "black" else urls),
            token=token,
            name=name,
            network=network,
            resend_after_s=RESEND_AFTER_S,
            copy=GameCopy(self._count_move if name == "spectator" else lambda _: None),
        )

    async def _judge(self, game_id: str, clients: dict[str, ChessClient]) -> list[str]:
        log, shown = await self._api.list_game_log(game_id), await self._api.get_game(game_id)
        referee = Referee(log)
        problems = [*find_problems(log, clients), *referee.judge()]
        problems += referee.judge_pgn(await self._api.get_pgn(game_id), winner=shown["winner"])
        if [move["uci"] for move in shown["moves"]] != [move.uci() for move in referee.board.move_stack]:
            problems.append("The game is shown with other moves than the log has.")
        self.ends[str(shown["reason"])] += 1
        self.entries.update(entry["type"] for entry in log)
        for client in clients.values():
            self.answers.update(answers[0].body.get("reason") or "committed" for answers in client.answers.values())
            self.answers["repeated"] += sum(len(answers) - 1 for answers in client.answers.values())
        return problems

    def _count_move(self, entry: Any) -> None:
        self.committed += entry["type"] == "move"

    def describe(self, games: int) -> str:
        """Return how far it has come."""
        return (
            f"{self.finished} of {games} games, {self.committed} moves, "
            f"{len(self.kills)} kills, {len(self.problems)} with problems"
        )

    async def kill(self, *, count: int, games: int) -> None:
        """Kill processes, each when the games together have come so far as the seed says, and start them again."""
        dice = random.Random(f"{self._seed} kills")
        moments = sorted(dice.uniform(0.02, 0.9) * games * PLIES_EXPECTED for _ in range(count))
        await kill_at(moments, self._nodes, dice, progress=lambda: self.committed, on_kill=self.kills.append)


async def run(options: argparse.Namespace) -> tuple[dict[str, Any], dict[int, list[str]]]:
    """Play, kill and judge; return the outcome, and the problems of each game that has any."""
    numbers = numbers_of(options)
    with tempfile.TemporaryDirectory() as folder:
        async with running_nodes(Path(folder)) as nodes, open_http() as http:
            simulation = Simulation(nodes, http, seed=options.seed)
            seats = await simulation.take_seats(len(numbers))
            duration_s = await play_rounds(
                numbers,
                lambda number: simulation.play(number, seats),
                at_once=options.concurrency,
                kill=simulation.kill(count=options.kills, games=len(numbers)),
                describe=lambda: simulation.describe(len(numbers)),
            )
    return _outcome(simulation, seed=options.seed, duration_s=duration_s), simulation.problems


def _outcome(simulation: Simulation, *, seed: int, duration_s: float) -> dict[str, Any]:
    return {
        "seed": seed,
        "games": simulation.finished,
        "failed": len(simulation.problems),
        "ends": dict(simulation.ends.most_common()),
        "entries": dict(simulation.entries.most_common()),
        "answers": dict(simulation.answers.most_common()),
        "network": dict(simulation.network),
        "kills": simulation.kills,
        "duration_s": round(duration_s, 1),
    }


def main() -> None:
    """Run, print the outcome as JSON, and fail if a game did."""
    parser = argparse.ArgumentParser(description="Play games on a bad network while processes are killed.")
    add_options(parser, what="games", count=1_000, at_once=40, kills=12)
    options = parser.parse_args()
    outcome, problems = asyncio.run(run(options))
    print_outcome(outcome, problems, program="bench/chess/chaos.py", options=options)
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()

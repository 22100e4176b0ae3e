"""The steps of `ninefold demo chess`: start, let two bots play on a bad network, kill the server, and compare."""

import asyncio
import time
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from functools import partial
from typing import Any, Final

import httpx

from ninefold.edge.demo.chess.api import ChessApi
from ninefold.edge.demo.chess.bots import choose_move
from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.demo.chess.display import GameView, Watched, print_summary
from ninefold.edge.demo.chess.players import Decide, Player, Step
from ninefold.edge.demo.chess.summary import ChessSummary, find_problems
from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_process
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress
from ninefold.edge.simulation.clients import Address
from ninefold.edge.simulation.copies import Entry, prove
from ninefold.edge.simulation.network import Conditions, Network

SEED: Final = 6
"""Its game ends with checkmate after 55 plies."""

CONDITIONS: Final = Conditions(
    loss=0.1,
    duplication=0.1,
    lateness=0.15,
    freezing=0.04,
    delay_s=(0.01, 0.08),
    late_s=(0.15, 0.5),
    freeze_s=(0.4, 0.8),
)
DEPTHS: Final = {"white": 2, "black": 1}
"""How far the bots look ahead: white wins."""

CLOCK: Final = {"limit_s": 180, "increment_s": 2}
KILLED_AT_PLY: Final = 20
ENDS_WITHIN_S: Final = 180.0


async def run_chess_demo(*, is_json: bool, plies_max: int | None) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.
        plies_max: after how many the player to move resigns; None to play until checkmate.

    Returns:
        Whether both players and the spectator have exactly the log that was committed.
    """
    demonstrate = partial(_demonstrate, plies_max=plies_max)
    return await present(demonstrate, GameView(), print_summary=print_summary, is_json=is_json)


async def _demonstrate(progress: Progress[Watched], *, plies_max: int | None) -> ChessSummary:
    async with AsyncExitStack() as stack:
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation())
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False))
        api = ChessApi(http, Address([installation.url]), api_key=installation.api_key)
        demonstration = Demonstration(installation, progress, plies_max=plies_max)
        started_at_s = time.monotonic()
        async with asyncio.timeout(ENDS_WITHIN_S):
            game, clients = await demonstration.play(http, api)
        duration_s = time.monotonic() - started_at_s
        log, pgn = await api.list_game_log(game["game_id"]), await api.get_pgn(game["game_id"])
        progress.say("Stopping Ninefold and removing its folder")
    problems = [*find_problems(log, clients), *demonstration.find_problems()]
    copy = clients["spectator"].copy
    return ChessSummary(
        is_complete=not problems,
        winner=log[-1].get("winner"),
        reason=str(log[-1].get("reason")),
        plies=len(copy.moves),
        pgn=pgn,
        placement=copy.position.placement,
        last_move=copy.moves[-1] if copy.moves else None,
        logs={"committed": prove(log), **{name: prove(client.copy.log) for name, client in clients.items()}},
        network=dict(demonstration.network.counts),
        killed=demonstration.killed,
        pauses_s=demonstration.pauses_s,
        duration_s=round(duration_s, 1),
        problems=problems,
    )


class Demonstration:
    """Lets two bots play while a spectator watches, and kills the server in the middle of the game."""

    def __init__(self, installation: Installation, progress: Progress[Watched], *, plies_max: int | None) -> None:
        self.network: Final = Network(CONDITIONS, seed=f"demo {SEED}")
        self.killed: Final[list[str]] = []
        self.pauses_s: Final[list[float]] = []
        self._installation: Final = installation
        self._progress: Final = progress
        self._watched: Final = GameCopy(self._on_entry)
        self._plies_max: Final = plies_max
        self._killed_at_ply: Final = KILLED_AT_PLY if plies_max is None else min(KILLED_AT_PLY, plies_max // 2)
        self._killed_at: datetime | None = None

    async def play(self, http: httpx.AsyncClient, api: ChessApi) -> tuple[dict[str, Any], dict[str, ChessClient]]:
        """Play the whole game; return it, and the clients by what they are."""
        ids, tokens = {}, {}
        for name in ("white", "black", "spectator"):
            ids[name], tokens[name] = await api.create_player(f"bot-{name}")
        game = await api.start_game(white=ids["white"], black=ids["black"], clock=CLOCK)
        clients = {
            name: ChessClient(
                http,
                Address([self._installation.url]),
                token=token,
                name=name,
                network=self.network,
                copy=self._watched if name == "spectator" else GameCopy(),
            )
            for name, token in tokens.items()
        }
        players = [
            Player(clients[colour], game_id=game["game_id"], decide=_bot(colour, self._plies_max)) for colour in DEPTHS
        ]
        self._progress.say("Two bots play over the public API, and a third watches. The network is bad")
        await asyncio.gather(*[player.play() for player in players], clients["spectator"].watch(game["live_channel"]))
        await asyncio.gather(*[client.finish() for client in clients.values()])
        return game, clients

    def find_problems(self) -> list[str]:
        """Return what didn't happen as it should."""
        if len(self.pauses_s) == 1:
            return []
        return [f"Killed: {', '.join(self.killed) or 'nothing'}; the game went on {len(self.pauses_s)} times."]

    def _on_entry(self, entry: Entry) -> None:
        self._progress.show(Watched(self._watched, self.network))
        if entry["type"] != "move":
            return
        if self._killed_at is None:
            if entry["ply"] >= self._killed_at_ply:
                self._kill()
        elif not self.pauses_s and (at := datetime.fromisoformat(entry["at"])) > self._killed_at:
            self.pauses_s.append(round((at - self._killed_at).total_seconds(), 1))
            self._progress.say(f"The game goes on {self.pauses_s[0]:.1f} s after the kill")

    def _kill(self) -> None:
        if kill_process(self._installation.pid, ["serve"]):
            self._killed_at = datetime.now(UTC)
            self.killed.append("ninefold serve")
            self._progress.say("Killed the server with SIGKILL, in the middle of the game")


def _bot(colour: str, plies_max: int | None) -> Decide:
    """Return a bot that moves when it is its turn, or resigns after so many plies."""

    def decide(copy: GameCopy) -> Step | None:
        position = copy.position
        if position.turn != colour or not position.legal_moves:
            return None
        if len(copy.moves) == plies_max:
            return Step(name="resignation", kind="actions", what="resign")
        uci = choose_move(position, depth=DEPTHS[colour], seed=SEED)
        return Step(name=f"move-{len(copy.moves) + 1}", kind="moves", what=uci)

    return decide

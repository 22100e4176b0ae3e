"""The job that plays the engine's turn in a game: it answers offers, thinks, and moves like every other player.

A job is enqueued with the move that it answers, so that no restart loses the turn. If the worker dies while the engine
thinks, another worker thinks again; only one move can be made, because a move says which ply it makes.
"""

from datetime import UTC, datetime
from typing import Final

import structlog

from ninefold.core.ids import format_id
from ninefold.core.jobs import JobHandler, JobRun
from ninefold.core.system import WorkerContext
from ninefold.systems.chess.errors import EngineMissingError, GameNotFoundError
from ninefold.systems.chess.jobs.engines import Engines
from ninefold.systems.chess.model import (
    ENGINE_TURN,
    GAME_PREFIX,
    ActionKind,
    EngineSeat,
    EngineTurn,
    Game,
    GameStatus,
    NewAction,
    NewMove,
)
from ninefold.systems.chess.rules import clocks
from ninefold.systems.chess.rules.engine_levels import LIMITS, move_time_ms
from ninefold.systems.chess.rules.verdicts import OPPONENTS
from ninefold.systems.chess.service.engine import INSTALL, find_engine_seat, find_program
from ninefold.systems.chess.service.games import find_game
from ninefold.systems.chess.service.playing import submit_action, submit_move
from ninefold.systems.chess.settings import ChessSettings

log = structlog.get_logger(__name__)


class EngineTurns:
    """Plays the engine's turns in this process, which has one pool of engines for all of its jobs."""

    def __init__(self) -> None:
        self._engines: Engines | None = None

    def open(self, settings: ChessSettings) -> Engines:
        """Return the pool of engines of a worker that starts, to run as one of its tasks."""
        self._engines = Engines(engines_max=settings.engines_max)
        return self._engines

    async def play(self, job: JobRun[EngineTurn], context: WorkerContext[ChessSettings]) -> None:
        """Do what the game waits for: answer a takeback or a draw, and move.

        Raises:
            EngineMissingError: it isn't installed here.
            EngineUnavailableError: it can't be started, or doesn't answer.
        """
        assert job.organisation_id is not None, "games belong to organisations"
        turn = _Turn(job, context)
        if not await turn.read():
            return
        if turn.game.offers.takeback == OPPONENTS[turn.seat.colour]:
            # The takeback makes it the engine's turn again, if it is, with a job of its own.
            await turn.act("accept_takeback")
            return
        if turn.game.offers.draw == OPPONENTS[turn.seat.colour]:
            await turn.act("decline_draw")
        if turn.game.turn == turn.seat.colour:
            await turn.move(await self._think(turn, context.settings))

    async def _think(self, turn: "_Turn", settings: ChessSettings) -> str:
        assert self._engines is not None, "the worker has opened the pool before it runs jobs"
        program = find_program(settings)
        if program is None:
            raise EngineMissingError("Stockfish isn't installed where this worker runs.", remedy=INSTALL)
        game, colour = turn.game, turn.seat.colour
        limits = LIMITS[turn.seat.level]
        async with self._engines.lend(program) as engine:
            remaining_ms = clocks.remaining_ms(game, colour, datetime.now(UTC))
            return await engine.best_move(
                initial_fen=game.initial_fen,
                moves=game.moves,
                limits=limits,
                move_time_ms=move_time_ms(limits, remaining_ms=remaining_ms),
            )


class _Turn:
    """A game in which the engine may have something to do."""

    game: Game
    seat: EngineSeat

    def __init__(self, job: JobRun[EngineTurn], context: WorkerContext[ChessSettings]) -> None:
        self._job: Final = job
        self._context: Final = context

    async def read(self) -> bool:
        """Read the game; return whether it is there and goes on."""
        job = self._job
        assert job.organisation_id is not None, "games belong to organisations"
        async with self._context.database.snapshot() as connection:
            try:
                self.game = await find_game(
                    connection,
                    organisation_id=job.organisation_id,
                    reference=format_id(GAME_PREFIX, job.payload.game_id),
                )
            except GameNotFoundError:
                return False
            seat = await find_engine_seat(connection, self.game)
        if seat is None or self.game.status is GameStatus.ENDED:
            return False
        self.seat = seat
        return True

    async def act(self, kind: ActionKind) -> None:
        """Answer an offer."""
        await submit_action(
            self._context.database,
            self._context.notifier,
            organisation_id=self.game.organisation_id,
            game_id=self.game.game_id,
            player_id=self.seat.player_id,
            action=NewAction(kind=kind, client_action_id=None),
            received_at=datetime.now(UTC),
        )

    async def move(self, uci: str) -> None:
        """Make a move, which doesn't count if the game has changed since it was read."""
        answer = await submit_move(
            self._context.database,
            self._context.notifier,
            organisation_id=self.game.organisation_id,
            game_id=self.game.game_id,
            player_id=self.seat.player_id,
            move=NewMove(ply=self.game.ply + 1, uci=uci, client_action_id=None),
            received_at=datetime.now(UTC),
        )
        if answer.result == "rejected":
            log.info("chess.engine.rejected", reason=answer.reason)


TURNS: Final = EngineTurns()

ENGINE_TURN_HANDLER: Final = JobHandler(ENGINE_TURN, TURNS.play)

"""A chess engine in a process of its own, which is told positions over UCI, the Universal Chess Interface.

The process starts with the first move, and is used for all games. If it dies or doesn't answer in time, the next move
starts another. When its parent is killed, its input ends, and so it ends by itself.
"""

import asyncio
import re
from collections.abc import Sequence
from contextlib import suppress
from typing import Final

from ninefold.systems.chess.errors import EngineUnavailableError
from ninefold.systems.chess.rules.engine_levels import EngineLimits

STARTS_WITHIN_S: Final = 20.0
ANSWERS_WITHIN_S: Final = 20.0
"""Longer than the engine is allowed to think about any move."""

HASH_MB: Final = 32

_BEST_MOVE: Final = re.compile(r"bestmove ([a-h][1-8][a-h][1-8][qrbn]?)\b")


class UciEngine:
    """An engine; it thinks about one position after the other.

    Args:
        program: the path of the engine.
    """

    def __init__(self, program: str) -> None:
        self._program: Final = program
        self._process: asyncio.subprocess.Process | None = None
        self._one_at_a_time: Final = asyncio.Lock()

    async def best_move(
        self, *, initial_fen: str, moves: Sequence[str], limits: EngineLimits, move_time_ms: int
    ) -> str:
        """Return the move that the engine would make, as UCI.

        Args:
            initial_fen: where the game has begun.
            moves: all moves since, as UCI.
            limits: how strong it plays.
            move_time_ms: how long it thinks.

        Raises:
            EngineUnavailableError: it can't be started, doesn't answer in time, or has no move.
        """
        async with self._one_at_a_time:
            try:
                async with asyncio.timeout(STARTS_WITHIN_S + ANSWERS_WITHIN_S):
                    process = await self._running()
                    position = f"position fen {initial_fen}" + (f" moves {' '.join(moves)}" if moves else "")
                    self._send(process, f"setoption name Skill Level value {limits.skill}", position)
                    self._send(process, f"go depth {limits.depth} movetime {move_time_ms}")
                    return _move_in(await self._read_until(process, "bestmove"))
            except BaseException as error:
                # Whatever it says next would be the answer to another question.
                await self.close()
                if isinstance(error, OSError | TimeoutError):
                    raise EngineUnavailableError(f"The engine {self._program} doesn't answer: {error!r}.") from error
                raise

    async def close(self) -> None:
        """End the process; the next move starts another."""
        process, self._process = self._process, None
        if process is None:
            return
        with suppress(ProcessLookupError):
            process.kill()
        await process.wait()

    async def _running(self) -> asyncio.subprocess.Process:
        if self._process is not None and self._process.returncode is None:
            return self._process
        process = self._process = await asyncio.create_subprocess_exec(
            self._program,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.DEVNULL,
        )
        self._send(process, "uci")
        await self._read_until(process, "uciok")
        self._send(process, "setoption name Threads value 1", f"setoption name Hash value {HASH_MB}", "isready")
        await self._read_until(process, "readyok")
        return process

    @staticmethod
    def _send(process: asyncio.subprocess.Process, *lines: str) -> None:
        assert process.stdin is not None, "the process was started with a pipe"
        process.stdin.write("".join(f"{line}\n" for line in lines).encode())

    async def _read_until(self, process: asyncio.subprocess.Process, start: str) -> str:
        assert process.stdout is not None, "the process was started with a pipe"
        while line := (await process.stdout.readline()).decode(errors="replace"):
            if line.startswith(start):
                return line
        raise EngineUnavailableError(f"The engine {self._program} has ended.")


def _move_in(line: str) -> str:
    match = _BEST_MOVE.match(line)
    if match is None:
        raise EngineUnavailableError("The engine found no move.")
    return match[1]

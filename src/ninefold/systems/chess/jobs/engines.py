"""The engine's processes in a worker: a few, which all games share."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from ninefold.systems.chess.jobs.uci import UciEngine


class Engines:
    """Lends engines; also the worker's task that ends their processes when the worker stops.

    Args:
        engines_max: how many processes there can be. Who wants another one waits.
    """

    name = "chess.engines"

    def __init__(self, *, engines_max: int) -> None:
        self._free: Final = asyncio.Semaphore(engines_max)
        self._idle: Final[list[UciEngine]] = []
        self._is_stopping = False

    async def run(self, stopping: asyncio.Event) -> None:
        """Wait until the worker stops, and then end the processes that nobody uses; the others end after their move."""
        await stopping.wait()
        self._is_stopping = True
        while self._idle:
            await self._idle.pop().close()

    @asynccontextmanager
    async def lend(self, program: Path) -> AsyncIterator[UciEngine]:
        """Lend an engine that nobody else uses until the end of the block."""
        async with self._free:
            engine = self._idle.pop() if self._idle else UciEngine(str(program))
            try:
                yield engine
            finally:
                if self._is_stopping:
                    await engine.close()
                else:
                    self._idle.append(engine)

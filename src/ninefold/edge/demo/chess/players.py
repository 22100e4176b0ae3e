"""A player on a bad network: it decides by its copy of the game, and is only sure of what was committed."""

import asyncio
from collections.abc import Callable
from typing import Any, Final, Literal

import msgspec

from ninefold.edge.demo.chess.client import ChessClient
from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.simulation.clients import Json

LAG_MS: Final = 60
"""What players claim as their lag."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """What a player does next."""

    name: str
    """The id that makes it idempotent: unique for the player."""
    kind: Literal["moves", "actions"]
    what: str
    """A move as UCI, or an action."""


Decide = Callable[[GameCopy], Step | None]
"""Decides what to do in a game as a copy shows it; None to wait for the next entry."""


class Player:
    """Plays one colour of a game until its end.

    Args:
        client: on whose network it plays.
        game_id: the game.
        decide: what to do.
    """

    def __init__(self, client: ChessClient, *, game_id: str, decide: Decide) -> None:
        self.client: Final = client
        self.copy: Final = client.copy
        self._path: Final = f"/chess/games/{game_id}"
        self._channel: Final = f"chess.game:{game_id}"
        self._decide: Final = decide

    async def play(self) -> None:
        """Play until the log has ended."""
        following = asyncio.create_task(self.client.watch(self._channel))
        try:
            await self.copy.wait_until(lambda: self.copy.last_sequence > 0)
            while not self.copy.is_ended:
                await self._take_step()
            await following
        finally:
            following.cancel()

    async def _take_step(self) -> None:
        known = self.copy.last_sequence
        step = self._decide(self.copy)
        if step is None:
            await self._wait_for(known + 1)
            return
        if (freeze_s := self.client.network.freeze_s(f"{self.client.name} {step.name}")) > 0:
            await self.client.freeze(freeze_s)
        answer = await self.client.act(f"{self._path}/{step.kind}", _body(step, self.copy), name=step.name)
        # The answer says up to where the log has come; what to do next depends on all of it.
        await self._wait_for(answer["sequence"])

    async def _wait_for(self, sequence: int) -> None:
        await self.copy.wait_until(lambda: self.copy.last_sequence >= sequence or self.copy.is_ended)


def _body(step: Step, copy: GameCopy) -> Json:
    if step.kind == "actions":
        return {"action": step.what, "client_action_id": step.name}
    body: dict[str, Any] = {"ply": len(copy.moves) + 1, "move": step.what, "client_move_id": step.name}
    return {**body, "lag_ms": LAG_MS}

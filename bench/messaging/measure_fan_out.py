"""Measures how many messages per CPU-second reach 2,000 members who are online, against a loop that only sends."""

import argparse
import asyncio
import json
import statistics
import sys
import time
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import psutil
from message_servers import Talker, cpu_s, free_port, get_general_id, make_members, running

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.systems.messaging.model import CHANNEL_PREFIX

LIVE: Final = Path(__file__).parents[1] / "live"
TEXT: Final = "The release is out. Tell me if something looks odd. " * 4
INTERVAL_S: Final = 0.25
"""Between two messages to all."""

ARRIVE_WITHIN_S: Final = 60.0


async def measure_fan_out(
    database: Database, dsn: str, ninefold: tuple[psutil.Process, int], options: argparse.Namespace
) -> dict[str, Any]:
    """Measure both in turn; return the messages per CPU-second, and the ratio of each round."""
    async with database.transaction() as connection:
        members = await make_members(connection, count=options.online)
        general_id = await get_general_id(connection, members[0].member.organisation_id)
    channel = format_id(CHANNEL_PREFIX, general_id)
    rounds = []
    for _ in range(options.rounds):
        bare = await _measure_bare(dsn, options)
        rounds.append({"bare": bare, "ninefold": await _measure_ninefold(ninefold, channel, members, options)})
    ratios = [each["ninefold"] / each["bare"] for each in rounds]
    return {
        "ratio": round(statistics.median(ratios), 2),
        "ratios": [round(ratio, 2) for ratio in ratios],
        "bare_per_cpu_s": round(statistics.median(each["bare"] for each in rounds)),
        "ninefold_per_cpu_s": round(statistics.median(each["ninefold"] for each in rounds)),
    }


async def _measure_ninefold(
    ninefold: tuple[psutil.Process, int], channel: str, members: Sequence[Talker], options: argparse.Namespace
) -> float:
    """Post messages to all members; return how many of them arrived per CPU-second of the server."""
    server, port = ninefold
    tokens = [each.token for each in members]
    async with (
        _online(port, f"messaging.channel:{channel}", tokens, options.online) as clients,
        httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}", trust_env=False) as http,
    ):
        began_at, cpu_before_s = time.perf_counter(), cpu_s(server)
        for number in range(options.posts):
            await asyncio.sleep(max(0.0, began_at + number * INTERVAL_S - time.perf_counter()))
            answer = await http.post(
                f"/api/v1/messaging/channels/{channel}/messages",
                json={"text": TEXT},
                headers={"Authorization": f"Bearer {tokens[0]}"},
            )
            answer.raise_for_status()
        arrived = await _until_arrived(clients, options)
        return float(arrived / (cpu_s(server) - cpu_before_s))


async def _measure_bare(dsn: str, options: argparse.Namespace) -> float:
    """Send messages of the same size by the loop; return how many of them arrived per CPU-second."""
    port = free_port()
    plan = {
        "ticks": options.posts,
        "interval_s": INTERVAL_S,
        "width": 1,
        "is_shared": True,
        "data": json.dumps({"text": TEXT, "rest": "x" * 300}),
    }
    async with (
        running([str(LIVE / "server.py"), "bare", str(port), dsn], port) as server,
        _online(port, "bench.board:0", ["none"], options.online) as clients,
        httpx.AsyncClient(trust_env=False) as http,
    ):
        cpu_before_s = cpu_s(server)
        await http.post(f"http://127.0.0.1:{port}/publish", json=plan)
        arrived = await _until_arrived(clients, options)
        return float(arrived / (cpu_s(server) - cpu_before_s))


@asynccontextmanager
async def _online(port: int, channel: str, tokens: Sequence[str], count: int) -> AsyncIterator[Process]:
    """Run clients that have subscribed, until the block ends."""
    clients = await asyncio.create_subprocess_exec(
        sys.executable, str(LIVE / "clients.py"), str(port), str(count), channel, stdin=PIPE, stdout=PIPE
    )
    try:
        assert clients.stdin is not None
        assert clients.stdout is not None
        clients.stdin.write(json.dumps(tokens).encode() + b"\n")
        assert await clients.stdout.readline() == b"ready\n", "the clients couldn't connect"
        yield clients
    finally:
        clients.kill()
        await clients.wait()


async def _until_arrived(clients: Process, options: argparse.Namespace) -> int:
    """Wait until each client has each message; return how many that are.

    Raises:
        RuntimeError: some arrived twice.
    """
    expected: int = options.posts * options.online
    assert clients.stdin is not None
    assert clients.stdout is not None
    async with asyncio.timeout(ARRIVE_WITHIN_S):
        while True:
            clients.stdin.write(b"\n")
            counts = json.loads(await clients.stdout.readline())
            if counts["min"] >= options.posts:
                break
            await asyncio.sleep(0.05)
    if counts["total"] != expected:
        raise RuntimeError(f"{counts['total']} messages arrived, and {expected} were sent")
    return expected

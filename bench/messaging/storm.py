"""Kills a server with thousands of connections, and measures how long they take until all of them hold the log again.

    .venv/bin/python bench/messaging/storm.py [--connections 2000]

Members with ten devices each follow one channel, while one of them posts. `chaos.py` runs it too.
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import httpx
from storm_clients import StormClient

from ninefold.edge.demo.messaging.api import MessagingApi, Talker
from ninefold.edge.processes import raise_open_file_limit
from ninefold.edge.simulation.clients import Address
from ninefold.edge.simulation.nodes import Nodes, running_nodes

DEVICES: Final = 10
"""Of each member."""

INVITED_AT_ONCE: Final = 100
OPENED_AT_ONCE: Final = 50
MESSAGES_PER_S: Final = 10.0
BEFORE_S: Final = 1.0
"""How long messages arrive before the kill."""

DOWN_S: Final = 2.0
BACK_WITHIN_S: Final = 120.0
SERVER: Final = "server 0"


class Poster:
    """Posts at a steady rate, and sends each message until it is accepted."""

    def __init__(self, api: MessagingApi, channel_id: str, author: Talker) -> None:
        self.posted = 0
        self._api: Final = api
        self._path: Final = f"/channels/{channel_id}/messages"
        self._author: Final = author

    async def run(self) -> None:
        """Post until it is cancelled."""
        while True:
            body = {
                "text": f"Message {self.posted}",
                "client_msg_id": f"storm {self.posted}",
                "member_id": self._author.member_id,
            }
            await self._api.request("POST", self._path, body)
            self.posted += 1
            await asyncio.sleep(1 / MESSAGES_PER_S)


async def run_storm(connections: int) -> tuple[dict[str, Any], list[str]]:
    """Run it; return what was measured, and what is wrong."""
    raise_open_file_limit()
    with tempfile.TemporaryDirectory() as folder:
        # Everything is at one server, which is the one that is killed.
        async with (
            running_nodes(Path(folder), names=[SERVER]) as nodes,
            httpx.AsyncClient(trust_env=False) as http,
        ):
            api = MessagingApi(http, Address(nodes.urls[:1]), api_key=nodes.api_key)
            members = [
                await api.create_member(f"member-{number}") for number in range(math.ceil(connections / DEVICES))
            ]
            channel = await api.create_channel("storm", members[0])
            for start in range(0, len(members), INVITED_AT_ONCE):
                invited = [each.member_id for each in members[start : start + INVITED_AT_ONCE]]
                body = {"member_id": members[0].member_id, "member_ids": invited}
                await api.request("POST", f"/channels/{channel['channel_id']}/invite", body)
            counts: Counter[str] = Counter()
            url = f"{nodes.urls[0].replace('http', 'ws')}/connection/websocket"
            clients = [
                StormClient(
                    url, token=members[number % len(members)].token, channel=channel["live_channel"], counts=counts
                )
                for number in range(connections)
            ]
            poster = Poster(api, channel["channel_id"], members[0])
            return await _strike(nodes, api, channel["channel_id"], clients=clients, poster=poster, counts=counts)


async def _strike(
    nodes: Nodes,
    api: MessagingApi,
    channel_id: str,
    *,
    clients: list[StormClient],
    poster: Poster,
    counts: Counter[str],
) -> tuple[dict[str, Any], list[str]]:
    running = []
    for start in range(0, len(clients), OPENED_AT_ONCE):
        opened = clients[start : start + OPENED_AT_ONCE]
        running += [asyncio.create_task(client.run()) for client in opened]
        await asyncio.gather(*[client.subscribed.wait() for client in opened])
    posting = asyncio.create_task(poster.run())
    await asyncio.sleep(BEFORE_S)
    counts.clear()
    killed_at_s = time.monotonic()
    await nodes.kill(SERVER)
    await asyncio.sleep(DOWN_S)
    counts["no connection"] = 0
    await nodes.start(SERVER)
    ready_at_s = time.monotonic()
    problems = []
    try:
        async with asyncio.timeout(BACK_WITHIN_S):
            while not all(client.subscribed.is_set() and client.connected_at_s > killed_at_s for client in clients):
                await asyncio.sleep(0.05)
            posting.cancel()
            log = await api.list_channel_log(channel_id)
            while any(client.offset < len(log) for client in clients):
                await asyncio.sleep(0.05)
    except TimeoutError:
        problems.append(f"Not all were back within {BACK_WITHIN_S:.0f} s.")
        log = await api.list_channel_log(channel_id)
    hold_all_at_s = time.monotonic()
    for task in (*running, posting):
        task.cancel()
    await asyncio.gather(*running, posting, return_exceptions=True)
    problems += find_problems(clients, log, counts)
    back_s = [(client.connected_at_s or hold_all_at_s) - ready_at_s for client in clients]
    figures = {
        "connections": len(clients),
        "messages": sum(entry["type"] == "message" for entry in log),
        "down_s": round(ready_at_s - killed_at_s, 1),
        "back_p50_s": round(statistics.median(back_s), 1),
        "back_max_s": round(max(back_s), 1),
        "all_hold_the_log_s": round(hold_all_at_s - ready_at_s, 1),
        "counts": dict(counts),
    }
    return figures, problems


def find_problems(clients: list[StormClient], log: list[Any], counts: Counter[str]) -> list[str]:
    """Return what is wrong: an entry that is missing, doubled or out of order, or an unexpected error."""
    problems = [problem for client in clients for problem in client.problems]
    problems += [
        f"A device has {len(client.offsets)} entries after {client.begins_after} of {len(log)}."
        for client in clients
        if client.offsets != list(range(client.begins_after + 1, len(log) + 1))
    ]
    expected = {"no connection", "lost", "too many at once", "refused with 503", "disconnected with 3008"}
    problems += [f"{name}: {count}" for name, count in counts.items() if name not in expected]
    if (refused := counts["too many at once"] + counts["refused with 503"]) > len(clients):
        problems.append(f"The server has refused {refused} connections, more than there are.")
    return problems


def main() -> None:
    """Run it, print the figures as JSON, and fail if anything is wrong."""
    parser = argparse.ArgumentParser(description="Kill a server with many connections, and wait until all are back.")
    parser.add_argument("--connections", type=int, default=2_000)
    figures, problems = asyncio.run(run_storm(parser.parse_args().connections))
    sys.stdout.write(json.dumps(figures) + "\n")
    sys.stderr.writelines(f"{problem}\n" for problem in problems[:20])
    if problems:
        sys.exit(1)


if __name__ == "__main__":
    main()

"""Kills servers and workers at random moments while 200 answers are generated; counts what is lost or doubled.

    .venv/bin/python bench/assistant/chaos.py [--seed 7]

Each answer is followed by a reader that continues after its last event. In the end, what each reader has seen must be
the log, event by event, and the text must be the one of an engine that nothing interrupts. Exits with 1 otherwise.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from pathlib import Path
from typing import Any, Final, TypeAlias

import httpx
from scripted_installation import Installation, dice_of, generation, running, script

from ninefold.systems.assistant.engines.scripted import MODEL, ScriptedEngine

TOKENS: Final = 60
BETWEEN_TOKENS_S: Final = 0.25
WORKERS: Final = 2
CONCURRENCY: Final = 360
"""So that one API key gets 200 places of a worker, even while the other one is dead."""

PAUSE_S: Final = (0.5, 2.5)
"""Between two kills."""

ENDS_WITHIN_S: Final = 300.0
EVENTS_LIMIT: Final = 1_000

_ENDS: Final = frozenset({"response.completed", "response.incomplete", "response.failed"})

# Events of a log as the API shows them.
Entry: TypeAlias = dict[str, Any]


async def run(options: argparse.Namespace) -> dict[str, Any]:
    """Generate, kill and compare."""
    dice = dice_of(options.seed)
    messages = [
        script(seed=options.seed + number, token_count=TOKENS, delay_s=BETWEEN_TOKENS_S)
        for number in range(options.streams)
    ]
    limits = httpx.Limits(max_connections=options.streams + 10)
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), workers=WORKERS, concurrency=CONCURRENCY) as installation:
            headers = {"Authorization": f"Bearer {installation.api_key}"}
            async with httpx.AsyncClient(
                base_url=installation.url, headers=headers, trust_env=False, timeout=60, limits=limits
            ) as http:
                response_ids = [await _ask(http, message) for message in messages]
                reading = asyncio.gather(*[_follow(http, response_id) for response_id in response_ids])
                kills = await _kill(installation, dice, count=options.kills)
                async with asyncio.timeout(ENDS_WITHIN_S):
                    seen = await reading
                logs = [await _read_log(http, response_id) for response_id in response_ids]
    return {**await _compare(messages, seen, logs), "kills": kills, "seed": options.seed}


async def _ask(http: httpx.AsyncClient, message: str) -> str:
    body = {"model": MODEL, "input": message, "max_output_tokens": TOKENS, "background": True}
    answer = (await http.post("/openai/v1/responses", json=body)).raise_for_status()
    return str(answer.json()["id"])


async def _kill(installation: Installation, dice: Any, *, count: int) -> list[str]:
    kills = []
    for _ in range(count):
        await asyncio.sleep(dice.uniform(*PAUSE_S))
        victim = dice.choice(["server", "worker", "worker"])
        kills.append(victim)
        if victim == "server":
            await installation.kill_server()
        else:
            await installation.kill_worker(dice.randrange(WORKERS))
    return kills


async def _follow(http: httpx.AsyncClient, response_id: str) -> list[Entry]:
    """Read a log over its live channel; whenever the connection is lost, continue after the last event."""
    seen: list[Entry] = []
    last_id = "0"
    while True:
        try:
            headers = {"Last-Event-ID": last_id}
            path = f"/api/v1/live/assistant.response:{response_id}"
            async with http.stream("GET", path, headers=headers) as response:
                entry_id = name = ""
                async for line in response.aiter_lines():
                    field, _, value = line.partition(": ")
                    if field == "id":
                        entry_id = value
                    elif field == "event":
                        name = value
                    elif field == "data" and not name:
                        last_id = entry_id
                        seen.append(json.loads(value))
                        if seen[-1]["type"] in _ENDS:
                            return seen
                    elif not line:
                        name = ""
        except httpx.TransportError:
            pass
        await asyncio.sleep(0.1)


async def _read_log(http: httpx.AsyncClient, response_id: str) -> list[Entry]:
    path = f"/api/v1/assistant/responses/{response_id}/events"
    found = (await http.get(path, params={"limit": EVENTS_LIMIT})).raise_for_status().json()["items"]
    return [{"type": e["type"], "sequence_number": e["sequence_number"], **e["data"]} for e in found]


async def _compare(messages: list[str], seen: list[list[Entry]], logs: list[list[Entry]]) -> dict[str, Any]:
    lost = doubled = wrong = continued = 0
    for message, shown, log in zip(messages, seen, logs, strict=True):
        numbers = [entry["sequence_number"] for entry in shown]
        doubled += len(numbers) - len(set(numbers))
        lost += len({entry["sequence_number"] for entry in log} - set(numbers))
        continued += sum(entry["type"] == "ninefold.response.continued" for entry in log)
        pieces = [piece.text async for piece in ScriptedEngine().generate(generation(message, tokens=TOKENS))]
        text = "".join(entry["delta"] for entry in shown if entry["type"] == "response.output_text.delta")
        wrong += shown != log or text != "".join(pieces)
    return {"streams": len(messages), "lost": lost, "doubled": doubled, "wrong": wrong, "continued": continued}


def main() -> None:
    """Run, print the outcome as JSON, and fail if anything was lost, doubled or wrong."""
    parser = argparse.ArgumentParser(description="Kill processes while answers are generated.")
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument("--streams", type=int, default=200)
    parser.add_argument("--kills", type=int, default=8)
    outcome = asyncio.run(run(parser.parse_args()))
    sys.stdout.write(json.dumps(outcome) + "\n")
    if outcome["lost"] or outcome["doubled"] or outcome["wrong"] or not outcome["continued"]:
        sys.exit(1)


if __name__ == "__main__":
    main()

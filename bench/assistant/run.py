"""Measures what Ninefold adds to the first token and to each further one, compared with the engine alone.

    .venv/bin/python bench/assistant/run.py

Prints a table, and writes bench/results/assistant.json. docs/benchmarks.md has the published results. In each round,
the scripted engine is measured alone and behind `POST /openai/v1/responses`, with one stream and with many. Each answer
is compared with the engine's; a wrong one ends the benchmark.
"""

import argparse
import asyncio
import json
import os
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

import msgspec
import psutil
from rich.console import Console
from rich.table import Table
from scripted_installation import Installation, generation, running, script

from ninefold.systems.assistant.engines.scripted import MODEL, ScriptedEngine

RESULTS: Final = Path(__file__).parent.parent / "results" / "assistant.json"
TOKENS: Final = 40
FIRST_TOKEN_S: Final = 0.2
BETWEEN_TOKENS_S: Final = 0.05
"""More than the 25 ms within which tokens are joined, so that each one is an event of its own."""

CONCURRENCY: Final = 72
"""One API key gets about nine sixteenths of a worker's places: 40."""

TARGETS_MS: Final = {1: 2.0, 40: 10.0}


class Stream(msgspec.Struct, frozen=True):
    """An answer, and when each piece of it arrived, in seconds after it was asked for."""

    text: str
    arrived_s: list[float]


class _Event(msgspec.Struct, frozen=True):
    type: str
    sequence_number: int
    delta: str = ""


async def measure(options: argparse.Namespace) -> dict[str, Any]:
    """Measure all numbers of streams, in several rounds."""
    with tempfile.TemporaryDirectory() as folder:
        async with running(Path(folder), workers=1, concurrency=CONCURRENCY) as installation:
            await _measure_round(installation, 4, seed=0)
            rounds = {
                str(streams): [
                    await _measure_round(installation, streams, seed=1_000 * number + streams)
                    for number in range(1, options.rounds + 1)
                ]
                for streams in TARGETS_MS
            }
    return {
        "streams": {streams: _median(figures) for streams, figures in rounds.items()},
        "rounds": rounds,
        "cores": psutil.cpu_count(),
        "load_average": os.getloadavg()[0],
    }


async def _measure_round(installation: Installation, streams: int, *, seed: int) -> dict[str, float]:
    messages = [
        script(seed=seed + number, token_count=TOKENS, first_token_delay_s=FIRST_TOKEN_S, delay_s=BETWEEN_TOKENS_S)
        for number in range(streams)
    ]
    engine = ScriptedEngine()
    alone = await asyncio.gather(*[_ask_engine(engine, message) for message in messages])
    processes = _processes(installation)
    cpu_before_s, memory_before = _cpu_s(processes), _memory(processes)
    asking = asyncio.gather(*[_ask(installation, message) for message in messages])
    await asyncio.sleep(FIRST_TOKEN_S + TOKENS * BETWEEN_TOKENS_S / 2)
    memory = _memory(processes) - memory_before
    answers = await asking
    cpu_s = _cpu_s(processes) - cpu_before_s
    for expected, answer in zip(alone, answers, strict=True):
        if answer.text != expected.text:
            raise RuntimeError(f"an answer is {answer.text!r} instead of {expected.text!r}")
    return {
        "first_token_ms": 1_000 * (_first(answers) - _first(alone)),
        "per_token_ms": 1_000 * (_gap(answers) - _gap(alone)),
        "streams_per_cpu_s": streams / cpu_s,
        "memory_kib": memory / streams / 1024,
    }


async def _ask_engine(engine: ScriptedEngine, message: str) -> Stream:
    began_s = time.perf_counter()
    parts, arrived_s = list[str](), list[float]()
    async for piece in engine.generate(generation(message, tokens=TOKENS)):
        if piece.text:
            parts.append(piece.text)
            arrived_s.append(time.perf_counter() - began_s)
    return Stream("".join(parts), arrived_s)


async def _ask(installation: Installation, message: str) -> Stream:
    """Ask with a connection of its own, and as little work in this process as possible."""
    body = json.dumps({"model": MODEL, "input": message, "max_output_tokens": TOKENS, "stream": True}).encode()
    head = (
        f"POST /openai/v1/responses HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {installation.api_key}\r\n"
        f"Content-Type: application/json\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    reader, writer = await asyncio.open_connection("127.0.0.1", installation.port, limit=1_048_576)
    began_s = time.perf_counter()
    writer.write(head.encode() + body)
    parts, arrived_s, numbers = list[str](), list[float](), list[int]()
    while line := await reader.readline():
        if not line.startswith(b"data: {"):
            continue
        event = msgspec.json.decode(line.removeprefix(b"data: "), type=_Event)
        numbers.append(event.sequence_number)
        if event.type == "response.output_text.delta":
            parts.append(event.delta)
            arrived_s.append(time.perf_counter() - began_s)
        if event.type in {"response.completed", "response.incomplete", "response.failed"}:
            break
    writer.close()
    if numbers != sorted(set(numbers)):
        raise RuntimeError(f"the numbers of the events are {numbers}")
    return Stream("".join(parts), arrived_s)


def _first(streams: Sequence[Stream]) -> float:
    return statistics.median(stream.arrived_s[0] for stream in streams)


def _gap(streams: Sequence[Stream]) -> float:
    """Return the time from token to token, as the median of all streams."""
    return statistics.median((stream.arrived_s[-1] - stream.arrived_s[0]) / (TOKENS - 1) for stream in streams)


def _processes(installation: Installation) -> list[psutil.Process]:
    assert installation.server is not None
    parents = [psutil.Process(process.pid) for process in (installation.server, *installation.workers)]
    return [each for parent in parents for each in (parent, *parent.children(recursive=True))]


def _cpu_s(processes: Sequence[psutil.Process]) -> float:
    return sum(times.user + times.system for times in (process.cpu_times() for process in processes))


def _memory(processes: Sequence[psutil.Process]) -> int:
    return sum(process.memory_info().rss for process in processes)


def _median(figures: Sequence[dict[str, float]]) -> dict[str, float]:
    return {name: round(statistics.median(each[name] for each in figures), 2) for name in figures[0]}


def print_results(results: dict[str, Any]) -> None:
    """Print the results, and whether the targets were reached."""
    table = Table(title=f"The assistant over its engine, {results['cores']} cores (load {results['load_average']:.1f})")
    for heading in ("streams", "added to first token", "added per token", "streams per CPU-second", "KiB per stream"):
        table.add_column(heading, justify="right")
    console = Console(width=110)
    for streams, figures in results["streams"].items():
        table.add_row(
            streams,
            f"{figures['first_token_ms']:.1f} ms",
            f"{figures['per_token_ms']:.2f} ms",
            f"{figures['streams_per_cpu_s']:.1f}",
            f"{figures['memory_kib']:.0f}",
        )
    console.print(table)
    for streams, target_ms in TARGETS_MS.items():
        found_ms = results["streams"][str(streams)]["first_token_ms"]
        verdict = "reached" if found_ms <= target_ms else "not reached"
        console.print(f"{streams} streams: {found_ms:.1f} ms; the goal of {target_ms:.0f} ms is {verdict}.")


def main() -> None:
    """Measure, print the results, and write them to the file."""
    parser = argparse.ArgumentParser(description="Compare the assistant with its engine alone.")
    parser.add_argument("--rounds", type=int, default=5)
    results = asyncio.run(measure(parser.parse_args()))
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n", encoding="utf-8")
    print_results(results)


if __name__ == "__main__":
    main()

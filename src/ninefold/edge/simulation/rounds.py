"""Rounds of a simulation: each is played and judged, several at the same time, while processes are killed.

Everything random in a round follows from the seed and the round's number, so that one that failed can be repeated.
"""

import argparse
import asyncio
import json
import sys
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

SHOW_INTERVAL_S: Final = 10.0
FAILED_SHOWN: Final = 20


def add_options(parser: argparse.ArgumentParser, *, what: str, count: int, at_once: int, kills: int | None) -> None:
    """Add the options that all simulations have.

    Args:
        parser: of the program.
        what: what a round is, plural, as "games".
        count: how many rounds there are by default.
        at_once: how many of them are played at the same time by default.
        kills: how many kills there are by default; None if it kills no process.
    """
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(f"--{what}", dest="rounds", metavar="COUNT", type=int, default=count)
    parser.add_argument("--concurrency", type=int, default=at_once, help=f"how many {what} are played at once")
    if kills is not None:
        parser.add_argument("--kills", type=int, default=kills)
    parser.add_argument("--only", type=int, help="play only the one with this number")


def numbers_of(options: argparse.Namespace) -> list[int]:
    """Return the numbers of the rounds to play."""
    return list(range(options.rounds)) if options.only is None else [options.only]


async def play_rounds(
    numbers: Iterable[int],
    play: Callable[[int], Awaitable[None]],
    *,
    at_once: int,
    kill: Coroutine[Any, Any, None],
    describe: Callable[[], str],
) -> float:
    """Play all rounds.

    Args:
        numbers: of the rounds.
        play: plays one and judges it.
        at_once: how many are played at the same time.
        kill: kills processes meanwhile; it is cancelled when all rounds have been played.
        describe: how far it has come; this is shown on standard error now and then.

    Returns:
        How long it took, in seconds.
    """
    places = asyncio.Semaphore(at_once)
    started_at_s = time.monotonic()

    async def play_one(number: int) -> None:
        async with places:
            await play(number)

    side_tasks = [asyncio.create_task(kill), asyncio.create_task(_show(describe))]
    try:
        await asyncio.gather(*[play_one(number) for number in numbers])
    finally:
        for task in side_tasks:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
    return time.monotonic() - started_at_s


def print_outcome(
    outcome: Mapping[str, Any], problems: Mapping[int, list[str]], *, program: str, options: argparse.Namespace
) -> None:
    """Print the outcome as JSON, and on standard error each round with problems and how to repeat it.

    Args:
        outcome: what is printed.
        problems: of each round that has any.
        program: the path of the program.
        options: which it was started with.
    """
    sys.stdout.write(json.dumps(outcome) + "\n")
    for number, found in list(problems.items())[:FAILED_SHOWN]:
        again = f".venv/bin/python {program} --seed {options.seed} --only {number}"
        if hasattr(options, "kills"):
            again += " --kills 1"
        sys.stderr.write("\n  ".join([f"Number {number} failed. Again: {again}", *found]) + "\n")


async def _show(describe: Callable[[], str]) -> None:
    while True:
        await asyncio.sleep(SHOW_INTERVAL_S)
        sys.stderr.write(describe() + "\n")

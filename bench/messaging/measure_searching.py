"""Measures searching among a million messages, against a thousand, through the API of a real server."""

import argparse
import statistics
import time
from typing import Any, Final

import httpx
import psutil
from measure_opening import Filled

PAGE: Final = 20
WORD_OF_ALL: Final = "usual"
AUTHOR: Final = "from:@member-4"
"""Who has written each tenth message."""


async def measure_searching(
    ninefold: tuple[psutil.Process, int], few: Filled, many: Filled, options: argparse.Namespace
) -> dict[str, Any]:
    """Search both organisations in turn; return how long each kind of search took."""
    delays_ms: dict[str, dict[int, list[float]]] = {}
    _, port = ninefold
    async with httpx.AsyncClient(base_url=f"http://127.0.0.1:{port}/api/v1/messaging", trust_env=False) as http:
        for number in range(options.openings):
            for each in (few, many):
                for kind, (query, found) in _searches(each).items():
                    began_at = time.perf_counter()
                    await _search(http, each, query, found=found)
                    # The first time prepares statements.
                    if number:
                        measured = delays_ms.setdefault(kind, {few.messages: [], many.messages: []})
                        measured[each.messages].append((time.perf_counter() - began_at) * 1_000)
    kinds = {
        kind: {"few_p50_ms": statistics.median(of[few.messages]), "many_p50_ms": statistics.median(of[many.messages])}
        for kind, of in delays_ms.items()
    }
    return {
        "messages": many.messages,
        "kinds": {
            kind: {
                **{name: round(value, 2) for name, value in each.items()},
                "ratio": round(each["many_p50_ms"] / each["few_p50_ms"], 2),
            }
            for kind, each in kinds.items()
        },
    }


def _searches(filled: Filled) -> dict[str, tuple[str, int]]:
    """Return a query of each kind, and how many messages its first page has."""
    return {
        "a word in one message": (str(filled.messages - 1), 1),
        "a word in all messages": (WORD_OF_ALL, PAGE),
        "a word and an author": (f"{WORD_OF_ALL} {AUTHOR}", PAGE),
        "a word in no message": ("cucumber", 0),
    }


async def _search(http: httpx.AsyncClient, filled: Filled, query: str, *, found: int) -> None:
    """Search, and check the answer.

    Raises:
        RuntimeError: it isn't what was written.
    """
    headers = {"Authorization": f"Bearer {filled.reader.token}"}
    answer = await http.get("/search", params={"q": query, "limit": PAGE}, headers=headers)
    items = answer.raise_for_status().json()["items"]
    sequences = [each["message"]["sequence"] for each in items]
    if len(items) != found or sequences != sorted(sequences, reverse=True):
        raise RuntimeError(f"{query!r} found {len(items)} messages instead of {found}")

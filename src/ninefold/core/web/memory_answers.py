"""Answers requests from the memory of surfaces, without what other requests get (`requests.py`).

An id, a line in the log and metrics take longer than sending what is in memory. So these answers have no id, and are
counted and logged together, once a second.
"""

import asyncio
import time
from collections.abc import Sequence
from typing import Any, Final

import structlog
from litestar.types import Scope, Send

from ninefold.core.web.memory import FromMemory, MemoryResponse
from ninefold.core.web.requests import count_answers

REPORT_INTERVAL_S: Final = 1.0
"""How long answers are counted before they reach the log and the metrics."""

log = structlog.get_logger(__name__)


class MemoryAnswers:
    """Answers requests from the memory of surfaces.

    Args:
        memories: the path of each surface, and what it has.
    """

    def __init__(self, memories: Sequence[tuple[str, FromMemory]]) -> None:
        self._tallies: Final = [(f"{path}/", _Tally(memory)) for path, memory in memories]

    async def answer(self, scope: Scope, send: Send) -> bool:
        """Answer a request, and return True; return False if it has to be answered otherwise."""
        request: Any = scope
        if request["method"] != "GET":
            return False
        for prefix, tally in self._tallies:
            if request["path"].startswith(prefix):
                response = tally.memory.find(scope)
                if response is not None:
                    await tally.send(send, response)
                    return True
        return False

    def report(self) -> None:
        """Write what was sent lately to the log and the metrics: call it at the end."""
        for _, tally in self._tallies:
            tally.report()


class _Tally:
    """Counts what is sent from one memory."""

    def __init__(self, memory: FromMemory) -> None:
        self.memory: Final = memory
        self._durations_s: list[float] = []
        self._bytes_sent = 0
        self._timer: asyncio.TimerHandle | None = None

    async def send(self, send: Send, response: MemoryResponse) -> None:
        started_at = time.perf_counter()
        await send({"type": "http.response.start", "status": 200, "headers": response.headers})
        await send({"type": "http.response.body", "body": response.body, "more_body": False})
        self._bytes_sent += len(response.body)
        self._durations_s.append(time.perf_counter() - started_at)
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(REPORT_INTERVAL_S, self.report)

    def report(self) -> None:
        if self._timer is None:
            return
        self._timer.cancel()
        self._timer = None
        durations_s, self._durations_s = self._durations_s, []
        bytes_sent, self._bytes_sent = self._bytes_sent, 0
        self.memory.count(len(durations_s), bytes_sent)
        count_answers("GET", self.memory.route, status=200, durations_s=durations_s)
        log.info(
            "web.requests.answered_from_memory",
            route=self.memory.route,
            responses=len(durations_s),
            bytes_sent=bytes_sent,
            duration_ms_max=round(max(durations_s) * 1000, 2),
        )

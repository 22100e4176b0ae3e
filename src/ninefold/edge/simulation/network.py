"""A bad network, simulated: what becomes of each message follows from a seed and from the message's name alone.

The fate of a message doesn't depend on when it is sent or on what else is on the way. So a run with the same seed meets
the same faults, although processes and clocks never run twice in the same way.
"""

import asyncio
import random
from collections import Counter
from collections.abc import Callable, Coroutine
from typing import Any, Final

import msgspec


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """How bad a network is; probabilities are between 0 and 1."""

    loss: float
    duplication: float
    lateness: float
    """How many messages take `late_s` instead of `delay_s`, so that others overtake them."""
    freezing: float
    """How many turns a client spends without sending or receiving anything, for `freeze_s`."""
    delay_s: tuple[float, float]
    late_s: tuple[float, float]
    freeze_s: tuple[float, float]
    cutting: float = 0.0
    """After how many messages from the server the connection ends."""


class Fate(msgspec.Struct, frozen=True, kw_only=True):
    """What becomes of one message."""

    is_lost: bool
    delay_s: float
    copy_delay_s: float | None
    """When a second copy arrives; None if there is none."""
    is_cut: bool
    """Whether the connection ends after it."""


class Network:
    """Decides about each message, and counts what it has done.

    Args:
        conditions: how bad it is.
        seed: of all its decisions.
    """

    def __init__(self, conditions: Conditions, *, seed: str) -> None:
        self.counts: Final[Counter[str]] = Counter()
        self._conditions: Final = conditions
        self._seed: Final = seed

    def fate_of(self, message: str) -> Fate:
        """Return what becomes of a message, and count it."""
        conditions, dice = self._conditions, self.dice(message)
        is_lost = dice.random() < conditions.loss
        is_late = dice.random() < conditions.lateness
        is_copied = dice.random() < conditions.duplication
        delay_s = dice.uniform(*(conditions.late_s if is_late else conditions.delay_s))
        copy_delay_s = delay_s + dice.uniform(*conditions.late_s)
        is_cut = dice.random() < conditions.cutting
        self.counts["sent"] += 1
        self.counts["lost"] += is_lost
        self.counts["late"] += is_late and not is_lost
        self.counts["duplicated"] += is_copied
        return Fate(is_lost=is_lost, delay_s=delay_s, copy_delay_s=copy_delay_s if is_copied else None, is_cut=is_cut)

    def freeze_s(self, turn: str) -> float:
        """Return how long a client freezes in a turn; usually 0."""
        dice = self.dice(f"freeze {turn}")
        if dice.random() >= self._conditions.freezing:
            return 0.0
        self.counts["froze"] += 1
        return dice.uniform(*self._conditions.freeze_s)

    def dice(self, name: str) -> random.Random:
        """Return the source of what is random about something."""
        return random.Random(f"{self._seed} {name}")  # noqa: S311  # a simulation, which must be repeatable.


class Background:
    """Tasks that go on while others wait: messages that are still on their way."""

    def __init__(self) -> None:
        self._tasks: Final[set[asyncio.Task[Any]]] = set()

    def start(self, work: Coroutine[Any, Any, Any]) -> asyncio.Task[Any]:
        """Run something in the background; return its task."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    def call_later(self, delay_s: float, call: Callable[[], None]) -> None:
        """Call something after a time."""

        async def wait() -> None:
            await asyncio.sleep(delay_s)
            call()

        self.start(wait())

    async def finish(self, *, within_s: float) -> None:
        """Let the messages arrive that are still on their way, and cancel what takes longer."""
        if self._tasks:
            await asyncio.wait(list(self._tasks), timeout=within_s)
        left = list(self._tasks)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

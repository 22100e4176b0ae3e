"""Priorities of runs: which jobs of an organisation start first. They count for nothing against other organisations."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

Priority: TypeAlias = Literal["low", "normal", "high"]

PRIORITY_NUMBERS: Final[Mapping[Priority, int]] = {"low": -1, "normal": 0, "high": 1}
"""As they are stored: jobs are sorted by them."""

_NAMES: Final[Mapping[int, Priority]] = {number: name for name, number in PRIORITY_NUMBERS.items()}


def priority_of(number: int) -> Priority:
    """Return the name of a priority."""
    return _NAMES[number]


def priority_number(priority: Priority | None) -> int | None:
    """Return what is stored for a priority; None if there is none."""
    return None if priority is None else PRIORITY_NUMBERS[priority]

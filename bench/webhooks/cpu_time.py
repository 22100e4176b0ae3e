"""The CPU time of whole parts of an installation: of each process, of its children, and of those that have ended."""

from collections.abc import Collection
from typing import Final, Self

import msgspec
import psutil

_TRIES_MAX: Final = 100


class CpuTimes(msgspec.Struct, frozen=True, kw_only=True):
    """CPU time of each part, user and system, in seconds."""

    server: float
    worker: float
    postgresql: float

    def since(self, earlier: Self) -> Self:
        """Return what was used after an earlier reading."""
        before = msgspec.structs.asdict(earlier)
        return type(self)(**{part: now - before[part] for part, now in msgspec.structs.asdict(self).items()})

    def per_delivery(self, deliveries: int) -> dict[str, float]:
        """Return the figures in microseconds per delivery: `cpu_us_per_delivery_total`, and one for each part."""
        parts = {part: cpu_s * 1e6 / deliveries for part, cpu_s in msgspec.structs.asdict(self).items()}
        figures = {"total": sum(parts.values()), **parts}
        return {f"cpu_us_per_delivery_{name}": round(figure, 1) for name, figure in figures.items()}


def tree_cpu_s(root_pid: int, *, excluded_pids: Collection[int] = ()) -> float:
    """Return the CPU time of a process and all its descendants, including those that have ended, in seconds.

    Args:
        root_pid: the process.
        excluded_pids: descendants that don't count.

    Raises:
        RuntimeError: the descendants change too quickly to be read.
    """
    root = psutil.Process(root_pid)
    for _ in range(_TRIES_MAX):
        descendants = root.children(recursive=True)
        try:
            # A process's times include those of its children that have ended, after it has waited for them.
            total = sum(sum(process.cpu_times()[:4]) for process in (root, *_without(descendants, excluded_pids)))
        except psutil.NoSuchProcess:
            continue
        # One that ended in between would be missing or be counted twice.
        if root.children(recursive=True) == descendants:
            return total
    raise RuntimeError(f"The processes below {root_pid} change too quickly")


def _without(processes: list[psutil.Process], excluded_pids: Collection[int]) -> list[psutil.Process]:
    return [process for process in processes if process.pid not in excluded_pids]

"""Runs the receiver in a process of its own."""

import json
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

_SCRIPT: Final = Path(__file__).with_name("receiver.py")
_STOP_TIMEOUT_S: Final = 10.0


@contextmanager
def running_receiver(*, addresses: int = 1, latency_ms: float | None = 0.0) -> Iterator[int]:
    """Run the receiver and yield its port.

    Args:
        addresses: the number of loopback addresses that it listens on.
        latency_ms: the time before each response; None to send none.
    """
    behaviour = ["--silent"] if latency_ms is None else [f"--latency-ms={latency_ms}"]
    process = subprocess.Popen(
        [sys.executable, str(_SCRIPT), f"--addresses={addresses}", *behaviour], stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    try:
        yield json.loads(process.stdout.readline())["port"]
    finally:
        process.terminate()
        process.wait(timeout=_STOP_TIMEOUT_S)
        process.stdout.close()

"""What the benchmark's senders share: payloads, signatures, and the measurement of time, CPU and memory."""

import hashlib
import hmac
import json
import resource
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

SECRET = b"a benchmark's secret of 32 bytes"


def sign(event_id: bytes, timestamp: bytes, body: bytes) -> bytes:
    """Return the signature header's value (Standard Webhooks 1.0, Signature scheme)."""
    digest = hmac.digest(SECRET, b"%b.%b.%b" % (event_id, timestamp, body), hashlib.sha256)
    return b"v1," + b64encode(digest)


def read_payloads(corpus: Path | None, *, payload_bytes: int) -> list[bytes]:
    """Return the bodies to send in turn: the lines of a corpus, or one body of `payload_bytes`."""
    if corpus is not None:
        return [line for line in corpus.read_bytes().splitlines() if line]
    return [json.dumps({"data": "x" * max(0, payload_bytes - len('{"data": ""}'))}).encode()]


class Meter:
    """Measures the elapsed time and the CPU time from its creation to `report`."""

    def __init__(self) -> None:
        self._began_at = time.perf_counter()
        self._cpu_s = _cpu_seconds()

    def report(self, *, deliveries: int, **more: Any) -> dict[str, Any]:
        """Return the figures, ready for JSON."""
        wall_s = time.perf_counter() - self._began_at
        cpu_s = _cpu_seconds() - self._cpu_s
        return {
            "deliveries": deliveries,
            "wall_s": round(wall_s, 3),
            "cpu_s": round(cpu_s, 3),
            "deliveries_per_s": round(deliveries / wall_s),
            "cpu_us_per_delivery_total": round(cpu_s * 1e6 / deliveries, 1),
            "peak_rss_mb": round(peak_rss_bytes() / 1e6, 1),
            **more,
        }


def peak_rss_bytes() -> int:
    """Return the peak memory of this process."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def _cpu_seconds() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime

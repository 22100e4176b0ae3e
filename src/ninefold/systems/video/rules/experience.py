"""What beacons add up to. All of it is sums, so neither order nor the number of workers makes a difference."""

import math
from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

from ninefold.systems.video.model.plays import (
    Beacon,
    BeaconSums,
    EventType,
    Figures,
    JoinCount,
    PlaySums,
)

HEARTBEAT_S: Final = 10.0
"""How much was played with a heartbeat, for players that don't tell it."""

PLAYED_S_MAX: Final = 3_600.0
STALLED_MS_MAX: Final = 3_600_000.0
JOIN_MS_MAX: Final = 600_000.0
ERROR_LENGTH_MAX: Final = 200

_BUCKET_BASE: Final = 1.05
"""As in `video.join_bucket`."""


def sums_of(beacon: Beacon, *, now: datetime) -> BeaconSums:
    """Return what a beacon adds to its play."""
    by_type = {kind: [event for event in beacon.events if event.type is kind] for kind in EventType}
    joins = [event.join_ms for event in by_type[EventType.JOIN] if event.join_ms is not None]
    stalled = [event.stalled_ms or 0.0 for event in by_type[EventType.RESUME]]
    errors = by_type[EventType.ERROR]
    codes = [str(event.code)[:ERROR_LENGTH_MAX].replace("\0", "") for event in errors if event.code is not None]
    played_s = HEARTBEAT_S * len(by_type[EventType.HEARTBEAT]) if beacon.played_s is None else beacon.played_s
    return BeaconSums(
        join_ms=None if not joins else round(min(*joins, JOIN_MS_MAX)),
        played_ms=round(min(played_s, PLAYED_S_MAX) * 1000),
        stalled_ms=round(min(sum(stalled), STALLED_MS_MAX)),
        stalls=len(by_type[EventType.STALL]),
        switches=len(by_type[EventType.SWITCH]),
        errors=len(errors),
        failures=sum(1 for event in errors if event.is_fatal),
        last_error=codes[-1] if codes else None,
        ended_at=max((min(event.at, now) for event in by_type[EventType.ENDED]), default=None),
    )


def figures_of(sums: Sequence[PlaySums], joins: Iterable[JoinCount]) -> Figures:
    """Return how the plays went that these sums are of."""
    buckets: dict[int, int] = {}
    for count in joins:
        buckets[count.bucket] = buckets.get(count.bucket, 0) + count.plays
    plays = sum(each.plays for each in sums)
    stalled_ms = sum(each.stalled_ms for each in sums)
    total_ms = stalled_ms + sum(each.played_ms for each in sums)
    return Figures(
        plays=plays,
        join_p50_ms=percentile(buckets, 0.5),
        join_p95_ms=percentile(buckets, 0.95),
        rebuffer_ratio=stalled_ms / total_ms if total_ms else None,
        switches_per_play=sum(each.switches for each in sums) / plays if plays else None,
        failures=sum(each.failures for each in sums),
    )


def percentile(buckets: Mapping[int, int], part: float) -> int | None:
    """Return the time in ms within which this part of the plays had joined, to 2.5 %; None without plays."""
    wanted = math.ceil(part * sum(buckets.values()))
    counted = 0
    for bucket in sorted(buckets):
        counted += buckets[bucket]
        if counted >= wanted:
            return round(math.pow(_BUCKET_BASE, bucket + 0.5))
    return None

"""Slack's `ts`: the time of a message in seconds with six decimals, which is also its id in the channel."""

import re
from datetime import UTC, datetime, timedelta
from typing import Final

_TS: Final = re.compile(r"(?P<seconds>[0-9]{1,11})(?:\.(?P<micros>[0-9]{1,6}))?", re.ASCII)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def next_ts_us(now: datetime, *, last_ts_us: int) -> int:
    """Return the time of a new message in µs since 1970: now, or one µs after the last one if that is later."""
    return max(ts_us_of(now), last_ts_us + 1)


def ts_us_of(at: datetime) -> int:
    """Return a time in µs since 1970."""
    return (at - _EPOCH) // timedelta(microseconds=1)


def time_of_ts(ts_us: int) -> datetime:
    """Return the time of a message."""
    return _EPOCH + timedelta(microseconds=ts_us)


def format_ts(ts_us: int) -> str:
    """Return a time as Slack's `ts`, such as `1764237600.000200`."""
    return f"{ts_us // 1_000_000}.{ts_us % 1_000_000:06d}"


def parse_ts(text: str) -> int | None:
    """Return the µs since 1970 of a `ts`, also of one with fewer decimals; None if it isn't one."""
    match = _TS.fullmatch(text)
    if match is None:
        return None
    return int(match["seconds"]) * 1_000_000 + int((match["micros"] or "").ljust(6, "0"))

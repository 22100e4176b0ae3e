"""The status of each subscriber during the demo, and the summary at its end."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

import msgspec

from ninefold.edge.demo.api import Delivery
from ninefold.edge.demo.subscribers import Subscriber

MISSING_NAMED_MAX: Final = 5


class SubscriberStatus(msgspec.Struct, frozen=True, kw_only=True):
    """The status of one subscriber at one moment."""

    name: str
    story: str
    expected: int
    delivered: int
    retrying: int
    waiting: int
    waiting_reason: str | None
    failed: int
    next_attempt_at: datetime | None
    why: str
    p50_s: float | None
    p99_s: float | None


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the whole demo."""

    is_complete: bool
    payloads: str
    events: int
    expected: int
    delivered: int
    attempts: int
    retried: int
    """Deliveries that needed more than one attempt."""
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    duration_s: float
    subscribers: list["SubscriberSummary"]


class SubscriberSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome for one subscriber."""

    name: str
    story: str
    expected: int
    delivered: int
    attempts: int
    retried: int
    latency_p50_ms: float | None
    latency_p99_ms: float | None
    problems: list[str]


def describe_status(
    subscriber: Subscriber,
    *,
    retrying: Sequence[Delivery],
    waiting: Sequence[Delivery],
    failed: Sequence[Delivery],
) -> SubscriberStatus:
    """Combine what a subscriber has received with Ninefold's records of the other deliveries."""
    latencies_s = subscriber.latencies_s()
    due = sorted((delivery.next_attempt_at, _why(delivery)) for delivery in retrying if delivery.next_attempt_at)
    return SubscriberStatus(
        name=subscriber.behaviour.name,
        story=subscriber.behaviour.story,
        expected=len(subscriber.expected),
        delivered=subscriber.delivered_count,
        retrying=len(retrying),
        waiting=len(waiting),
        waiting_reason=waiting[0].waiting_reason if waiting else None,
        failed=len(failed),
        next_attempt_at=due[0][0] if due else None,
        why=due[0][1] if due else "",
        p50_s=percentile(latencies_s, 50),
        p99_s=percentile(latencies_s, 99),
    )


def summarize(
    subscribers: Sequence[Subscriber],
    deliveries: Sequence[Sequence[Delivery]],
    *,
    payloads: str,
    events: int,
    duration_s: float,
) -> Summary:
    """Compare what arrived with what was published; `deliveries` are Ninefold's records, a list per subscriber."""
    parts = [_summarize_one(*pair) for pair in zip(subscribers, deliveries, strict=True)]
    latencies_s = sorted(latency for subscriber in subscribers for latency in subscriber.latencies_s())
    return Summary(
        is_complete=all(not part.problems for part in parts),
        payloads=payloads,
        events=events,
        expected=sum(part.expected for part in parts),
        delivered=sum(part.delivered for part in parts),
        attempts=sum(part.attempts for part in parts),
        retried=sum(part.retried for part in parts),
        latency_p50_ms=_milliseconds(percentile(latencies_s, 50)),
        latency_p99_ms=_milliseconds(percentile(latencies_s, 99)),
        duration_s=round(duration_s, 1),
        subscribers=parts,
    )


def percentile(sorted_values: Sequence[float], percent: int) -> float | None:
    """Return the smallest value that is at least as large as `percent` % of all values; None if there are none."""
    if not sorted_values:
        return None
    return sorted_values[max(0, -(-len(sorted_values) * percent // 100) - 1)]


def _summarize_one(subscriber: Subscriber, deliveries: Sequence[Delivery]) -> SubscriberSummary:
    latencies_s = subscriber.latencies_s()
    return SubscriberSummary(
        name=subscriber.behaviour.name,
        story=subscriber.behaviour.story,
        expected=len(subscriber.expected),
        delivered=subscriber.delivered_count,
        attempts=sum(delivery.attempt_count for delivery in deliveries),
        retried=sum(1 for delivery in deliveries if delivery.attempt_count > 1),
        latency_p50_ms=_milliseconds(percentile(latencies_s, 50)),
        latency_p99_ms=_milliseconds(percentile(latencies_s, 99)),
        problems=_find_problems(subscriber, deliveries),
    )


def _find_problems(subscriber: Subscriber, deliveries: Sequence[Delivery]) -> list[str]:
    problems = list(subscriber.problems)
    if missing := subscriber.missing:
        problems.append(f"{len(missing)} events didn't arrive with the published bytes: {_join_ids(missing)}.")
    if unexpected := subscriber.unexpected:
        problems.append(f"{len(unexpected)} events arrived that weren't expected: {_join_ids(unexpected)}.")
    if unfinished := [delivery.delivery_id for delivery in deliveries if delivery.status != "delivered"]:
        problems.append(f"{len(unfinished)} deliveries aren't recorded as delivered: {_join_ids(unfinished)}.")
    if len(deliveries) != len(subscriber.expected):
        problems.append(f"{len(deliveries)} deliveries are recorded instead of {len(subscriber.expected)}.")
    return problems


def _join_ids(ids: Sequence[str]) -> str:
    rest = len(ids) - MISSING_NAMED_MAX
    return ", ".join(ids[:MISSING_NAMED_MAX]) + (f" and {rest} more" if rest > 0 else "")


def _why(delivery: Delivery) -> str:
    if not delivery.attempts:
        return ""
    last = delivery.attempts[-1]
    if last.response_code is not None:
        return f"answered {last.response_code}"
    return (last.error_class or "").replace("_", " ")


def _milliseconds(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds * 1000, 1)

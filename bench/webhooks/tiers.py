"""Tiers: how much a backlog of bulk deliveries delays critical ones of the same organisation.

Critical events are published one by one at a steady rate, in turn with and without a backlog: bulk events for five
subscriptions whose receiver responds immediately, inserted at once. Measures the time from the publication of a
critical event to its arrival. With the backlog, only events count that were published while a part of it was left.
There is no result unless each critical event has arrived exactly once with a valid signature, and each bulk delivery is
recorded as delivered by its first attempt.
"""

import asyncio
import hashlib
import hmac
import statistics
import time
from base64 import b64decode, b64encode
from typing import Any, Final

import psutil
from installation import POLL_S, Installation, running_installation
from neighbours import Arrivals, event, good_receivers, percentiles, ticks
from receiver import address
from receiver_process import running_receiver
from whole_path import SETTINGS

from ninefold.core.postgres.embedded import EmbeddedPostgres
from ninefold.edge.processes import raise_open_file_limit

CRITICAL_RECEIVERS: Final = 10
CRITICAL_PER_S: Final = 100
SECONDS_MAX: Final = 20.0
BULK_FAN_OUT: Final = 5
FINISH_TIMEOUT_S: Final = 300.0

# The ids have their time in front, as real ones do.
_INSERT_BULK: Final = """
    INSERT INTO webhooks.event (
        event_id, organisation_id, event_type, payload, queued_deliveries, status, tier
    )
    SELECT
        (
            lpad(to_hex((extract(epoch FROM now()) * 1000)::bigint), 12, '0')
            || '70008' || lpad(to_hex(number), 15, '0')
        )::uuid,
        organisation.organisation_id, 'bulk.sent', $1, $2, 'queued', 2
    FROM generate_series(1, $3::bigint) AS number
    CROSS JOIN (SELECT organisation_id FROM webhooks.subscription LIMIT 1) AS organisation
"""
_RECORDED: Final = """
    SELECT count(*)
    FROM webhooks.delivery
    INNER JOIN webhooks.event ON event.event_id = delivery.event_id
    WHERE event.tier = $1 AND delivery.status = 'delivered' AND delivery.attempt_count = 1
"""
_LEFT: Final = """
    SELECT
        EXISTS (SELECT 1 FROM webhooks.event WHERE tier = 2 AND status = 'queued')
        OR EXISTS (SELECT 1 FROM webhooks.delivery WHERE tier = 2 AND status IN ('retrying', 'waiting'))
"""


class Requests(Arrivals):
    """When each event arrived, and whether its signature is valid."""

    def __init__(self) -> None:
        super().__init__()
        self.keys: list[bytes] = []
        self.invalid = 0

    def record(self, buffer: bytes, head_end: int) -> None:
        """Record an arrival, and check its signature."""
        super().record(buffer, head_end)
        headers = dict(line.split(b": ", 1) for line in buffer[:head_end].split(b"\r\n")[1:])
        start = head_end + len(b"\r\n\r\n")
        body = buffer[start : start + int(headers[b"content-length"])]
        signed = b"%b.%b.%b" % (headers[b"webhook-id"], headers[b"webhook-timestamp"], body)
        valid = {b"v1," + b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in self.keys}
        self.invalid += headers[b"webhook-signature"] not in valid


async def measure_tiers(
    postgres: EmbeddedPostgres, payload: bytes, *, rounds: int, bulk_deliveries: int
) -> dict[str, Any]:
    """Measure without and with the backlog in turn; return the median round of each, and the ratio of the medians."""
    raise_open_file_limit()
    measured = [
        {
            "alone": await _measure(postgres, payload, bulk_events=0),
            "bulk_flood": await _measure(postgres, payload, bulk_events=bulk_deliveries // BULK_FAN_OUT),
        }
        for _ in range(rounds)
    ]
    medians = {
        name: {key: statistics.median(each[name][key] for each in measured) for key in ("p50_ms", "p99_ms")}
        for name in ("alone", "bulk_flood")
    }
    ratios = {
        f"{key}_ratio": round(medians["bulk_flood"][f"{key}_ms"] / medians["alone"][f"{key}_ms"], 2)
        for key in ("p50", "p99")
    }
    return {**medians, **ratios, "bulk_deliveries": bulk_deliveries, "rounds": measured}


async def _measure(postgres: EmbeddedPostgres, payload: bytes, *, bulk_events: int) -> dict[str, float]:
    requests = Requests()
    async with (
        good_receivers(CRITICAL_RECEIVERS, requests) as (port, _),
        running_installation(postgres, settings=SETTINGS) as installation,
    ):
        with running_receiver() as bulk_port:
            for number in range(CRITICAL_RECEIVERS):
                url = f"http://{address(number)}:{port}/"
                secret = await installation.api.subscribe(url, event_type=f"critical.{number}")
                requests.keys.append(b64decode(secret.removeprefix("whsec_")))
            for number in range(BULK_FAN_OUT):
                await installation.api.subscribe(f"http://127.0.0.1:{bulk_port}/{number}", event_type="bulk.sent")
            await _publish(installation, payload, seconds=2.0)
            if bulk_events:
                async with installation.database.connection() as connection:
                    await connection.execute(_INSERT_BULK, payload, BULK_FAN_OUT, bulk_events)
            began_at, finished_at = time.perf_counter(), asyncio.create_task(_wait_for_bulk(installation))
            seconds = SECONDS_MAX if bulk_events else 10.0
            sent_at = await _publish(installation, payload, seconds=seconds, until=finished_at if bulk_events else None)
            ended_at = await finished_at
            await _check(installation, requests, bulk_events=bulk_events)
    counted = {event_id: at for event_id, at in sent_at.items() if not bulk_events or began_at <= at <= ended_at}
    return {
        **percentiles([requests.first_at[event_id] - at for event_id, at in counted.items()]),
        "events": len(counted),
        "backlog_s": round(ended_at - began_at, 1) if bulk_events else 0.0,
        "load_average": round(psutil.getloadavg()[0], 1),
    }


async def _publish(
    installation: Installation, payload: bytes, *, seconds: float, until: "asyncio.Task[float] | None" = None
) -> dict[str, float]:
    """Publish critical events in turn until the time is over or a task is done; return when each was sent."""
    sent_at: dict[str, float] = {}

    async def publish(number: int) -> None:
        began_at = time.perf_counter()
        body = event(f"critical.{number % CRITICAL_RECEIVERS}", payload)
        answer = await installation.api.post("/events", body[:-1] + b',"tier":"critical"}')
        sent_at[answer["event_id"]] = began_at

    async with asyncio.TaskGroup() as group:
        async for number in ticks(per_s=CRITICAL_PER_S, seconds=seconds):
            if until is not None and until.done():
                break
            group.create_task(publish(number))
    return sent_at


async def _wait_for_bulk(installation: Installation) -> float:
    """Return when no bulk event is left."""
    async with asyncio.timeout(FINISH_TIMEOUT_S), installation.database.connection() as connection:
        while await connection.fetchval(_LEFT):
            await asyncio.sleep(POLL_S)
    return time.perf_counter()


async def _check(installation: Installation, requests: Requests, *, bulk_events: int) -> None:
    """Wait until all is recorded.

    Raises:
        RuntimeError: a delivery didn't arrive, arrived repeatedly or with an invalid signature.
    """
    async with asyncio.timeout(FINISH_TIMEOUT_S), installation.database.connection() as connection:
        while await connection.fetchval(_RECORDED, 0) < len(requests.first_at):
            await asyncio.sleep(POLL_S)
        bulk = await connection.fetchval(_RECORDED, 2)
    if bulk != bulk_events * BULK_FAN_OUT:
        raise RuntimeError(f"{bulk} bulk deliveries are recorded, of {bulk_events * BULK_FAN_OUT}")
    if requests.invalid or set(requests.counts.values()) != {1}:
        raise RuntimeError(f"{requests.invalid} signatures are invalid, or an event arrived repeatedly")

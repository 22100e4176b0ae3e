"""Order: what deliveries cost whose subscriptions get the events of a key one after another.

The backlog of `whole_path` in turn without order, with many keys, and with one key alone, whose events have to wait for
each other most of the time. Every delivery has to be recorded as delivered by its first attempt.
"""

import statistics
from collections.abc import Sequence
from typing import Any, Final

from installation import running_installation
from whole_path import BATCH, FAN_OUT, SETTINGS, Publisher, measure_publisher

from ninefold.core.postgres.embedded import EmbeddedPostgres

KEYS: Final = {"none": 0, "many": 400, "one": 1}
ONE_KEY_EVENTS: Final = 500
_FIGURES: Final = ("deliveries_per_s", "cpu_us_per_delivery_total")


async def measure_order(
    postgres: EmbeddedPostgres, payloads: Sequence[bytes], *, receiver_port: int, rounds: int, events: int
) -> dict[str, Any]:
    """Measure each number of keys in turn; return the medians of the rounds."""
    measured: list[dict[str, dict[str, Any]]] = []
    for _ in range(rounds):
        figures = {}
        for name, keys in KEYS.items():
            async with running_installation(postgres, settings=SETTINGS) as installation:
                publisher = Publisher(installation, payloads, ordering_keys=[f"key-{number}" for number in range(keys)])
                await publisher.subscribe(receiver_port=receiver_port)
                await publisher.publish(events=BATCH)
                await publisher.wait_until_delivered()
                figures[name] = await measure_publisher(
                    installation, publisher, events=ONE_KEY_EVENTS if keys == 1 else events
                )
        measured.append(figures)
    medians = {
        name: {key: statistics.median(each[name][key] for each in measured) for key in _FIGURES} for name in KEYS
    }
    return {**medians, "keys": KEYS, "fan_out": FAN_OUT, "rounds": measured}

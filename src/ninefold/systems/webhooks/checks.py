"""The checks of `ninefold doctor` for webhook delivery."""

import resource
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import Final

from ninefold.core.checks import Finding, ok, warning
from ninefold.core.egress import EgressLimits
from ninefold.core.egress.limits import OPEN_FILES_RESERVED
from ninefold.core.postgres.database import Connection
from ninefold.systems.webhooks.model.partitions import Partition
from ninefold.systems.webhooks.rules.partitions import is_over, open_partitions
from ninefold.systems.webhooks.settings import PREFIX, WebhooksSettings
from ninefold.systems.webhooks.store.partitions import partition_list, partition_read_clock

_PARTITIONS: Final = "partitions"
_OVERDUE_AFTER: Final = timedelta(days=2)

_IN_FLIGHT_MAX: Final = f"{PREFIX}IN_FLIGHT_MAX"


def check_in_flight(settings: WebhooksSettings) -> Iterator[Finding]:
    """Compare the configured attempts in flight of a worker with the connections that it can have."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    is_bounded = hard != resource.RLIM_INFINITY
    connections_max = EgressLimits.within(hard if is_bounded else -1).connections_max
    useful_max = min(settings.in_flight_max, EgressLimits().connections_max)
    if connections_max < useful_max:
        files_needed = useful_max + OPEN_FILES_RESERVED
        yield warning(
            "open files",
            f"A process can open at most {hard:,} files, so a worker has at most {connections_max:,} connections; "
            f"{_IN_FLIGHT_MAX} is {settings.in_flight_max:,}.",
            f"Raise the hard limit (LimitNOFILE={files_needed} or ulimit -Hn {files_needed}), "
            f"or set {_IN_FLIGHT_MAX}={connections_max}.",
        )
    else:
        bound = f"up to {hard:,}" if is_bounded else "without limit"
        yield ok(
            "open files",
            f"{bound}, enough for {useful_max:,} deliveries in flight; servers and workers raise their own limit "
            f"from {soft:,}",
        )
    if useful_max < settings.in_flight_max:
        yield warning(
            "settings",
            f"{_IN_FLIGHT_MAX} is {settings.in_flight_max:,}, but a worker never has more than {useful_max:,} "
            "connections.",
            f"Set it to {useful_max} and run more workers.",
        )


async def check_partitions(connection: Connection, settings: WebhooksSettings) -> Sequence[Finding]:
    """Look for partitions that should have been made, and for those that should be gone."""
    now = await partition_read_clock(connection)
    partitions = await partition_list(connection)
    # The first partition of a new installation is open until a server or a worker has started.
    late = [
        each for each in open_partitions(partitions).values() if each.starts_at is not None and each.starts_at <= now
    ]
    overdue = [each for each in partitions if _is_overdue(each, now=now, settings=settings)]
    if late:
        return [
            warning(
                _PARTITIONS,
                f"The partitions of {_names(late)} events weren't made since {late[0].starts_at:%Y-%m-%d}.",
                "Nothing fails: they go into the last one. Start a server or a worker; it makes them within an hour.",
            )
        ]
    if overdue:
        return [
            warning(
                _PARTITIONS,
                f"{len(overdue)} partitions of {_names(overdue)} events should have been dropped.",
                "The log says what keeps each (webhooks.partition.overdue): queued events, retries, dead letters.",
            )
        ]
    return [ok(_PARTITIONS, f"{len(partitions)} of webhooks, made ahead")]


def _is_overdue(partition: Partition, *, now: datetime, settings: WebhooksSettings) -> bool:
    """Return whether even the last thing that was waited for should have been over."""
    kept = settings.retention_of(partition.retention) + settings.dead_letter_retention + _OVERDUE_AFTER
    return is_over(partition, now=now, retention=kept)


def _names(partitions: Sequence[Partition]) -> str:
    return " and ".join(sorted({each.retention.name.lower() for each in partitions}))

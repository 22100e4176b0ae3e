"""The checks of `ninefold doctor` for webhook delivery."""

import resource
from collections.abc import Iterator
from typing import Final

from ninefold.core.checks import Finding, ok, warning
from ninefold.core.egress import EgressLimits
from ninefold.core.egress.limits import OPEN_FILES_RESERVED
from ninefold.systems.webhooks.settings import PREFIX, WebhooksSettings

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

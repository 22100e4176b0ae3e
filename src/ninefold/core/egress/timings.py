"""How long the phases of a request take: lookup, connect, TLS, send and wait."""

from time import perf_counter
from typing import Literal, TypeAlias

import msgspec

OpeningPhase: TypeAlias = Literal["lookup_s", "connect_s", "tls_s"]


class EgressTimings(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """The durations of a request's phases, in seconds. None: the request didn't have this phase, or didn't get to it.

    The phase in which a request failed is included. Waiting for a free connection belongs to no phase.
    """

    lookup_s: float | None = None
    """Resolving the host, of a URL that has a name."""
    connect_s: float | None = None
    """Connecting over TCP; to several addresses, if the first ones didn't answer."""
    tls_s: float | None = None
    """The TLS handshake."""
    send_s: float | None = None
    """Handing the request to the operating system, which is immediate unless it is large and the server is slow."""
    wait_s: float | None = None
    """From then to the end of the response."""


class OpeningMeter:
    """Measures the phases of opening a connection. They follow each other, and can repeat."""

    __slots__ = ("_began_at", "_durations_s", "_phase")

    def __init__(self) -> None:
        self._durations_s: dict[OpeningPhase, float] = {}
        self._phase: OpeningPhase | None = None
        self._began_at = 0.0

    def begin(self, phase: OpeningPhase) -> None:
        """End the current phase, if there is one, and begin another."""
        now = perf_counter()
        self._end(now)
        self._phase = phase
        self._began_at = now

    def finish(self) -> EgressTimings | None:
        """End the last phase, and return how long each took in all; None if none began."""
        self._end(perf_counter())
        self._phase = None
        return EgressTimings(**self._durations_s) if self._durations_s else None

    def _end(self, now: float) -> None:
        if self._phase is not None:
            self._durations_s[self._phase] = self._durations_s.get(self._phase, 0.0) + now - self._began_at

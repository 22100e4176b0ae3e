"""From a host's name to its addresses, by the system's resolver; slow names don't hold up the others.

Nothing is cached: an answer serves the connections that were waiting for it, and no later one.
"""

import asyncio
import socket
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Protocol

from ninefold.core.egress.errors import DnsFailedError

LOOKUP_THREADS: Final = 32
"""Lookups at once; the system's resolver blocks a thread for as long as a name server lets it wait."""

LOOKUPS_PENDING_MAX: Final = 1024
"""Names that are being looked up or wait for it; one more is refused."""


class Resolver(Protocol):
    """Where addresses come from."""

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        """Return all addresses of a host, in the order in which they should be tried; at least one.

        Raises:
            DnsFailedError: there is none, or no answer came in time.
        """
        ...

    def close(self) -> None:
        """Give back what the resolver holds."""
        ...


class SystemResolver:
    """`getaddrinfo` in threads of its own; who asks for a name that is being looked up shares the answer."""

    def __init__(self) -> None:
        # Not the loop's own threads: libuv lets two lookups run at once, so that two dead name servers would
        # stop all.
        self._threads = ThreadPoolExecutor(LOOKUP_THREADS, thread_name_prefix="egress-lookup")
        self._pending: dict[str, asyncio.Future[Sequence[str] | str]] = {}

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        """Return all addresses of a host, in the system's order of preference (RFC 6724)."""
        lookup = self._pending.get(host) or self._begin(host, timeout_s)
        try:
            answer = await asyncio.wait_for(asyncio.shield(lookup), timeout_s)
        except TimeoutError:
            raise DnsFailedError(f"Looking up {host} took longer than {timeout_s:g} s.") from None
        if isinstance(answer, str):
            raise DnsFailedError(f"{host} can't be resolved: {answer}.")
        return answer

    def close(self) -> None:
        """Begin no further lookup; those that are running end by themselves."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _begin(self, host: str, timeout_s: float) -> "asyncio.Future[Sequence[str] | str]":
        if len(self._pending) >= LOOKUPS_PENDING_MAX:
            raise DnsFailedError(f"{host} wasn't looked up: {LOOKUPS_PENDING_MAX} lookups are waiting already.")
        loop = asyncio.get_running_loop()
        lookup = loop.run_in_executor(self._threads, _look_up, host, time.monotonic() + timeout_s)
        self._pending[host] = lookup
        lookup.add_done_callback(lambda _: self._pending.pop(host, None))
        return lookup


def _look_up(host: str, begin_until: float) -> Sequence[str] | str:
    """Return the addresses, or why there are none: nobody may be left to take an exception."""
    if time.monotonic() > begin_until:
        return "too many lookups were waiting"
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except OSError as error:
        return str(error.strerror or error)
    except UnicodeError:
        return "its form isn't that of a host name"
    addresses = dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found)
    return list(addresses) or "it has no address"

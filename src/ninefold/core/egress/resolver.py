"""Resolves host names to addresses with the system's resolver, so that slow names don't hold up the others.

An answer is cached for `CACHED_FOR_S`: long enough for a burst of connections, short enough for the next attempt to see
a change.
"""

import asyncio
import os
import socket
from collections import OrderedDict
from collections.abc import Sequence
from functools import partial
from typing import Final, Protocol, TypeAlias

import msgspec

from ninefold.core.egress.errors import DnsFailedError, EgressError, LocalLimitError
from ninefold.core.egress.lookup_scheduler import LookupLimits, LookupScheduler, domain_of
from ninefold.core.egress.threads import run_in_thread

LOOKUP_LIMITS: Final = LookupLimits(slots=64, slots_reserved=8, per_domain_max=8, unresponsive_max=32, slow_max=32)
"""Lookups at once, each in a thread: 96 at most."""

LOOKUPS_PENDING_MAX: Final = 4096
"""Names that are being looked up or wait for it; as many as there can be connections that wait for a name."""

CACHED_FOR_S: Final = 5.0
"""How long an answer is reused, and how long a name whose lookup timed out fails at once, without a new lookup."""

NAMES_CACHED_MAX: Final = 4096
"""Names in the cache; the oldest are evicted first."""

SLOW_AFTER_S: Final = 2.0
"""How long a lookup may run before it counts as slow, and its domain as unresponsive."""


class Resolver(Protocol):
    """Resolves host names to addresses."""

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        """Return all addresses of a host, in the order in which they should be tried; at least one.

        Raises:
            DnsFailedError: the host has no address, or no answer came in time.
            LocalLimitError: a limit of this process kept the name from being looked up.
        """
        ...

    def close(self) -> None:
        """Release what the resolver holds."""
        ...


class _Failure(msgspec.Struct, frozen=True):
    """Why a lookup found nothing. It isn't an exception, since there may be no caller left to catch it."""

    reason: str
    is_local: bool = False


_Answer: TypeAlias = Sequence[str] | _Failure

_CLOSED: Final = _Failure("Ninefold is shutting down")


class _CacheEntry(msgspec.Struct, frozen=True):
    answer: Sequence[str] | None
    """None: the lookup timed out."""
    expires_at: float


class _Lookup:
    """A name that is being looked up or waits for it, and the futures of the callers."""

    __slots__ = ("slow_timer", "waiters")

    def __init__(self) -> None:
        self.waiters: set[asyncio.Future[_Answer]] = set()
        self.slow_timer: asyncio.TimerHandle | None = None
        """None while it waits to be started."""

    @property
    def is_started(self) -> bool:
        return self.slow_timer is not None

    def answer(self, answer: _Answer) -> None:
        for waiter in self.waiters:
            if not waiter.done():
                waiter.set_result(answer)


class SystemResolver:
    """Calls `getaddrinfo` in its own threads; concurrent requests for one name share a lookup.

    The loop's own threads can't be used: libuv runs only two lookups at once, so that two dead name servers would stop
    all others.
    """

    def __init__(self) -> None:
        self._scheduler = LookupScheduler(LOOKUP_LIMITS)
        self._pending: dict[str, _Lookup] = {}
        self._running: set[asyncio.Future[_Answer]] = set()
        # The oldest first, since each entry lives equally long.
        self._cache: OrderedDict[str, _CacheEntry] = OrderedDict()
        self._is_closed = False

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        """Return all addresses of a host, in the system's order of preference (RFC 6724)."""
        loop = asyncio.get_running_loop()
        cached = self._cache.get(host)
        if cached is not None and cached.expires_at > loop.time():
            if cached.answer is None:
                raise DnsFailedError(f"{host} wasn't looked up: a moment ago, its name server didn't answer in time.")
            return cached.answer
        answer = await self._ask(host, timeout_s=timeout_s)
        if isinstance(answer, _Failure):
            kind = LocalLimitError if answer.is_local else DnsFailedError
            raise kind(f"{host} can't be resolved: {answer.reason}.")
        return answer

    def close(self) -> None:
        """Start no further lookup and wait for none; those that are running end by themselves, or with the process."""
        self._is_closed = True
        for lookup in self._pending.values():
            lookup.answer(_CLOSED)
        for future in self._running:
            future.cancel()

    async def _ask(self, host: str, *, timeout_s: float) -> _Answer:
        lookup = self._pending.get(host) or self._add(host)
        waiter: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        lookup.waiters.add(waiter)
        self._start_lookups()
        try:
            async with asyncio.timeout(timeout_s):
                return await waiter
        except TimeoutError:
            raise self._explain_timeout(host, lookup, timeout_s=timeout_s) from None
        finally:
            lookup.waiters.discard(waiter)
            if not lookup.waiters and not lookup.is_started and self._pending.get(host) is lookup:
                del self._pending[host]
                self._scheduler.remove(host)

    def _add(self, host: str) -> _Lookup:
        if len(self._pending) >= LOOKUPS_PENDING_MAX:
            raise LocalLimitError(f"{host} wasn't looked up: {LOOKUPS_PENDING_MAX} lookups are waiting already.")
        lookup = self._pending[host] = _Lookup()
        self._scheduler.add(host)
        return lookup

    def _start_lookups(self) -> None:
        while not self._is_closed and (host := self._scheduler.start_next()) is not None:
            loop = asyncio.get_running_loop()
            self._pending[host].slow_timer = loop.call_later(SLOW_AFTER_S, self._on_slow, host)
            try:
                future: asyncio.Future[_Answer] = run_in_thread(_look_up, host, name="egress-lookup")
            except RuntimeError as error:
                future = loop.create_future()
                future.set_result(_Failure(f"no thread could be started for it ({error})", is_local=True))
            self._running.add(future)
            future.add_done_callback(partial(self._on_done, host))

    def _on_slow(self, host: str) -> None:
        self._scheduler.mark_slow(host)
        self._start_lookups()

    def _on_done(self, host: str, done: "asyncio.Future[_Answer]") -> None:
        answer = _CLOSED if done.cancelled() else done.result()
        self._running.discard(done)
        self._scheduler.finish(host)
        lookup = self._pending.pop(host)
        if lookup.slow_timer is not None:
            lookup.slow_timer.cancel()
        lookup.answer(answer)
        if not isinstance(answer, _Failure):
            self._store(host, answer)
        self._start_lookups()

    def _explain_timeout(self, host: str, lookup: _Lookup, *, timeout_s: float) -> EgressError:
        if lookup.is_started:
            if self._scheduler.is_slow(host):
                self._store(host, None)
            return DnsFailedError(f"Looking up {host} took longer than {timeout_s:.3g} s.")
        not_started = f"{host} wasn't looked up within {timeout_s:.3g} s"
        if self._scheduler.is_blocked_by_own_domain(host):
            return DnsFailedError(f"{not_started}: the name server of {domain_of(host)} is slow to answer.")
        return LocalLimitError(f"{not_started}: Ninefold was busy with lookups of other names.")

    def _store(self, host: str, answer: Sequence[str] | None) -> None:
        now = asyncio.get_running_loop().time()
        self._cache.pop(host, None)
        self._cache[host] = _CacheEntry(answer, now + CACHED_FOR_S)
        while len(self._cache) > NAMES_CACHED_MAX or next(iter(self._cache.values())).expires_at < now:
            self._cache.popitem(last=False)


def _look_up(host: str) -> _Answer:
    """Return the addresses, or why there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return _Failure(str(error.strerror or error))
    except OSError as error:
        # A failure of this system, such as too many open files: it isn't caused by the name.
        reason = os.strerror(error.errno) if error.errno else str(error)
        return _Failure(f"the system's resolver failed ({reason})", is_local=True)
    except UnicodeError:
        return _Failure("its form isn't that of a host name")
    addresses = dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found)
    return list(addresses) or _Failure("it has no address")

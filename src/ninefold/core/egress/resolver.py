"""From a host's name to its addresses, by the system's resolver; slow names don't hold up the others.

An answer serves whoever asks within `KNOWN_FOR_S`, and no later connection: by the next attempt, a change is seen.
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
from ninefold.core.egress.threads import run_in_thread
from ninefold.core.egress.turns import TurnLimits, Turns, domain_of

LOOKUP_LIMITS: Final = TurnLimits(places=64, kept=8, per_domain=8, silent=32, overdue=32)
"""Lookups at once, in 96 threads at most: the system's resolver blocks one for as long as a name server is silent."""

LOOKUPS_PENDING_MAX: Final = 4096
"""Names that are being looked up or wait for it; as many as there can be connections that wait for a name."""

KNOWN_FOR_S: Final = 5.0
"""How long an answer serves again, and how long a name that gave none in time fails at once, without a thread."""

NAMES_KNOWN_MAX: Final = 4096
"""Names that are known for that long; the oldest go first."""

SILENT_AFTER_S: Final = 2.0
"""How long a lookup has to have run to be overdue: its name gives no answer in time, and its domain is silent."""


class Resolver(Protocol):
    """Where addresses come from."""

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        """Return all addresses of a host, in the order in which they should be tried; at least one.

        Raises:
            DnsFailedError: there is none, or no answer came in time.
            LocalLimitError: a bound of our own kept the name from being looked up.
        """
        ...

    def close(self) -> None:
        """Give back what the resolver holds."""
        ...


class _Failure(msgspec.Struct, frozen=True):
    """Why a lookup found nothing. It isn't an exception: nobody may be left to take one."""

    reason: str
    is_local: bool = False


_Answer: TypeAlias = Sequence[str] | _Failure

_CLOSED: Final = _Failure("Ninefold is shutting down")


class _Known(msgspec.Struct, frozen=True):
    answer: Sequence[str] | None
    """None: it gave none in time."""
    until: float


class _Lookup:
    """A name that is being looked up, or waits for its turn; and who wants to know."""

    __slots__ = ("askers", "overdue_timer")

    def __init__(self) -> None:
        self.askers: set[asyncio.Future[_Answer]] = set()
        self.overdue_timer: asyncio.TimerHandle | None = None
        """None while it waits for its turn."""

    @property
    def has_begun(self) -> bool:
        return self.overdue_timer is not None

    def answer(self, answer: _Answer) -> None:
        for asker in self.askers:
            if not asker.done():
                asker.set_result(answer)


class SystemResolver:
    """`getaddrinfo` in threads of its own; who asks for a name that is being looked up shares the answer.

    Not in the loop's own threads: libuv lets two lookups run at once, so that two dead name servers would stop all.
    """

    def __init__(self) -> None:
        self._turns = Turns(LOOKUP_LIMITS)
        self._pending: dict[str, _Lookup] = {}
        self._running: set[asyncio.Future[_Answer]] = set()
        # The oldest first, since each is known for the same time.
        self._known: OrderedDict[str, _Known] = OrderedDict()
        self._is_closed = False

    async def resolve(self, host: str, *, timeout_s: float) -> Sequence[str]:
        """Return all addresses of a host, in the system's order of preference (RFC 6724)."""
        loop = asyncio.get_running_loop()
        known = self._known.get(host)
        if known is not None and known.until > loop.time():
            if known.answer is None:
                raise DnsFailedError(f"{host} wasn't looked up: a moment ago, its name server didn't answer in time.")
            return known.answer
        answer = await self._ask(host, timeout_s=timeout_s)
        if isinstance(answer, _Failure):
            kind = LocalLimitError if answer.is_local else DnsFailedError
            raise kind(f"{host} can't be resolved: {answer.reason}.")
        return answer

    def close(self) -> None:
        """Begin no further lookup, and await none; those that are running end by themselves, or with the process."""
        self._is_closed = True
        for lookup in self._pending.values():
            lookup.answer(_CLOSED)
        for future in self._running:
            future.cancel()

    async def _ask(self, host: str, *, timeout_s: float) -> _Answer:
        lookup = self._pending.get(host) or self._add(host)
        asker: asyncio.Future[_Answer] = asyncio.get_running_loop().create_future()
        lookup.askers.add(asker)
        self._begin_lookups()
        try:
            async with asyncio.timeout(timeout_s):
                return await asker
        except TimeoutError:
            raise self._explain_timeout(host, lookup, timeout_s=timeout_s) from None
        finally:
            lookup.askers.discard(asker)
            if not lookup.askers and not lookup.has_begun and self._pending.get(host) is lookup:
                del self._pending[host]
                self._turns.withdraw(host)

    def _add(self, host: str) -> _Lookup:
        if len(self._pending) >= LOOKUPS_PENDING_MAX:
            raise LocalLimitError(f"{host} wasn't looked up: {LOOKUPS_PENDING_MAX} lookups are waiting already.")
        lookup = self._pending[host] = _Lookup()
        self._turns.wait(host)
        return lookup

    def _begin_lookups(self) -> None:
        while not self._is_closed and (host := self._turns.next()) is not None:
            loop = asyncio.get_running_loop()
            self._pending[host].overdue_timer = loop.call_later(SILENT_AFTER_S, self._note_overdue, host)
            try:
                future: asyncio.Future[_Answer] = run_in_thread(_look_up, host, name="egress-lookup")
            except RuntimeError as error:
                future = loop.create_future()
                future.set_result(_Failure(f"no thread could be started for it ({error})", is_local=True))
            self._running.add(future)
            future.add_done_callback(partial(self._end, host))

    def _note_overdue(self, host: str) -> None:
        self._turns.note_overdue(host)
        self._begin_lookups()

    def _end(self, host: str, done: "asyncio.Future[_Answer]") -> None:
        answer = _CLOSED if done.cancelled() else done.result()
        self._running.discard(done)
        self._turns.end(host)
        lookup = self._pending.pop(host)
        if lookup.overdue_timer is not None:
            lookup.overdue_timer.cancel()
        lookup.answer(answer)
        if not isinstance(answer, _Failure):
            self._remember(host, answer)
        self._begin_lookups()

    def _explain_timeout(self, host: str, lookup: _Lookup, *, timeout_s: float) -> EgressError:
        if lookup.has_begun:
            if self._turns.is_overdue(host):
                self._remember(host, None)
            return DnsFailedError(f"Looking up {host} took longer than {timeout_s:.3g} s.")
        unasked = f"{host} wasn't looked up within {timeout_s:.3g} s"
        if self._turns.is_held_up_by_its_own(host):
            return DnsFailedError(f"{unasked}: the name server of {domain_of(host)} is slow to answer.")
        return LocalLimitError(f"{unasked}: Ninefold was busy with lookups of other names.")

    def _remember(self, host: str, answer: Sequence[str] | None) -> None:
        now = asyncio.get_running_loop().time()
        self._known.pop(host, None)
        self._known[host] = _Known(answer, now + KNOWN_FOR_S)
        while len(self._known) > NAMES_KNOWN_MAX or next(iter(self._known.values())).until < now:
            self._known.popitem(last=False)


def _look_up(host: str) -> _Answer:
    """Return the addresses, or why there are none."""
    try:
        found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    except socket.gaierror as error:
        return _Failure(str(error.strerror or error))
    except OSError as error:
        # The system's own trouble, such as too many open files: it has nothing to do with the name.
        reason = os.strerror(error.errno) if error.errno else str(error)
        return _Failure(f"the system's resolver failed ({reason})", is_local=True)
    except UnicodeError:
        return _Failure("its form isn't that of a host name")
    addresses = dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found)
    return list(addresses) or _Failure("it has no address")

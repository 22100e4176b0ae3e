"""Decides which host name is looked up next, so that slow name servers can't hold up the lookups of other domains.

The system's resolver blocks a thread for as long as a name server doesn't answer, and nothing interrupts it. In one
queue for all names, a few domains whose name servers don't answer would hold every thread, and all deliveries would
fail.

A lookup that has run for long is slow (`LookupScheduler.mark_slow`). Each domain is new, responsive or unresponsive:

1. A new domain has one lookup at a time. It becomes responsive when one has ended without being slow, and may then have
   several at a time.
2. A domain becomes unresponsive when one of its lookups is slow. It becomes responsive again when a lookup ends without
   being slow while no other one is slow. Until then it has one lookup at a time, not counting the slow ones: that one
   shows when its name server answers again.
3. Unresponsive domains together may use only a part of the slots. The one whose last lookup started longest ago is
   next.
4. Some slots are reserved for responsive domains.
5. A slow lookup gives its slot to another one, as long as there are threads for both.
"""

from collections import OrderedDict
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

import msgspec

DOMAINS_TRACKED_MAX: Final = 4096
"""Domains whose state is remembered; the one that was used longest ago is forgotten first."""

_SECOND_LEVELS: Final = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "mil", "ne", "net", "nom", "or", "org"}
)
"""Labels under which countries register names, such as `co` in `example.co.uk`."""

_COUNTRY_LENGTH: Final = 2


def domain_of(host: str) -> str:
    """Return the domain that a host belongs to: usually one registration, with one set of name servers.

    It is guessed from the form of the name, without a list of public suffixes. Hosts of different owners in one domain
    share its lookups.
    """
    labels = host.split(".")
    is_registered_below = (
        len(labels) > _COUNTRY_LENGTH and len(labels[-1]) == _COUNTRY_LENGTH and labels[-2] in _SECOND_LEVELS
    )
    return ".".join(labels[-3:] if is_registered_below else labels[-2:])


class LookupLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many lookups may run at once; there are up to `slots + slow_max` threads."""

    slots: int
    """For all domains. A slow lookup doesn't use one, up to `slow_max` of them."""

    slots_reserved: int
    """Of the slots, those that only responsive domains may use."""

    per_domain_max: int
    """For one domain, slow lookups included."""

    unresponsive_max: int
    """For all unresponsive domains together, slow lookups included."""

    slow_max: int
    """Slow lookups that don't use a slot; any beyond that do."""


class LookupScheduler:
    """The host names that wait for a lookup or have one running, and the state of their domains."""

    def __init__(self, limits: LookupLimits) -> None:
        self._limits = limits
        self._domains: OrderedDict[str, _Domain] = OrderedDict()
        self._running: dict[str, _Domain] = {}
        self._slow: set[str] = set()
        # The domains that have names waiting, by state, the next one first. In a single queue, thousands of
        # unresponsive domains would have to be skipped to find a responsive one.
        self._queues: dict[_State, dict[str, _Domain]] = {state: {} for state in _State}
        self._start_count = 0

    def add(self, host: str) -> None:
        """Add a name to the queue of its domain."""
        domain = self._find(host)
        domain.waiting[host] = None
        if len(domain.waiting) == 1:
            self._enqueue(domain)

    def remove(self, host: str) -> None:
        """Remove a name that is still waiting."""
        domain = self._find(host)
        del domain.waiting[host]
        if not domain.waiting:
            self._enqueue(domain)

    def start_next(self) -> str | None:
        """Return the name whose lookup has to be started now; None if none is waiting, or none may start yet."""
        domain = self._choose()
        if domain is None:
            return None
        host = next(iter(domain.waiting))
        del domain.waiting[host]
        domain.running.add(host)
        self._start_count += 1
        domain.last_start = self._start_count
        self._running[host] = domain
        self._enqueue(domain)
        return host

    def mark_slow(self, host: str) -> None:
        """Record that a running lookup is slow, which makes its domain unresponsive."""
        domain = self._running[host]
        domain.slow.add(host)
        self._slow.add(host)
        self._set_state(domain, _State.UNRESPONSIVE)

    def finish(self, host: str) -> None:
        """Record that a lookup has ended, with an answer or an error: unless it was slow, the name server responded."""
        domain = self._running.pop(host)
        domain.running.remove(host)
        self._slow.discard(host)
        if host in domain.slow:
            domain.slow.remove(host)
        elif not domain.slow:
            self._set_state(domain, _State.RESPONSIVE)

    def is_slow(self, host: str) -> bool:
        """Whether the lookup of a name is running and slow."""
        return host in self._slow

    def is_blocked_by_own_domain(self, host: str) -> bool:
        """Whether a waiting name waits for lookups of its own domain, and not for those of others."""
        domain = self._find(host)
        return bool(domain.slow) or not self._has_room(domain)

    def _choose(self) -> "_Domain | None":
        """Return the domain that may start a lookup: unresponsive ones first, then new ones, within their limits."""
        limits = self._limits
        free = limits.slots - len(self._running) + min(len(self._slow), limits.slow_max)
        if free <= 0:
            return None
        if sum(domain.state is _State.UNRESPONSIVE for domain in self._running.values()) < limits.unresponsive_max:
            unresponsive = self._with_room(_State.UNRESPONSIVE)
            if domain := min(unresponsive, key=lambda domain: domain.last_start, default=None):
                return domain
        # Only domains that have a lookup running are skipped here, so the search is short.
        if free > limits.slots_reserved and (domain := next(self._with_room(_State.NEW), None)):
            return domain
        return next(self._with_room(_State.RESPONSIVE), None)

    def _with_room(self, state: "_State") -> "Iterator[_Domain]":
        return filter(self._has_room, self._queues[state].values())

    def _has_room(self, domain: "_Domain") -> bool:
        """Whether a domain's own limits allow one more lookup."""
        if len(domain.running) >= self._limits.per_domain_max:
            return False
        return domain.state is _State.RESPONSIVE or len(domain.running) == len(domain.slow)

    def _set_state(self, domain: "_Domain", state: "_State") -> None:
        if domain.state is not state:
            self._queues[domain.state].pop(domain.name, None)
            domain.state = state
            self._enqueue(domain)

    def _enqueue(self, domain: "_Domain") -> None:
        """Move a domain to the end of its queue, or out of it if no name of it is waiting."""
        queue = self._queues[domain.state]
        queue.pop(domain.name, None)
        if domain.waiting:
            queue[domain.name] = domain

    def _find(self, host: str) -> "_Domain":
        name = domain_of(host)
        domain = self._domains.setdefault(name, _Domain(name))
        self._domains.move_to_end(name)
        if len(self._domains) > DOMAINS_TRACKED_MAX:
            self._evict_one()
        return domain

    def _evict_one(self) -> None:
        name, oldest = next(iter(self._domains.items()))
        if oldest.is_idle:
            del self._domains[name]
        else:
            # It is in use: the next eviction tries another one.
            self._domains.move_to_end(name)


class _State(Enum):
    NEW = auto()
    RESPONSIVE = auto()
    UNRESPONSIVE = auto()


class _Domain:
    """The names of a domain that wait, in order, and those that are being looked up, slow ones included."""

    __slots__ = ("last_start", "name", "running", "slow", "state", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: dict[str, None] = {}
        self.running: set[str] = set()
        self.slow: set[str] = set()
        self.state = _State.NEW
        self.last_start = 0

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.running

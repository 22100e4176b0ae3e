"""Who is looked up next: domains take turns, and those whose name server is silent can't hold up the others.

A silent name server holds a thread for as long as the system's resolver waits for it, and nothing interrupts that. In
one queue for all, the names of a few silent domains would hold every thread, and everybody's deliveries would fail.

A lookup that has run for long is overdue. By that, each domain is new, answers or is silent:

1. A new one has one lookup at a time. It answers as soon as one has ended in time, and may then have several.
2. It is silent as soon as one is overdue, and until one ends in time with none overdue. Meanwhile it has one at a time
   beside those that are overdue, by which Ninefold learns when it answers again.
3. All silent ones together have a part of the places; whose last turn is longest ago comes first.
4. Some places are kept for those that answer.
5. Overdue lookups leave their places to others, as far as there are threads for both.
"""

from collections import OrderedDict
from collections.abc import Iterator
from enum import Enum, auto
from typing import Final

import msgspec

DOMAINS_KNOWN_MAX: Final = 4096
"""Domains of which is known whether they answer; those that had nothing to do for longest are forgotten first."""

_SECOND_LEVELS: Final = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "mil", "ne", "net", "nom", "or", "org"}
)
"""What countries have names registered below, such as `co.uk`."""

_COUNTRY_LENGTH: Final = 2


def domain_of(host: str) -> str:
    """Return the domain that a host belongs to: as a rule what one owner has registered, and one name server answers.

    It is a guess by form, and needs no list: whoever shares a domain with others shares its turns too.
    """
    labels = host.split(".")
    is_registered_below = (
        len(labels) > _COUNTRY_LENGTH and len(labels[-1]) == _COUNTRY_LENGTH and labels[-2] in _SECOND_LEVELS
    )
    return ".".join(labels[-3:] if is_registered_below else labels[-2:])


class TurnLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How many lookups there may be at once."""

    places: int
    """For all domains; overdue lookups leave theirs."""

    kept: int
    """Of the places, those for domains that answer."""

    per_domain: int
    """Of each domain, overdue ones included."""

    silent: int
    """Of all silent domains together, overdue ones included."""

    overdue: int
    """That have left their places. Those beyond keep them."""


class Turns:
    """The names that wait for their turn or have it, and what is known of their domains."""

    def __init__(self, limits: TurnLimits) -> None:
        self._limits = limits
        self._domains: OrderedDict[str, _Domain] = OrderedDict()
        self._running: dict[str, _Domain] = {}
        self._overdue: set[str] = set()
        # Domains with names that wait, in the order of their turns. Were it one queue, thousands of silent ones would
        # have to be passed over for each that answers.
        self._queues: dict[_Standing, dict[str, _Domain]] = {standing: {} for standing in _Standing}
        self._turn_count = 0

    def wait(self, host: str) -> None:
        """Let a name wait for its turn, behind those of its domain."""
        domain = self._find(host)
        domain.waiting[host] = None
        if len(domain.waiting) == 1:
            self._enqueue(domain)

    def withdraw(self, host: str) -> None:
        """Let a name wait no longer."""
        domain = self._find(host)
        del domain.waiting[host]
        if not domain.waiting:
            self._enqueue(domain)

    def next(self) -> str | None:
        """Return the name whose turn begins now; None if nobody waits, or all who wait have to."""
        domain = self._choose()
        if domain is None:
            return None
        host = next(iter(domain.waiting))
        del domain.waiting[host]
        domain.running.add(host)
        self._turn_count += 1
        domain.last_turn = self._turn_count
        self._running[host] = domain
        self._enqueue(domain)
        return host

    def note_overdue(self, host: str) -> None:
        """Take note that a name's turn has lasted for so long that its domain counts as silent."""
        domain = self._running[host]
        domain.overdue.add(host)
        self._overdue.add(host)
        self._judge(domain, _Standing.SILENT)

    def end(self, host: str) -> None:
        """Take note that a name's turn is over: whatever the answer, it came in time unless the lookup was overdue."""
        domain = self._running.pop(host)
        domain.running.remove(host)
        self._overdue.discard(host)
        if host in domain.overdue:
            domain.overdue.remove(host)
        elif not domain.overdue:
            self._judge(domain, _Standing.ANSWERS)

    def is_overdue(self, host: str) -> bool:
        """Whether a name's turn has lasted that long."""
        return host in self._overdue

    def is_held_up_by_its_own(self, host: str) -> bool:
        """Whether a name that waits does so for lookups of its own domain, and not for those of others."""
        domain = self._find(host)
        return bool(domain.overdue) or not self._has_room(domain)

    def _choose(self) -> "_Domain | None":
        """Return the domain whose turn it is: the less is known for it, the earlier, but with fewer places."""
        limits = self._limits
        free = limits.places - len(self._running) + min(len(self._overdue), limits.overdue)
        if free <= 0:
            return None
        if sum(domain.standing is _Standing.SILENT for domain in self._running.values()) < limits.silent:
            silent = self._with_room(_Standing.SILENT)
            if domain := min(silent, key=lambda domain: domain.last_turn, default=None):
                return domain
        # Of these, few are passed over: each has a lookup that runs.
        if free > limits.kept and (domain := next(self._with_room(_Standing.NEW), None)):
            return domain
        return next(self._with_room(_Standing.ANSWERS), None)

    def _with_room(self, standing: "_Standing") -> "Iterator[_Domain]":
        return filter(self._has_room, self._queues[standing].values())

    def _has_room(self, domain: "_Domain") -> bool:
        """Whether one more name of a domain could have its turn, as far as that depends on the domain."""
        if len(domain.running) >= self._limits.per_domain:
            return False
        return domain.standing is _Standing.ANSWERS or len(domain.running) == len(domain.overdue)

    def _judge(self, domain: "_Domain", standing: "_Standing") -> None:
        if domain.standing is not standing:
            self._queues[domain.standing].pop(domain.name, None)
            domain.standing = standing
            self._enqueue(domain)

    def _enqueue(self, domain: "_Domain") -> None:
        """Put a domain at the end of its queue if names of it wait, and else in none."""
        queue = self._queues[domain.standing]
        queue.pop(domain.name, None)
        if domain.waiting:
            queue[domain.name] = domain

    def _find(self, host: str) -> "_Domain":
        name = domain_of(host)
        domain = self._domains.setdefault(name, _Domain(name))
        self._domains.move_to_end(name)
        if len(self._domains) > DOMAINS_KNOWN_MAX:
            self._forget_one()
        return domain

    def _forget_one(self) -> None:
        name, oldest = next(iter(self._domains.items()))
        if oldest.is_idle:
            del self._domains[name]
        else:
            # The next one to be forgotten is another.
            self._domains.move_to_end(name)


class _Standing(Enum):
    NEW = auto()
    ANSWERS = auto()
    SILENT = auto()


class _Domain:
    """Its names that wait, in order; those that have their turn, overdue or not; and what is known of it."""

    __slots__ = ("last_turn", "name", "overdue", "running", "standing", "waiting")

    def __init__(self, name: str) -> None:
        self.name = name
        self.waiting: dict[str, None] = {}
        self.running: set[str] = set()
        self.overdue: set[str] = set()
        self.standing = _Standing.NEW
        self.last_turn = 0

    @property
    def is_idle(self) -> bool:
        return not self.waiting and not self.running

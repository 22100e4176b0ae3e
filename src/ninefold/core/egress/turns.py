"""Who is looked up next: groups of names take turns, and none has more than its share of the threads.

A silent name server holds a thread for as long as the system's resolver waits for it. In one queue for all, the names
of one domain whose server is silent would hold every thread, and everybody's deliveries would fail for it.
"""

from typing import Final

_SECOND_LEVELS: Final = frozenset(
    {"ac", "co", "com", "edu", "go", "gob", "gov", "mil", "ne", "net", "nom", "or", "org"}
)
"""What countries have names registered below, such as `co.uk`."""

_COUNTRY_LENGTH: Final = 2


def group_of(host: str) -> str:
    """Return the domain that a host belongs to: as a rule what one owner has registered, and one name server answers.

    It is a guess by form, and needs no list: whoever shares a domain with others shares its turns too.
    """
    labels = host.split(".")
    is_registered_below = (
        len(labels) > _COUNTRY_LENGTH and len(labels[-1]) == _COUNTRY_LENGTH and labels[-2] in _SECOND_LEVELS
    )
    return ".".join(labels[-3:] if is_registered_below else labels[-2:])


class Turns:
    """The names that wait, by group, and how many of each group have their turn.

    Args:
        at_once_max: names of all groups that have their turn.
        at_once_per_group_max: of each group.
    """

    def __init__(self, *, at_once_max: int, at_once_per_group_max: int) -> None:
        self._at_once_max = at_once_max
        self._at_once_per_group_max = at_once_per_group_max
        # In the order of their turns; a name leaves from the middle if nobody waits for it any more.
        self._waiting: dict[str, dict[str, None]] = {}
        self._active: dict[str, int] = {}
        self._active_count = 0

    def wait(self, host: str) -> None:
        """Let a name wait for its turn, behind those of its group."""
        self._waiting.setdefault(group_of(host), {})[host] = None

    def withdraw(self, host: str) -> None:
        """Let a name wait no longer."""
        self._leave(group_of(host), host)

    def next(self) -> str | None:
        """Return the name whose turn begins now; None if nobody waits, or all who wait have to."""
        if self._active_count >= self._at_once_max:
            return None
        # Few groups are passed over: no more than there is room for.
        group = next((group for group in self._waiting if not self.is_at_its_share(group)), None)
        if group is None:
            return None
        host = next(iter(self._waiting[group]))
        self._leave(group, host)
        if group in self._waiting:
            self._waiting[group] = self._waiting.pop(group)
        self._active[group] = self._active.get(group, 0) + 1
        self._active_count += 1
        return host

    def end(self, host: str) -> None:
        """Take note that a name's turn is over."""
        group = group_of(host)
        self._active_count -= 1
        self._active[group] -= 1
        if not self._active[group]:
            del self._active[group]

    def is_at_its_share(self, group: str) -> bool:
        """Whether a group has as many turns at once as it may have."""
        return self._active.get(group, 0) >= self._at_once_per_group_max

    def _leave(self, group: str, host: str) -> None:
        names = self._waiting[group]
        del names[host]
        if not names:
            del self._waiting[group]

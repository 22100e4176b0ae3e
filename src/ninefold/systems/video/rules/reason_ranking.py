"""Which of the titles that somebody has watched get a row of recommendations."""

from collections import Counter
from collections.abc import Sequence
from uuid import UUID


def best_reasons(reasons: Sequence[UUID], *, items_min: int, count: int) -> list[UUID]:
    """Return the reasons with the best recommendations, best first: those that fill the beginning of a row first.

    How long a row is doesn't count. The longest one is often that of the recommendations that are left in the end.

    Args:
        reasons: the watched title that each recommendation is because of; the best recommendation first.
        items_min: how many recommendations a row has at least.
        count: how many reasons are returned at most.
    """
    found: list[UUID] = []
    counts: Counter[UUID] = Counter()
    for reason in reasons:
        counts[reason] += 1
        if counts[reason] == items_min:
            found.append(reason)
    return found[:count]

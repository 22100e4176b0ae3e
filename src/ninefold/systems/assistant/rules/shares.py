"""How many of a worker's places one organisation, and one of its members, can have.

A place that is taken stays taken until its response ends. So some places are always kept for others: then those
who ask for the first time don't wait for the answers of those who ask a lot.
"""


def organisation_places_max(concurrency: int) -> int:
    """Return how many places of a worker one organisation can have: about three quarters."""
    return max(1, concurrency - max(1, concurrency // 4))


def asker_places_max(concurrency: int) -> int:
    """Return how many places one account or API key can have: about three quarters of its organisation's."""
    return organisation_places_max(organisation_places_max(concurrency))

"""Which watched titles get a row of recommendations."""

from uuid import UUID

from ninefold.systems.video.rules.reason_ranking import best_reasons

SEA, CITY, DESERT = UUID(int=1), UUID(int=2), UUID(int=3)


def test_many_poor_recommendations_dont_displace_a_few_good_ones() -> None:
    reasons = [CITY] * 3 + [SEA] * 4 + [DESERT] * 12
    assert best_reasons(reasons, items_min=3, count=2) == [CITY, SEA]


def test_a_reason_with_too_few_recommendations_has_no_row() -> None:
    assert best_reasons([CITY, CITY, SEA, SEA, SEA], items_min=3, count=2) == [SEA]
    assert best_reasons([], items_min=3, count=2) == []

"""How the attempts to one subscription are divided among tiers."""

from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.rules.tiers import divide

SHARES = (50.0, 40.0, 10.0)


@given(counts=st.lists(st.integers(1, 5), min_size=200, max_size=200))
def test_in_the_long_run_each_tier_gets_its_share(counts: list[int]) -> None:
    credits_left: dict[int, float] = {}
    got = dict.fromkeys(range(3), 0)
    for count in counts:
        parts, credits_left = divide(count, [0, 1, 2], shares=SHARES, credits_before=credits_left)
        assert sum(parts.values()) == count
        for tier, part in parts.items():
            got[tier] += part
    for tier, share in enumerate(SHARES):
        assert abs(got[tier] - sum(counts) * share / 100) <= 2


def test_a_single_attempt_goes_to_the_most_urgent_tier_first() -> None:
    parts, credits_left = divide(1, [0, 2], shares=SHARES, credits_before={})
    assert parts == {0: 1, 2: 0}
    for _ in range(6):
        parts, credits_left = divide(1, [0, 2], shares=SHARES, credits_before=credits_left)
        if parts[2]:
            return
    raise AssertionError("bulk deliveries never get their turn")


@given(
    count=st.integers(0, 50),
    tiers=st.sets(st.integers(0, 2), min_size=1).map(sorted),
    credits_before=st.dictionaries(st.integers(0, 2), st.floats(-1, 1)),
)
def test_never_more_is_divided_than_there_is(count: int, tiers: list[int], credits_before: dict[int, float]) -> None:
    parts, _ = divide(count, tiers, shares=SHARES, credits_before=credits_before)
    assert sum(parts.values()) == count
    assert set(parts) == set(tiers)

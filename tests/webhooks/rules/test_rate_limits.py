"""The token bucket of a subscription."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.rules.rate_limits import BURST_S, TokenBucket


def test_an_unused_bucket_allows_a_burst_and_then_the_rate() -> None:
    bucket = TokenBucket(10.0, now_s=0.0)
    assert bucket.available(0.0) == 10
    bucket.take(10)
    assert bucket.available(0.0) == 0
    assert bucket.available(0.25) == 2
    assert bucket.available(60.0) == 10


def test_a_rate_below_one_still_allows_an_attempt_now_and_then() -> None:
    bucket = TokenBucket(0.1, now_s=0.0)
    bucket.take(bucket.available(0.0))
    assert bucket.available(9.0) == 0
    assert bucket.available(10.0) == 1


def test_tokens_that_are_returned_can_be_taken_again_but_never_exceed_the_burst() -> None:
    bucket = TokenBucket(5.0, now_s=0.0)
    bucket.take(3)
    bucket.give_back(3)
    bucket.give_back(100)
    assert bucket.available(0.0) == 5


@pytest.mark.parametrize(("halvings", "available"), [(1, 50), (2, 25), (20, 1)])
def test_a_throttled_bucket_is_slower_and_recovers_with_each_accepted_request(halvings: int, available: int) -> None:
    bucket = TokenBucket(100.0, now_s=0.0)
    for _ in range(halvings):
        bucket.slow_down(until_s=0.0)
    bucket.take(bucket.available(0.0))
    assert bucket.available(1.0) == pytest.approx(available, abs=1)
    for _ in range(50):
        bucket.recover()
    bucket.take(bucket.available(1.0))
    assert bucket.available(2.0) == 100


def test_after_a_throttling_no_burst_comes_but_one_request_and_then_the_others_at_the_rate() -> None:
    bucket = TokenBucket(100.0, now_s=0.0)
    bucket.slow_down(until_s=10.0)
    assert bucket.available(9.9) == 1
    assert [bucket.take_one(10.0) for _ in range(2)] == [True, False]
    assert [bucket.take_one(10.0 + 0.021 * number) for number in range(1, 4)] == [True, True, True]


def test_a_changed_limit_keeps_the_slow_down() -> None:
    bucket = TokenBucket(100.0, now_s=0.0)
    bucket.slow_down(until_s=0.0)
    bucket.change_limit(10.0)
    bucket.take(bucket.available(0.0))
    assert bucket.available(1.0) == 5


@given(
    rate=st.floats(min_value=0.01, max_value=10_000.0),
    steps=st.lists(st.tuples(st.floats(min_value=0.0, max_value=10.0), st.integers(0, 1_000)), max_size=50),
)
def test_no_sequence_of_requests_gets_more_than_a_burst_and_the_rate(
    rate: float, steps: list[tuple[float, int]]
) -> None:
    bucket, now_s, taken = TokenBucket(rate, now_s=0.0), 0.0, 0
    for wait_s, wanted in steps:
        now_s += wait_s
        count = min(wanted, bucket.available(now_s))
        bucket.take(count)
        taken += count
    assert taken <= max(1.0, rate * BURST_S) + rate * now_s + 1e-6 * max(1.0, rate * now_s)

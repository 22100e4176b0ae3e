from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.rate_limits import TokenBucket, TokenBuckets

RATES = st.floats(min_value=0.01, max_value=1_000)
BURSTS = st.integers(min_value=1, max_value=100)
PAUSES = st.lists(st.floats(min_value=0, max_value=10), max_size=200)


@given(RATES, BURSTS, PAUSES)
def test_no_more_than_the_burst_and_the_rate_is_let_through(rate: float, burst: int, pauses: list[float]) -> None:
    now_s, taken = 0.0, 0
    bucket = TokenBucket(rate_per_s=rate, burst_max=burst, now_s=now_s)
    for pause in pauses:
        now_s += pause
        taken += bucket.take(now_s=now_s) == 0

    assert taken <= burst + rate * now_s + 1e-6


@given(RATES, BURSTS, st.integers(min_value=0, max_value=200))
def test_after_the_time_that_it_names_there_is_a_token(rate: float, burst: int, count: int) -> None:
    bucket = TokenBucket(rate_per_s=rate, burst_max=burst, now_s=0)
    retry_after_s = 0
    for _ in range(count):
        retry_after_s = bucket.take(now_s=0)

    assert bucket.take(now_s=retry_after_s + 1e-6) == 0 or retry_after_s == 0
    assert retry_after_s == 0 or count > burst


@given(RATES, BURSTS, st.integers(min_value=0, max_value=200))
def test_callers_without_a_proof_leave_half_of_a_full_bucket(rate: float, burst: int, count: int) -> None:
    bucket = TokenBucket(rate_per_s=rate, burst_max=burst, now_s=0)
    unproven = [bucket.take(now_s=0, is_proven=False) for _ in range(count)]
    proven = [bucket.take(now_s=0) for _ in range(burst)]

    assert unproven.count(0) == min(count, max(1, burst // 2))
    assert proven.count(0) == burst - unproven.count(0)


@given(RATES, BURSTS)
def test_asking_takes_nothing(rate: float, burst: int) -> None:
    bucket = TokenBucket(rate_per_s=rate, burst_max=burst, now_s=0)

    assert [bucket.wait_s(now_s=0) for _ in range(burst + 1)] == [0] * (burst + 1)
    assert bucket.take(now_s=0) == 0


def test_only_the_callers_that_were_used_least_recently_are_forgotten() -> None:
    buckets: TokenBuckets[str] = TokenBuckets(buckets_max=2)

    def take(caller: str) -> int:
        return buckets.find(caller, rate_per_s=1, burst_max=1, now_s=0).take(now_s=0)

    assert [take("ines"), take("tomas"), take("ines"), take("nadia")] == [0, 0, 1, 0]
    # Now there is no room for tomas.
    assert [take("ines"), take("tomas")] == [1, 0]

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.jobs.backoff import DELAY_S_MAX, Backoff, next_delay_s

UNITS = st.floats(0, 1)


@st.composite
def backoffs(draw: st.DrawFn) -> Backoff:
    first_s = draw(st.floats(0.001, 1_000))
    return Backoff(
        first_s=first_s,
        max_s=draw(st.floats(first_s, DELAY_S_MAX)),
        jitter_ratio=draw(st.floats(0, 1, exclude_max=True)),
    )


@pytest.mark.parametrize(
    ("attempts_failed", "delay_s"), [(1, 5.0), (2, 10.0), (3, 20.0), (10, 2_560.0), (11, 3_600.0), (10_000, 3_600.0)]
)
def test_delays_double_up_to_the_maximum(attempts_failed: int, delay_s: float) -> None:
    assert next_delay_s(Backoff(), attempts_failed=attempts_failed, random_unit=0.5) == delay_s


@given(backoff=backoffs(), attempts_failed=st.integers(1, 10**9), random_unit=UNITS)
def test_a_delay_never_exceeds_the_maximum_plus_jitter(
    backoff: Backoff, attempts_failed: int, random_unit: float
) -> None:
    delay_s = next_delay_s(backoff, attempts_failed=attempts_failed, random_unit=random_unit)

    assert 0 < delay_s <= backoff.max_s * (1 + backoff.jitter_ratio)


@given(backoff=backoffs(), attempts_failed=st.integers(1, 100), random_unit=UNITS)
def test_a_later_attempt_never_has_a_shorter_delay(backoff: Backoff, attempts_failed: int, random_unit: float) -> None:
    delays_s = [
        next_delay_s(backoff, attempts_failed=count, random_unit=random_unit)
        for count in (attempts_failed, attempts_failed + 1)
    ]

    assert delays_s == sorted(delays_s)


def test_jitter_spreads_around_the_delay() -> None:
    backoff = Backoff(first_s=100.0, jitter_ratio=0.1)

    delays_s = [next_delay_s(backoff, attempts_failed=1, random_unit=unit) for unit in (0.0, 0.5, 1.0)]

    assert delays_s == pytest.approx([90.0, 100.0, 110.0])


@pytest.mark.parametrize(
    "fields", [{"first_s": 0.0}, {"first_s": 10.0, "max_s": 5.0}, {"max_s": DELAY_S_MAX + 1}, {"jitter_ratio": 1.0}]
)
def test_invalid_delays_are_rejected(fields: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="Invalid backoff"):
        Backoff(**fields)

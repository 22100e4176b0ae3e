"""What alerts say."""

from datetime import timedelta

import pytest

from ninefold.systems.webhooks.rules.alert_texts import minutes_text, slow_texts


@pytest.mark.parametrize(
    ("p99_ms", "text"),
    [(6_980.0, "6.98 s"), (59_990.0, "60 s"), (295_733.0, "5 min"), (1_580_000.0, "26 min"), (9_000_000.0, "2.5 h")],
)
def test_a_long_delivery_time_is_shown_in_minutes_and_hours(p99_ms: float, text: str) -> None:
    title, detail = slow_texts(p99_ms=p99_ms, deliveries=216, window=timedelta(minutes=1))

    assert title == f"Deliveries are slow: p99 is {text}"
    assert f"in the last minute, one in a hundred took about {text} or more" in detail


def test_one_minute_is_not_counted() -> None:
    assert [minutes_text(timedelta(minutes=count)) for count in (1, 15)] == ["minute", "15 minutes"]

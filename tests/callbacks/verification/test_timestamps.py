from datetime import UTC, datetime

import pytest

from ninefold.systems.callbacks.verification.rejection import RejectionError
from ninefold.systems.callbacks.verification.schemes import TimeUnit
from ninefold.systems.callbacks.verification.timestamps import check_age

RECEIVED_AT = datetime(2026, 8, 1, 12, 0, 0, tzinfo=UTC)


def reason(text: str, unit: TimeUnit) -> str | None:
    try:
        check_age(text, unit=unit, tolerance_s=300, received_at=RECEIVED_AT, place="X-Time")
    except RejectionError as error:
        return error.rejected.reason
    return None


@pytest.mark.parametrize(
    ("text", "unit", "expected"),
    [
        ("1785585600", "s", None),
        ("1785585300", "s", None),
        ("1785585900", "s", None),
        ("1785585299", "s", "timestamp_too_old"),
        ("1785585901", "s", "timestamp_in_future"),
        ("1785585600000", "ms", None),
        ("1785585299999", "ms", "timestamp_too_old"),
        ("17855856000", "s", "timestamp_in_future"),
        ("1785585600000", "s", "timestamp_malformed"),
        ("1785585600", "ms", "timestamp_too_old"),
        ("2026-08-01T12:00:00Z", "iso8601", None),
        ("2026-08-01T14:00:00+02:00", "iso8601", None),
        ("2026-08-01T12:00:00", "iso8601", None),
        ("2026-08-01T11:54:59Z", "iso8601", "timestamp_too_old"),
        ("", "s", "timestamp_malformed"),
        ("-1", "s", "timestamp_malformed"),
        ("1785585600.5", "s", "timestamp_malformed"),
        (" 1785585600", "s", "timestamp_malformed"),
        ("١٧٨٥٥٨٥٦٠٠", "s", "timestamp_malformed"),
        ("9" * 15, "s", "timestamp_malformed"),
        ("9" * 5_000, "s", "timestamp_malformed"),
        ("soon", "iso8601", "timestamp_malformed"),
    ],
)
def test_a_request_is_as_old_as_the_time_between_sending_and_receipt(
    text: str, unit: TimeUnit, expected: str | None
) -> None:
    assert reason(text, unit) == expected

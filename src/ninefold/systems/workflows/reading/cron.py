"""Validates the times of `schedule`."""

import re
from datetime import UTC, datetime
from typing import Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from cronsim import CronSim, CronSimError

_NAMES: Final = "JAN|FEB|MAR|APR|MAY|JUN|JUL|AUG|SEP|OCT|NOV|DEC|SUN|MON|TUE|WED|THU|FRI|SAT"
_FIELD: Final = rf"(?:[0-9*,/-]|{_NAMES})+"
_CRON: Final = re.compile(rf"{_FIELD}(?: +{_FIELD}){{4}}", re.IGNORECASE)
_ANY_TIME: Final = datetime(2026, 1, 1, tzinfo=UTC)

CRON_LENGTH_MAX: Final = 200


def is_cron(text: str) -> bool:
    """Return whether a text has five valid fields: minute, hour, day of the month, month, day of the week."""
    if len(text) > CRON_LENGTH_MAX or not _CRON.fullmatch(text):
        return False
    try:
        CronSim(text, _ANY_TIME)
    except CronSimError:
        return False
    return True


def is_timezone(name: str) -> bool:
    """Return whether a name is that of a time zone of the IANA database, such as `Europe/Berlin`."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True

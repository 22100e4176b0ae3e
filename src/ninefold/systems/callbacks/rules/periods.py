"""From when until when callbacks are replayed."""

from datetime import UTC, datetime
from typing import Final

from ninefold.core.errors import InvalidInputError

EARLIEST: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""Earlier times may be too early for UTC, and nothing was received then."""

_REMEDY: Final = "Give times such as 2026-01-31T12:00:00Z, since before until."


def replay_period(since: datetime, until: datetime | None, *, now: datetime) -> tuple[datetime, datetime]:
    """Return a period in UTC that ends now at the latest.

    Args:
        since: aware, in any zone.
        until: aware; None for now.
        now: the time.

    Raises:
        InvalidInputError: the period is empty, or begins in the future or before `EARLIEST`; the error names the field.
    """
    if not EARLIEST <= since < now:
        raise InvalidInputError(
            "It is in the future, or before 1970.",
            field="since",
            remedy=_REMEDY,
        )
    if until is not None and until <= since:
        raise InvalidInputError("It isn't after since.", field="until", remedy=_REMEDY)
    return since.astimezone(UTC), now if until is None or until > now else until.astimezone(UTC)

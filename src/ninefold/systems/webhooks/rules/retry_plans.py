"""The retry delays that a subscription can set itself: a preset, or a list."""

from collections.abc import Mapping, Sequence
from typing import Final

from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.model import RetryPlan
from ninefold.systems.webhooks.settings import RETRY_DELAYS_COUNT_MAX

RETRY_PRESETS: Final[Mapping[str, tuple[float, ...]]] = {
    # 31 s in total.
    "quick": (1, 2, 4, 8, 16),
    # 3 h 51 min in total: 5 s, 1 min, 5 min, 15 min, 30 min, 1 h, 2 h.
    "hours": (5, 60, 300, 900, 1_800, 3_600, 7_200),
    # 23 h 35 min in total: 5 s, 5 min, 30 min, 2 h, 5 h, 6 h, 10 h. This fits into the default horizon of 24 hours.
    "day": (5, 300, 1_800, 7_200, 18_000, 21_600, 36_000),
}
"""Seconds before each retry, by the name of the preset."""

_FIELD: Final = "retry_schedule"


def make_retry_plan(schedule: str | Sequence[float], *, horizon_s: float) -> RetryPlan:
    """Return the plan of a preset's name or of a list of delays.

    Args:
        schedule: the name, or the seconds before each retry.
        horizon_s: the duration of a round. A retry after its end would never be made.

    Raises:
        InvalidInputError: there is no such preset, or the delays aren't possible; the error names the field.
    """
    if isinstance(schedule, str):
        plan = RetryPlan(delays_s=_find_preset(schedule), preset=schedule)
    else:
        _check_delays(schedule)
        plan = RetryPlan(delays_s=tuple(schedule), preset=None)
    total_s = sum(plan.delays_s)
    # Written this way, the condition also rejects NaN.
    if not total_s <= horizon_s:
        raise InvalidInputError(
            f"The delays add up to {total_s:,.10g} s, but retries are made for {horizon_s:,.10g} s only.",
            field=_FIELD,
            remedy="Choose shorter or fewer delays, or ask the operator to raise NINEFOLD_WEBHOOKS_RETRY_HORIZON_S.",
        )
    return plan


def _find_preset(name: str) -> tuple[float, ...]:
    if name not in RETRY_PRESETS:
        raise InvalidInputError(
            f"There is no preset {name[:40]!r}.",
            field=_FIELD,
            remedy=f"Use {', '.join(RETRY_PRESETS)}, or a list with the seconds before each retry.",
        )
    return RETRY_PRESETS[name]


def _check_delays(delays_s: Sequence[float]) -> None:
    if not 0 < len(delays_s) <= RETRY_DELAYS_COUNT_MAX:
        raise InvalidInputError(
            f"A retry schedule has 1 to {RETRY_DELAYS_COUNT_MAX} delays, not {len(delays_s)}.",
            field=_FIELD,
            remedy="Give the seconds before each retry, such as [5, 60, 600].",
        )
    for position, delay_s in enumerate(delays_s):
        if not delay_s > 0:
            raise InvalidInputError(
                f"A delay of {delay_s} s isn't possible.",
                field=f"{_FIELD}[{position}]",
                remedy="Give a positive number of seconds for each retry.",
            )

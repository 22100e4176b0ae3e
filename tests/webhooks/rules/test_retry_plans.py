"""Retry plans: presets and lists, and what can't be one."""

import math
from collections.abc import Sequence

import pytest

from ninefold.core.errors import InvalidInputError
from ninefold.systems.webhooks.model import RetryPlan
from ninefold.systems.webhooks.rules.retry_plans import RETRY_PRESETS, make_retry_plan
from ninefold.systems.webhooks.settings import RETRY_DELAYS_COUNT_MAX, WebhooksSettings

DAY_S = WebhooksSettings().retry_horizon_s


@pytest.mark.parametrize("name", RETRY_PRESETS)
def test_every_preset_fits_into_the_default_horizon(name: str) -> None:
    assert make_retry_plan(name, horizon_s=DAY_S) == RetryPlan(delays_s=RETRY_PRESETS[name], preset=name)


def test_the_presets_are_those_of_the_documentation() -> None:
    totals = {name: sum(delays_s) for name, delays_s in RETRY_PRESETS.items()}

    assert totals == {"quick": 31, "hours": 13_865, "day": 84_905}
    assert RETRY_PRESETS["quick"] == WebhooksSettings().retry_delays_s


def test_a_list_is_a_plan_without_a_preset() -> None:
    assert make_retry_plan([5, 0.5], horizon_s=DAY_S) == RetryPlan(delays_s=(5, 0.5), preset=None)


@pytest.mark.parametrize(
    ("schedule", "field"),
    [
        ("Quick", "retry_schedule"),
        ("1,2", "retry_schedule"),
        ([], "retry_schedule"),
        ([1.0] * (RETRY_DELAYS_COUNT_MAX + 1), "retry_schedule"),
        ([1, 0], "retry_schedule[1]"),
        ([math.nan], "retry_schedule[0]"),
        ([math.inf], "retry_schedule"),
        ([DAY_S, 1], "retry_schedule"),
    ],
)
def test_the_error_names_the_field(schedule: str | Sequence[float], field: str) -> None:
    with pytest.raises(InvalidInputError) as caught:
        make_retry_plan(schedule, horizon_s=DAY_S)

    assert caught.value.field == field
    assert caught.value.remedy


def test_a_preset_that_is_longer_than_the_horizon_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="84,905 s, but retries are made for 3,600 s only"):
        make_retry_plan("day", horizon_s=3_600)

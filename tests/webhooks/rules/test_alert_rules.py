"""When alerts fire and are resolved: once each, and not by turns for a value that swings around its threshold."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.ids import new_id
from ninefold.systems.webhooks.model.alerts import AlertKey, FiringAlert, Reading
from ninefold.systems.webhooks.model.figures import AlertKind
from ninefold.systems.webhooks.rules.alert_rules import ALERT_RULES, CLEAR_RATIO, decide
from ninefold.systems.webhooks.settings import WebhooksSettings

NOON = datetime(2026, 11, 27, 12, tzinfo=UTC)
KEY = AlertKey(new_id(), AlertKind.RETRY_SHARE)
CLEAR_AFTER = timedelta(seconds=60)


def reading(value: float, *, threshold: float = 0.2) -> Reading:
    return Reading(key=KEY, value=value, threshold=threshold, title="", detail="")


class Simulation:
    """The alerts of one key, as the table would have them."""

    def __init__(self) -> None:
        self.firing: list[FiringAlert] = []
        self.log: list[str] = []

    def step(self, now: datetime, readings: Sequence[Reading]) -> None:
        decisions = decide(readings, self.firing, now=now, clear_after=CLEAR_AFTER)
        still = [alert for alert in self.firing if alert.alert_id not in decisions.resolved]
        self.firing = [
            FiringAlert(
                alert_id=alert.alert_id,
                key=alert.key,
                clear_since=decisions.clear_since.get(alert.alert_id, alert.clear_since),
            )
            for alert in still
        ]
        self.log += ["resolved"] * len(decisions.resolved) + ["fired"] * len(decisions.fired)
        self.firing += [FiringAlert(alert_id=new_id(), key=each.key, clear_since=None) for each in decisions.fired]


@pytest.mark.parametrize(
    ("values", "log"),
    [
        ([0.2, 0.2], []),
        ([0.21, 0.5, 0.21], ["fired"]),
        ([0.21, 0.19, 0.21, 0.17, 0.17, 0.17, 0.17], ["fired"]),
        ([0.21, 0.16, 0.16, 0.16], ["fired", "resolved"]),
        ([0.21, 0.16, 0.21, 0.16, 0.21], ["fired"]),
        ([0.21, 0.16, 0.16, 0.16, 0.3], ["fired", "resolved", "fired"]),
        ([0.21, None, None, None], ["fired", "resolved"]),
    ],
)
def test_an_alert_fires_above_its_threshold_and_is_resolved_well_below_after_a_minute(
    values: list[float | None], log: list[str]
) -> None:
    simulation = Simulation()
    for i, value in enumerate(values):
        now = NOON + i * timedelta(seconds=30)
        simulation.step(now, [] if value is None else [reading(value)])
    assert simulation.log == log


@given(st.lists(st.one_of(st.none(), st.floats(0, 1)), max_size=60), st.integers(1, 120))
def test_it_fires_and_is_resolved_by_turns_and_never_twice_within_the_time_to_clear(
    values: list[float | None], step_s: int
) -> None:
    simulation, last_fired = Simulation(), -1
    for i, value in enumerate(values):
        fired = simulation.log.count("fired")
        simulation.step(NOON + i * timedelta(seconds=step_s), [] if value is None else [reading(value)])
        assert len(simulation.firing) <= 1
        if simulation.log.count("fired") > fired:
            assert value is not None
            assert value > 0.2
            assert last_fired < 0 or (i - last_fired) * step_s >= CLEAR_AFTER.total_seconds()
            last_fired = i
    assert simulation.log == (["fired", "resolved"] * len(simulation.log))[: len(simulation.log)]


@given(st.lists(st.floats(CLEAR_RATIO * 0.2 + 1e-9, 1), min_size=1, max_size=60))
def test_a_value_that_swings_around_the_threshold_fires_once(values: list[float]) -> None:
    simulation = Simulation()
    for i, value in enumerate([0.3, *values]):
        simulation.step(NOON + i * timedelta(minutes=10), [reading(value)])
    assert simulation.log == ["fired"]


def test_alerts_about_different_things_do_not_concern_each_other() -> None:
    other = AlertKey(new_id(), AlertKind.RETRY_SHARE)
    firing = [FiringAlert(alert_id=UUID(int=1), key=other, clear_since=None)]
    decisions = decide([reading(0.3)], firing, now=NOON, clear_after=CLEAR_AFTER)
    assert ([each.key for each in decisions.fired], decisions.clear_since) == ([KEY], {UUID(int=1): NOON})


def test_every_rule_has_a_threshold_among_the_settings() -> None:
    defaults = {
        rule.kind: rule.threshold_setting and getattr(WebhooksSettings(), rule.threshold_setting)
        for rule in ALERT_RULES
    }
    assert defaults == {
        "slow_deliveries": 5.0,
        "failure_share": 0.05,
        "retry_share": 0.2,
        "queue_depth": 0.8,
        "circuit_open": None,
        "dead_letters": None,
    }

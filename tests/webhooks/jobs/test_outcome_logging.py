"""The log lines of attempts."""

from datetime import UTC, datetime

import msgspec
from structlog.testing import capture_logs

from ninefold.core.ids import new_id, parse_id
from ninefold.systems.webhooks.jobs.outcome_logging import log_outcomes
from ninefold.systems.webhooks.model import DeliveryStatus
from ninefold.systems.webhooks.model.attempts import Attempt, Outcome


def outcome_of(*, status: DeliveryStatus, response_status: int | None, error_class: str | None = None) -> Outcome:
    now = datetime.now(UTC)
    return Outcome(
        delivery_id=new_id(),
        organisation_id=new_id(),
        event_id=new_id(),
        subscription_id=new_id(),
        url_revision=1,
        attempt=Attempt(
            attempt_number=2,
            attempted_at=now,
            duration_ms=1.23456,
            response_status=response_status,
            response_body=b"a secret of the receiver's",
            is_response_body_truncated=False,
            error_class=error_class,
            error_detail=error_class and "The receiver said so.",
        ),
        status=status,
        round_attempt_count=2,
        round_started_at=now,
        retry_delay_s=2.123456789 if status is DeliveryStatus.RETRYING else None,
        has_row=True,
    )


def test_each_attempt_has_a_line_with_the_fields_that_apply() -> None:
    delivered = outcome_of(status=DeliveryStatus.DELIVERED, response_status=200)
    retrying = outcome_of(status=DeliveryStatus.RETRYING, response_status=500, error_class="unsuccessful_status")
    failed = outcome_of(status=DeliveryStatus.FAILED, response_status=None, error_class="timeout")
    with capture_logs() as logged:
        log_outcomes([delivered, retrying, failed])
    lines = {entry["event"]: [msgspec.to_builtins(each) for each in entry["each"]] for entry in logged}
    common = {"attempt": 2, "duration_ms": 1.23}
    assert {
        event: [{name: value for name, value in line.items() if not name.endswith("_id")} for line in each]
        for event, each in lines.items()
    } == {
        "webhooks.delivery.delivered": [{**common, "code": 200}],
        "webhooks.delivery.retrying": [
            {**common, "code": 500, "error_class": "unsuccessful_status", "retry_in_s": 2.123}
        ],
        "webhooks.delivery.failed": [{**common, "error_class": "timeout"}],
    }
    assert [entry["log_level"] for entry in logged] == ["info", "warning", "warning"]
    (line,) = lines["webhooks.delivery.delivered"]
    assert parse_id("evt", line["event_id"]) == delivered.event_id
    assert parse_id("sub", line["subscription_id"]) == delivered.subscription_id

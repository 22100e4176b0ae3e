"""Metrics by subscription and event type, as the API shows them."""

from datetime import UTC, datetime, timedelta
from urllib.parse import quote

import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from receivers import Answer, Receiver
from webhooks.stored_states import store_circuit
from webhooks.webhooks_api import WebhooksApi

PATH = "/metrics/webhooks"


def counts(figure: Json) -> tuple[int, int, int]:
    """Return how many attempts succeeded, failed, and were retries."""
    return figure["succeeded_attempts"], figure["failed_attempts"], figure["retried_attempts"]


async def test_metrics_are_those_of_two_workers_by_subscription_and_event_type(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    first = await api.subscribe(receiver.url, "order.*")
    second = await api.subscribe(receiver.url, "order.paid")
    receiver.answers.append(Answer(500))
    async with start_worker(), start_worker():
        await api.settled(await api.publish(event_type="order.created"))
        await api.settled(await api.publish(event_type="order.paid"))
    of_all = await api.get(PATH)
    assert counts(of_all["total"]) == (3, 1, 1)
    assert (of_all["total"]["attempts"], of_all["total"]["success_rate"], of_all["total"]["retry_rate"]) == (
        4,
        0.75,
        0.25,
    )
    assert {each["event_type"]: counts(each) for each in of_all["event_types"]} == {
        "order.created": (1, 1, 1),
        "order.paid": (2, 0, 0),
    }
    assert 0 < of_all["total"]["delivery_time"]["p50_ms"] <= of_all["total"]["delivery_time"]["p99_ms"]
    assert sum(point["attempts"] for point in of_all["points"]) == 4
    of_first = await api.get(f"{PATH}?subscription_id={first['subscription_id']}")
    assert {each["event_type"]: counts(each) for each in of_first["event_types"]} == {
        "order.created": (1, 1, 1),
        "order.paid": (1, 0, 0),
    }
    of_second = await api.get(f"{PATH}?subscription_id={second['subscription_id']}&event_type=order.paid")
    assert (counts(of_second["total"]), of_second["event_types"]) == ((1, 0, 0), [])
    by_hours = await api.get(f"{PATH}?step_s=3600&event_type=order.paid")
    assert (counts(by_hours["total"]), by_hours["step_s"]) == ((2, 0, 0), 3_600)
    nothing = await other_api.get(PATH)
    assert (counts(nothing["total"]), nothing["total"]["success_rate"], nothing["event_types"]) == ((0, 0, 0), None, [])
    await other_api.refused(404, "GET", f"{PATH}?subscription_id={first['subscription_id']}")


async def test_what_has_no_figures_of_its_own_is_shown_as_others(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    async with start_worker():
        await api.settled(await api.publish(event_type="order.created"))
        await api.settled(await api.publish(event_type="order.paid"))
    async with database.connection() as connection:
        await connection.execute("DELETE FROM webhooks.figured_type WHERE event_type = 'order.paid'")
    shown = (await api.get(PATH))["event_types"]
    assert [(each["event_type"], counts(each)) for each in shown] == [("order.created", (1, 0, 0)), (None, (1, 0, 0))]


async def test_metrics_have_what_waits_and_open_circuits(
    api: WebhooksApi, other_api: WebhooksApi, database: Database
) -> None:
    await store_circuit(database, await api.subscribe("https://example.com/hooks"), retry_in_s=60)
    await api.publish()
    shown = await api.get(PATH)
    assert (shown["queues"]["queued"]["count"], shown["open_circuits"]) == (1, 1)
    shown = await other_api.get(PATH)
    assert (shown["queues"]["queued"]["count"], shown["open_circuits"]) == (0, 0)


async def test_points_are_whole_steps_from_the_begin_to_the_end(api: WebhooksApi) -> None:
    end = datetime.now(UTC).replace(minute=7, second=30, microsecond=0)
    begin = end - timedelta(hours=2)
    shown = await api.get(f"{PATH}?from={quote(begin.isoformat())}&to={quote(end.isoformat())}&step_s=300")
    starts = [datetime.fromisoformat(point["starts_at"]) for point in shown["points"]]
    assert (starts[0], datetime.fromisoformat(shown["ends_at"])) == (
        begin.replace(minute=5, second=0),
        end.replace(minute=10, second=0),
    )
    assert starts == [starts[0] + timedelta(seconds=300 * i) for i in range(25)]


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("from=2026-01-02T00:00:00Z&to=2026-01-01T00:00:00Z", "from"),
        ("from=yesterday", "from"),
        ("to=2026-01-01", "to"),
        ("step_s=0", "step_s"),
        ("step_s=-60", "step_s"),
        ("step_s=90", "step_s"),
        ("step_s=5400", "step_s"),
        ("step_s=99999999999999999999", "step_s"),
        ("from=2026-01-01T00:00:00Z&step_s=60", "step_s"),
        ("from=1990-01-01T00:00:00Z&step_s=3600", "step_s"),
        ("from=0001-01-01T00:00:00Z&step_s=3600", "from"),
        ("to=0001-01-01T00:00:00Z", "to"),
        ("to=9999-12-31T23:59:59Z", "to"),
        ("event_type=", "event_type"),
        ("event_type=order.*", "event_type"),
    ],
)
async def test_what_cannot_be_used_is_refused(api: WebhooksApi, query: str, field: str) -> None:
    problem = await api.refused(422, "GET", f"{PATH}?{query}")
    assert problem["field"] == field

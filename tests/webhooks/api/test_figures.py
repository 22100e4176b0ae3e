"""Figures, what waits, and alerts, as the API shows them."""

import asyncio
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.model.figures import ALL_SUBSCRIPTIONS, MINUTE_S, Counted
from ninefold.systems.webhooks.rules.histograms import BUCKETS
from ninefold.systems.webhooks.store.figures import figure_add
from receivers import Answer, Receiver
from webhooks.samples import NO_TIME_FOR_RETRIES
from webhooks.stored_states import id_of, store_circuit, store_pause
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"


async def status_of(api: WebhooksApi, *kinds: str) -> list[Json]:
    """Return the alerts of these kinds."""
    status = await api.get("/webhooks/status")
    return [alert for alert in status["alerts"] if alert["kind"] in kinds]


async def test_figures_are_those_of_the_attempts(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.answers.extend([Answer(500), Answer(), Answer()])
    async with start_worker():
        for _ in range(2):
            await api.settled(await api.publish())
    for period, step_s, count in (("hour", 60, 60), ("day", 3_600, 24), ("week", 3_600, 168)):
        for path in ("/webhooks", f"/subscriptions/{subscription['subscription_id']}"):
            figures = await api.get(f"{path}/figures?period={period}")
            assert (step_s, count) == (figures["step_s"], len(figures["points"]))
            assert (figures["total"]["succeeded_attempts"], figures["total"]["failed_attempts"]) == (2, 1)
            assert sum(point["succeeded_attempts"] for point in figures["points"]) == 2
            assert 0 < figures["total"]["attempt_duration"]["p50_ms"] < figures["total"]["delivery_time"]["p99_ms"]
    assert (await other_api.get("/webhooks/figures"))["total"]["succeeded_attempts"] == 0
    assert (await other_api.get("/webhooks/figures"))["total"]["attempt_duration"] is None


async def test_points_follow_each_other_up_to_now(api: WebhooksApi) -> None:
    points = (await api.get("/webhooks/figures"))["points"]
    starts = [datetime.fromisoformat(point["starts_at"]) for point in points]
    assert {timedelta(minutes=1)} == {later - earlier for earlier, later in pairwise(starts)}
    now = datetime.now(starts[-1].tzinfo)
    assert timedelta(0) <= now - starts[-1] < timedelta(minutes=2)


async def test_sparklines_are_those_of_subscriptions_with_attempts(
    api: WebhooksApi, other_api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    await api.subscribe(URL, "nothing.*")
    async with start_worker():
        await api.settled(await api.publish())
    answer = await api.get("/webhooks/sparklines")
    [line] = answer["sparklines"]
    assert subscription["subscription_id"] == line["subscription_id"]
    assert (answer["width_s"] * len(line["succeeded_attempts"]), 1, 0) == (
        3_600,
        sum(line["succeeded_attempts"]),
        sum(line["failed_attempts"]),
    )
    assert (await other_api.get("/webhooks/sparklines"))["sparklines"] == []


async def test_without_a_worker_events_wait_and_an_alert_says_what_to_do(api: WebhooksApi) -> None:
    await api.subscribe(URL)
    await api.publish()
    status = await api.get("/webhooks/status")
    assert (status["backlog"]["queued"]["count"], status["backlog"]["queued"]["is_more"]) == (1, False)
    assert status["backlog"]["queued"]["oldest_at"] is not None
    assert (status["worker_count"], [alert["kind"] for alert in status["alerts"]]) == (0, ["no_worker"])
    assert "ninefold worker" in status["alerts"][0]["detail"]


async def test_an_old_first_attempt_is_an_alert_while_a_worker_runs(
    api: WebhooksApi, database: Database, start_worker: StartWorker
) -> None:
    async with start_worker():
        subscription = await api.subscribe(URL)
        # No worker claims what another one holds.
        async with database.transaction() as connection:
            await connection.execute(
                "INSERT INTO webhooks.event (event_id, organisation_id, event_type, payload, queued_deliveries, status,"
                " accepted_at, leased_by) SELECT uuidv7(), organisation_id, 'a', '{}', 3, 'queued',"
                " now() - interval '1 minute', gen_random_uuid() FROM webhooks.subscription"
            )
            await connection.execute(
                "INSERT INTO webhooks.queue_change (organisation_id, tier, deliveries)"
                " SELECT organisation_id, 1, 3 FROM webhooks.subscription"
            )
        async with asyncio.timeout(30):
            while (await api.get("/webhooks/status"))["worker_count"] == 0:
                await asyncio.sleep(0.02)
        [alert] = await status_of(api, "backlog_old", "no_worker")
    assert (alert["kind"], alert["count"], alert["needs_person"]) == ("backlog_old", 3, True)
    assert subscription["is_active"]


async def test_retrying_and_waiting_deliveries_are_counted_and_dead_letters_are_an_alert(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.answers.append(Answer(400))
    async with start_worker(NO_TIME_FOR_RETRIES):
        await api.settled(await api.publish())
    async with start_worker():
        await api.done("PATCH", f"/subscriptions/{subscription['subscription_id']}", json={"is_active": False})
        await api.dispatched(await api.publish())
    backlog = (await api.get("/webhooks/status"))["backlog"]
    assert tuple(backlog[queue]["count"] for queue in ("queued", "retrying", "waiting")) == (0, 0, 1)
    [alert] = await status_of(api, "dead_letters")
    assert (subscription["subscription_id"], 1) == (alert["subscription_id"], alert["count"])
    assert alert["title"].startswith("1 delivery to 127.0.0.1:")


async def test_alerts_name_what_is_paused_open_and_failing_and_whether_a_person_is_needed(
    api: WebhooksApi, other_api: WebhooksApi, database: Database
) -> None:
    gone, failing, is_open, by_hand = [await api.subscribe(f"https://{i}.example.com/") for i in range(4)]
    paused_at = await store_pause(database, gone, reason="gone")
    await store_circuit(database, failing, failures=1)
    await store_circuit(database, is_open, failures=12, retry_in_s=60)
    await api.done("PATCH", f"/subscriptions/{by_hand['subscription_id']}", json={"is_active": False})
    alerts = await status_of(api, "paused", "circuit_open", "failing")
    assert [
        ("paused", gone["subscription_id"], "0.example.com is paused", True),
        ("circuit_open", is_open["subscription_id"], "Circuit of 2.example.com is open", False),
        ("failing", failing["subscription_id"], "1.example.com fails", False),
    ] == [(each["kind"], each["subscription_id"], each["title"], each["needs_person"]) for each in alerts]
    assert paused_at == datetime.fromisoformat(alerts[0]["since"])
    assert alerts[1]["retry_at"] is not None
    assert datetime.fromisoformat(alerts[2]["pauses_at"]) > datetime.fromisoformat(alerts[2]["since"])
    assert await status_of(other_api, "paused", "circuit_open", "failing") == []


@pytest.mark.parametrize(("succeeded", "failed", "is_alert"), [(94, 6, True), (95, 5, False), (0, 19, False)])
async def test_too_many_failures_are_an_alert_that_names_the_worst_subscription(
    api: WebhooksApi, database: Database, *, succeeded: int, failed: int, is_alert: bool
) -> None:
    subscription = await api.subscribe(URL)
    async with database.transaction() as connection:
        organisation_id = await connection.fetchval("SELECT organisation_id FROM webhooks.subscription")
        counted = [
            Counted(
                organisation_id=organisation_id,
                subscription_id=subscription_id,
                succeeded_attempts=succeeded,
                failed_attempts=failed,
                attempt_durations=[0] * BUCKETS,
                delivery_times=[0] * BUCKETS,
            )
            for subscription_id in (id_of(subscription), ALL_SUBSCRIPTIONS)
        ]
        start = datetime.now(UTC).replace(second=0, microsecond=0)
        await figure_add(connection, counted, step_s=MINUTE_S, starts_at=start)
    alerts = await status_of(api, "failure_share")
    assert is_alert == bool(alerts)
    if alerts:
        assert (subscription["subscription_id"], "6 % of the attempts fail") == (
            alerts[0]["subscription_id"],
            alerts[0]["title"],
        )
        assert "100 % of those were to example.com" in alerts[0]["detail"]

"""Alerts that fire, are sent, and are resolved by themselves."""

import asyncio

import msgspec
import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.webhooks.service.alerting import evaluate_alerts
from ninefold.systems.webhooks.service.recipients import RecipientCache
from ninefold.systems.webhooks.settings import WebhooksSettings
from receivers import Answer, Receiver
from webhooks.alert_evaluations import changes, count_attempts, evaluate, forget_attempts, organisation_of
from webhooks.samples import NO_TIME_FOR_RETRIES
from webhooks.stored_states import store_circuit
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"


async def alerts_of(api: WebhooksApi, query: str = "") -> list[Json]:
    items: list[Json] = (await api.get(f"/alerts{query}"))["items"]
    return items


async def alert_events(database: Database) -> list[Json]:
    async with database.connection() as connection:
        payloads = await connection.fetch(
            "SELECT payload FROM webhooks.event WHERE event_type LIKE 'ninefold.alert.%' ORDER BY event_id"
        )
    return [msgspec.json.decode(record["payload"]) for record in payloads]


@pytest.mark.parametrize(
    ("attempts", "kind", "title"),
    [
        ({"succeeded": 94, "failed": 6}, "failure_share", "6 % of the attempts fail"),
        ({"succeeded": 79, "retried": 21}, "retry_share", "26.6 % of the attempts are retries"),
        ({"succeeded": 20, "within_ms": 7_000.0}, "slow_deliveries", "Deliveries are slow: p99 is 6.98 s"),
    ],
)
async def test_shares_and_times_fire_once_and_are_resolved_by_themselves(
    api: WebhooksApi, other_api: WebhooksApi, database: Database, *, attempts: Json, kind: str, title: str
) -> None:
    await api.subscribe(URL)
    organisation_id = await organisation_of(database)
    await count_attempts(database, organisation_id, **attempts)
    assert [changes(await evaluate(database)) for _ in range(3)] == [([kind], []), ([], []), ([], [])]
    [alert] = await alerts_of(api, "?state=firing")
    assert (alert["kind"], alert["title"], alert["state"], alert["resolved_at"]) == (kind, title, "firing", None)
    assert alert["value"] > alert["threshold"]
    assert await alerts_of(other_api) == []
    if kind != "failure_share":
        # That one is worked out at once, from the attempts of subscriptions.
        shown = (await api.get("/webhooks/status"))["alerts"]
        assert [each["kind"] for each in shown if each["kind"] != "no_worker"] == [kind]

    await forget_attempts(database)
    assert [changes(await evaluate(database)) for _ in range(2)] == [([], [kind]), ([], [])]
    assert await alerts_of(api, "?state=firing") == []
    [alert] = await alerts_of(api, f"?state=resolved&kind={kind}")
    assert alert["resolved_at"] > alert["fired_at"]
    assert [(each["type"], each["state"]) for each in await alert_events(database)] == [
        ("ninefold.alert.fired", "firing"),
        ("ninefold.alert.resolved", "resolved"),
    ]


@pytest.mark.parametrize(
    "attempts",
    [
        {"succeeded": 95, "failed": 5},
        {"succeeded": 80, "retried": 16},
        {"failed": 19, "retried": 19},
        {"succeeded": 19, "within_ms": 7_000.0},
        {"succeeded": 20, "within_ms": 5_000.0},
    ],
)
async def test_at_the_threshold_or_with_few_attempts_nothing_fires(
    api: WebhooksApi, database: Database, attempts: Json
) -> None:
    await api.subscribe(URL)
    await count_attempts(database, await organisation_of(database), **attempts)
    assert changes(await evaluate(database)) == ([], [])


async def test_full_queues_are_alerts_of_the_organisation_and_of_the_system_organisation(
    api: WebhooksApi, other_api: WebhooksApi, database: Database
) -> None:
    await api.subscribe(URL)
    await other_api.subscribe(URL)
    for _ in range(5):
        await other_api.publish()
    sizes = {"ORGANISATION_QUEUE_DEPTH_MAX": "6", "INSTALLATION_QUEUE_DEPTH_MAX": "6"}
    assert changes(await evaluate(database, sizes)) == (["queue_depth", "queue_depth"], [])
    [own] = await alerts_of(other_api)
    [of_all] = await alerts_of(api)
    assert (own["is_installation_wide"], own["title"]) == (False, "The queue is 83.3 % full")
    assert (of_all["is_installation_wide"], of_all["title"]) == (True, "The queue of the installation is 83.3 % full")


async def test_alerts_about_the_installation_go_to_the_organisation_that_is_set(
    api: WebhooksApi, other_api: WebhooksApi, database: Database
) -> None:
    await api.subscribe(URL)
    await api.publish()
    await other_api.subscribe(URL)
    async with database.connection() as connection:
        organisation_id = await connection.fetchval(
            "SELECT organisation_id FROM webhooks.subscription ORDER BY subscription_id DESC LIMIT 1"
        )
    settings = {
        "INSTALLATION_QUEUE_DEPTH_MAX": "1",
        "ALERT_ORGANISATION": format_id(ORGANISATION_PREFIX, organisation_id),
    }
    await evaluate(database, settings)
    assert [each["is_installation_wide"] for each in await alerts_of(other_api)] == [True]
    assert await alerts_of(api) == []


async def test_an_open_circuit_is_an_alert_of_its_subscription_until_it_is_closed(
    api: WebhooksApi, other_api: WebhooksApi, database: Database
) -> None:
    subscription, other = await api.subscribe(URL), await api.subscribe(URL)
    await store_circuit(database, subscription, failures=12, retry_in_s=60)
    assert changes(await evaluate(database)) == (["circuit_open"], [])
    [alert] = await alerts_of(api, f"?subscription_id={subscription['subscription_id']}")
    assert (alert["subscription_id"], alert["title"]) == (
        subscription["subscription_id"],
        "Circuit of example.com is open",
    )
    assert await alerts_of(api, f"?subscription_id={other['subscription_id']}") == []
    await other_api.refused(404, "GET", f"/alerts?subscription_id={subscription['subscription_id']}")
    await api.done("POST", f"/subscriptions/{subscription['subscription_id']}/circuit/close")
    assert changes(await evaluate(database)) == ([], ["circuit_open"])


async def test_a_dead_letter_is_an_alert_until_it_is_replayed(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    subscription = await api.subscribe(receiver.url)
    receiver.answers.append(Answer(400))
    async with start_worker(NO_TIME_FOR_RETRIES):
        [delivery] = await api.settled(await api.publish())
    assert changes(await evaluate(database)) == (["dead_letters"], [])
    [alert] = await alerts_of(api)
    assert (alert["subscription_id"], alert["value"]) == (subscription["subscription_id"], 1)
    async with start_worker():
        await api.done("POST", f"/deliveries/{delivery['delivery_id']}/retry")
        await receiver.received(2)
        await api.settled(delivery["event_id"])
    assert changes(await evaluate(database)) == ([], ["dead_letters"])


async def test_several_workers_at_once_fire_an_alert_once(api: WebhooksApi, database: Database) -> None:
    await api.subscribe(URL)
    await count_attempts(database, await organisation_of(database), failed=20)

    async def evaluate_as_a_worker() -> int:
        async with database.transaction() as connection:
            evaluation = await evaluate_alerts(connection, RecipientCache(), WebhooksSettings(alert_interval_s=0.05))
            await asyncio.sleep(0.01)
        return 0 if evaluation is None else len(evaluation.fired)

    fired = [await asyncio.gather(*(evaluate_as_a_worker() for _ in range(4))) for _ in range(3)]
    assert sum(map(sum, fired)) == 1
    assert len(await alert_events(database)) == 1


async def test_an_evaluation_that_is_not_committed_leaves_nothing_and_the_next_one_fires(
    api: WebhooksApi, database: Database
) -> None:
    await api.subscribe(URL)
    await count_attempts(database, await organisation_of(database), failed=20)
    settings = WebhooksSettings(alert_slack_url="https://slack.test/services/1")

    async def evaluate_until_killed() -> None:
        async with database.transaction() as connection:
            evaluation = await evaluate_alerts(connection, RecipientCache(), settings)
            assert evaluation is not None
            assert len(evaluation.fired) == 1
            raise KeyError

    with pytest.raises(KeyError):
        await evaluate_until_killed()
    async with database.connection() as connection:
        assert await connection.fetchval("SELECT count(*) FROM jobs.job WHERE kind LIKE 'webhooks.send%'") == 0
    assert (await alerts_of(api), await alert_events(database)) == ([], [])
    assert changes(await evaluate(database)) == (["failure_share"], [])


async def test_an_alert_is_delivered_as_a_webhook_but_not_to_who_subscribed_to_everything(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(f"{receiver.url}/customer")
    subscription = await api.subscribe(f"{receiver.url}/operations", "ninefold.alert.*")
    await count_attempts(database, await organisation_of(database), failed=20)
    async with start_worker({"NINEFOLD_WEBHOOKS_ALERT_INTERVAL_S": "0.1"}):
        await receiver.received(1)
    assert [request.path for request in receiver.requests] == [b"/hooks/operations"]
    event = receiver.requests[0].verify(subscription["secret"])
    [alert] = await alerts_of(api)
    assert event == {
        "type": "ninefold.alert.fired",
        "organisation_id": event["organisation_id"],
        **{name: value for name, value in alert.items() if name != "notifications"},
    }


async def test_users_cannot_publish_alerts(api: WebhooksApi) -> None:
    await api.refused(
        422,
        "POST",
        "/events",
        json={"event_type": "ninefold.alert.fired", "payload": {}},
    )


async def test_an_alert_about_a_failing_alert_webhook_does_not_cause_another_one(
    api: WebhooksApi, database: Database, receiver: Receiver, start_worker: StartWorker
) -> None:
    """The endpoint refuses alerts, whose attempts and dead letters must not count."""
    await api.subscribe(receiver.url, "ninefold.alert.*")
    receiver.default_answer = Answer(400)
    organisation_id = await organisation_of(database)
    await count_attempts(database, organisation_id, failed=20)
    await evaluate(database)
    async with start_worker({**NO_TIME_FOR_RETRIES, "NINEFOLD_WEBHOOKS_ALERT_INTERVAL_S": "3600"}):
        await receiver.received(1)
        [event_id] = [each["event_id"] for each in (await api.get("/events"))["items"]]
        [delivery] = await api.settled(event_id)
    assert delivery["status"] == "failed"
    # As many attempts of alerts have failed as would be an alert themselves.
    await forget_attempts(database)
    await count_attempts(database, organisation_id, failed=50, event_types=("", "ninefold.alert.fired"))
    assert [changes(await evaluate(database)) for _ in range(3)] == [([], ["failure_share"]), ([], []), ([], [])]
    assert len(await alert_events(database)) == 2


async def test_alerts_are_listed_in_pages(api: WebhooksApi, database: Database) -> None:
    for i in range(3):
        await store_circuit(database, await api.subscribe(f"https://{i}.example.com/"), retry_in_s=60)
    await evaluate(database)
    first = await api.get("/alerts?limit=2")
    second = await api.get(f"/alerts?limit=2&cursor={first['next_cursor']}")
    ids = [each["alert_id"] for each in (*first["items"], *second["items"])]
    assert (len(ids), ids, second["next_cursor"]) == (3, sorted(ids, reverse=True), None)


async def test_a_kind_of_alert_that_is_never_fired_is_refused(api: WebhooksApi) -> None:
    answer = await api.request("GET", "/alerts?kind=no_worker")
    assert (answer.status_code, answer.json()["field"]) == (422, "kind")
    assert "queue_depth" in answer.json()["remedy"]

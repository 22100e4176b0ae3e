"""The retention of an organisation: what it publishes from then on is kept for another time."""

import pytest

from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from webhooks.webhooks_api import WebhooksApi

PATH = "/webhooks/retention"
CHOICES = [
    {"retention": "short", "days": 7},
    {"retention": "standard", "days": 30},
    {"retention": "long", "days": 90},
]


async def tables_of(database: Database, *event_ids: str) -> list[str]:
    async with database.connection() as connection:
        return [
            await connection.fetchval(
                "SELECT tableoid::regclass::text FROM webhooks.event WHERE event_id = $1", parse_id("evt", event_id)
            )
            for event_id in event_ids
        ]


async def test_an_organisation_that_chose_none_has_the_standard_retention(api: WebhooksApi) -> None:
    assert await api.get(PATH) == {
        "retention": "standard",
        "days": 30,
        "dead_letter_days": 7,
        "idempotency_key_days": 7,
        "choices": CHOICES,
    }


async def test_another_retention_holds_for_what_the_organisation_publishes_from_then_on(
    api: WebhooksApi, other_api: WebhooksApi, database: Database
) -> None:
    before = await api.publish()
    changed = await api.done("PATCH", PATH, json={"retention": "short"})
    short = await api.publish()
    await other_api.done("PATCH", PATH, json={"retention": "short"})
    await api.done("PATCH", PATH, json={"retention": "long"})
    long = await api.publish()

    assert (changed["retention"], changed["days"]) == ("short", 7)
    assert (await api.get(PATH))["days"] == 90
    assert await tables_of(database, before, short, long, await other_api.publish()) == [
        "webhooks.event_standard_first",
        "webhooks.event_short_first",
        "webhooks.event_long_first",
        "webhooks.event_short_first",
    ]
    assert [each["event_id"] for each in (await api.get("/events"))["items"]] == [long, short, before]


@pytest.mark.usefixtures("worker")
async def test_a_delivery_is_kept_as_long_as_its_event(api: WebhooksApi, database: Database) -> None:
    await api.subscribe("http://127.0.0.1:1/hooks")
    await api.done("PATCH", PATH, json={"retention": "long"})
    event_id = await api.publish()
    (delivery,) = await api.settled(event_id)

    async with database.connection() as connection:
        tables = await connection.fetch(
            "SELECT tableoid::regclass::text AS name FROM webhooks.delivery "
            "UNION ALL SELECT DISTINCT tableoid::regclass::text FROM webhooks.earlier_attempt"
        )
    assert [each["name"].rpartition("_")[0] for each in tables] == [
        "webhooks.delivery_long",
        "webhooks.earlier_attempt_long",
    ]
    assert len((await api.get(f"/deliveries/{delivery['delivery_id']}"))["attempts"]) == 4


async def test_an_unknown_retention_is_refused(api: WebhooksApi) -> None:
    problem = await api.refused(422, "PATCH", PATH, json={"retention": "forever"})

    assert problem["field"] == "retention"

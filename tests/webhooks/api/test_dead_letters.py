"""Dead letters over the API: which are listed, in which order, with which filters."""

from datetime import timedelta

import pytest

from http_api import Json
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.service import dead_letters
from receivers import Answer, Receiver
from webhooks.stored_deliveries import LONG_AGO, Stored, store_dead_letters, store_delivery
from webhooks.webhooks_api import WebhooksApi

NO_TIME_FOR_RETRIES = {"NINEFOLD_WEBHOOKS_RETRY_HORIZON_S": "0.000001"}


def ids(items: list[Json]) -> list[str]:
    return [item["delivery_id"] for item in items]


async def listed(api: WebhooksApi, query: str = "") -> list[str]:
    pages = await api.walk(f"/dead-letters{query}", limit=3)
    return [delivery_id for page in pages for delivery_id in ids(page)]


@pytest.fixture
async def subscription(api: WebhooksApi) -> Json:
    return await api.subscribe("https://example.com/hooks")


async def test_what_used_up_its_retries_is_a_dead_letter_with_its_error_and_advice(
    api: WebhooksApi, receiver: Receiver, start_worker: StartWorker
) -> None:
    await api.subscribe(receiver.url)
    receiver.answers.append(Answer(500))
    async with start_worker(NO_TIME_FOR_RETRIES):
        (delivery,) = await api.settled(await api.publish())

    (letter,) = (await api.get("/dead-letters"))["items"]

    assert letter == {**delivery, "error_class": "unsuccessful_status"}
    assert letter["advice"].startswith("Check the status and body of the response")
    assert letter["attempts"][0]["response_code"] == 500


async def test_one_that_was_never_attempted_has_expired_and_says_what_to_look_at(
    api: WebhooksApi, database: Database, subscription: Json
) -> None:
    await store_delivery(database, subscription, error_class=None)

    (letter,) = (await api.get("/dead-letters"))["items"]

    assert (letter["error_class"], letter["attempts"], letter["attempt_count"]) == ("expired", [], 0)
    assert "Look at the subscription" in letter["advice"]


async def test_they_are_listed_latest_first_in_pages(api: WebhooksApi, database: Database, subscription: Json) -> None:
    stored = await store_dead_letters(database, subscription, 7)
    # The event is older, but it failed later.
    late = await store_delivery(
        database, subscription, at=LONG_AGO - timedelta(days=1), finished_at=LONG_AGO + timedelta(days=1)
    )

    assert await listed(api) == [late.delivery_id, *[each.delivery_id for each in reversed(stored)]]


async def test_those_that_failed_at_the_same_time_are_each_listed_once(
    api: WebhooksApi, database: Database, subscription: Json
) -> None:
    stored = [await store_delivery(database, subscription) for _ in range(7)]

    found = await listed(api)

    assert sorted(found) == sorted(each.delivery_id for each in stored)


@pytest.mark.parametrize("status", ["delivered", "canceled", "retrying", "waiting"])
async def test_a_delivery_with_another_status_is_none(
    api: WebhooksApi, database: Database, subscription: Json, status: str
) -> None:
    await store_delivery(database, subscription, status=status)

    assert await listed(api) == []


class TestFilters:
    """Each filter alone and together with others."""

    @pytest.fixture
    async def letters(self, api: WebhooksApi, database: Database) -> dict[str, Stored]:
        body = {"url": "https://example.com/hooks", "event_types": ["*"]}
        first = await api.done("POST", "/subscriptions", json={**body, "subscriber_id": "shop-1"})
        second = await api.done("POST", "/subscriptions", json={**body, "subscriber_id": "shop-1"})
        third = await api.done("POST", "/subscriptions", json={**body, "subscriber_id": "shop-2"})
        self.ids = {
            name: each["subscription_id"] for name, each in (("first", first), ("second", second), ("third", third))
        }
        hour = timedelta(hours=1)
        return {
            "a": await store_delivery(database, first, event_type="order.created", at=LONG_AGO),
            "b": await store_delivery(
                database, second, event_type="order.item.added", error_class=None, at=LONG_AGO + hour
            ),
            "c": await store_delivery(database, third, event_type="invoice.paid", at=LONG_AGO + 2 * hour),
            "d": await store_delivery(
                database, first, event_type="invoice.paid", error_class="connect_failed", at=LONG_AGO + 3 * hour
            ),
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", "dcba"),
            ("?subscription_id={first}", "da"),
            ("?subscriber_id=shop-1", "dba"),
            ("?subscriber_id=shop-2", "c"),
            ("?subscriber_id=shop-3", ""),
            ("?subscriber_id=shop-1&subscription_id={second}", "b"),
            ("?subscriber_id=shop-2&subscription_id={second}", ""),
            ("?subscription_id=sub_01h455vb4pex5vsknk084sn02q", ""),
            ("?event_type=order.created", "a"),
            ("?event_type=order.*", "ba"),
            ("?event_type=*", "dcba"),
            ("?event_type=invoice", ""),
            ("?error_class=expired", "b"),
            ("?error_class=timeout", "ca"),
            ("?error_class=timeout&event_type=order.*", "a"),
            ("?subscriber_id=shop-1&event_type=invoice.paid&error_class=connect_failed", "d"),
            ("?failed_after=2026-01-01T13:00:00Z", "dcb"),
            ("?failed_before=2026-01-01T13:00:00Z", "a"),
            ("?failed_after=2026-01-01T13:00:00Z&failed_before=2026-01-01T15:00:00Z", "cb"),
            ("?failed_after=2026-01-01T15:00:00%2B02:00", "dcb"),
            ("?failed_after=2026-01-02T00:00:00Z", ""),
            ("?failed_after=2026-01-02T00:00:00Z&failed_before=2026-01-01T00:00:00Z", ""),
            ("?subscription_id={first}&failed_before=2026-01-01T13:00:00Z", "a"),
        ],
    )
    async def test_a_filter_selects_those_that_match(
        self, api: WebhooksApi, letters: dict[str, Stored], query: str, expected: str
    ) -> None:
        names = {each.delivery_id: name for name, each in letters.items()}

        found = await listed(api, query.format_map(self.ids))

        assert "".join(names[delivery_id] for delivery_id in found) == expected

    async def test_those_of_a_deleted_subscription_are_kept_and_found(
        self, api: WebhooksApi, letters: dict[str, Stored]
    ) -> None:
        await api.request("DELETE", f"/subscriptions/{self.ids['third']}")

        assert await listed(api, "?subscriber_id=shop-2") == [letters["c"].delivery_id]
        assert await listed(api, f"?subscription_id={self.ids['third']}") == [letters["c"].delivery_id]

    @pytest.mark.parametrize(
        ("query", "status", "field"),
        [
            ("subscription_id=x", 422, "subscription_id"),
            ("subscription_id=evt_01h455vb4pex5vsknk084sn02q", 422, "subscription_id"),
            ("subscriber_id=", 422, "subscriber_id"),
            ("subscriber_id=" + "x" * 201, 422, "subscriber_id"),
            ("event_type=order.", 422, "event_type"),
            ("event_type=*.created", 422, "event_type"),
            ("event_type=", 422, "event_type"),
            ("error_class=time_out", 422, "error_class"),
            ("failed_after=yesterday", 422, "failed_after"),
            ("failed_after=2026-01-01", 422, "failed_after"),
            ("failed_after=2026-01-01T00:00:00", 422, "failed_after"),
            ("failed_after=2026-01-01T00:00:00+00:00", 422, "failed_after"),
            ("failed_after=1767225600", 422, "failed_after"),
            ("failed_before=0001-01-01T00:00:00Z", 422, "failed_before"),
            ("failed_before=9999-12-31T23:59:59-12:00", 422, "failed_before"),
            ("status=failed", 400, "status"),
            ("limit=0", 422, "limit"),
            ("cursor=x", 422, "cursor"),
        ],
    )
    async def test_the_problem_names_an_invalid_filter_and_the_remedy(
        self, api: WebhooksApi, query: str, status: int, field: str
    ) -> None:
        problem = await api.refused(status, "GET", f"/dead-letters?{query}")

        assert problem["field"] == field
        assert problem["remedy"]


async def test_a_search_that_finds_little_continues_with_the_next_page(
    api: WebhooksApi, database: Database, subscription: Json, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(dead_letters, "LOOKED_AT_MAX", 4)
    monkeypatch.setattr(dead_letters, "BATCH", 2)
    rare = await store_delivery(database, subscription, error_class="dns_failed", at=LONG_AGO - timedelta(days=1))
    await store_dead_letters(database, subscription, 9)

    pages = await api.walk("/dead-letters?error_class=dns_failed", limit=1)

    assert [ids(page) for page in pages] == [[], [], [rare.delivery_id]]


async def test_an_organisation_sees_only_its_own(
    api: WebhooksApi, other_api: WebhooksApi, database: Database, subscription: Json
) -> None:
    theirs = await other_api.done(
        "POST",
        "/subscriptions",
        json={"url": "https://example.com/", "event_types": ["*"], "subscriber_id": "shop-1"},
    )
    await store_delivery(database, theirs)
    mine = await store_delivery(database, subscription)

    assert await listed(api) == [mine.delivery_id]
    assert await listed(api, f"?subscription_id={theirs['subscription_id']}") == []
    assert await listed(api, "?subscriber_id=shop-1") == []

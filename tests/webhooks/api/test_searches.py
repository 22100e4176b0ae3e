"""Searches over the API: what each filter finds, how far a search looks, and what it refuses."""

import json
from datetime import timedelta

import pytest

from http_api import Json
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.service import searches
from webhooks.stored_deliveries import LONG_AGO, Stored, store_delivery
from webhooks.webhooks_api import WebhooksApi

HOUR = timedelta(hours=1)


async def keys_of(api: WebhooksApi, query: str) -> list[str]:
    pages = await api.walk(f"/events?{query}", limit=2)
    return [event["idempotency_key"] for page in pages for event in page]


async def publish(api: WebhooksApi, key: str, *, event_type: str = "order.created", payload: object = 1) -> str:
    body = {"event_type": event_type, "payload": payload, "idempotency_key": key}
    event_id: str = (await api.done("POST", "/events", json=body))["event_id"]
    return event_id


class TestEvents:
    """What a search for events finds."""

    @pytest.fixture
    async def events(self, api: WebhooksApi) -> dict[str, str]:
        return {
            "order-1": await publish(api, "order-1", payload={"customer": "cus_7"}),
            "order-2": await publish(api, "order-2", event_type="order.paid", payload={"name": 'Zoë "Z" Ö'}),
            "user-1": await publish(api, "user-1", event_type="user.created", payload={"about": "order-1"}),
            "users": await publish(api, "users", event_type="users.merged", payload={"n": 1}),
        }

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("q=order-2", ["order-2"]),
            # The event with this very key comes first, then the newest.
            ("q=order-1", ["order-1", "user-1"]),
            ("q=order-", ["user-1", "order-2", "order-1"]),
            ("q=order.p", ["order-2"]),
            ("q=cus_7", ["order-1"]),
            ("q=%22customer%22", ["order-1"]),
            ("q=CUS_7", []),
            ("q=Zo%C3%AB", ["order-2"]),
            ("q=%22Z%22", ["order-2"]),
            ("q=evt_", ["users", "user-1", "order-2", "order-1"]),
            ("q=%25", []),
            ("event_type=user.created", ["user-1"]),
            ("event_type=user.*", ["user-1"]),
            ("event_type=user.", ["user-1"]),
            ("event_type=*", ["users", "user-1", "order-2", "order-1"]),
            ("event_type=order.*&q=order-1", ["order-1"]),
            ("event_type=user.*&q=order-1", ["user-1"]),
            ("idempotency_key=order-1", ["order-1"]),
            ("idempotency_key=order-", []),
            ("idempotency_key=order-1&event_type=user.*", []),
            ("idempotency_key=order-1&q=user", []),
        ],
    )
    @pytest.mark.usefixtures("events")
    async def test_are_found(self, api: WebhooksApi, query: str, expected: list[str]) -> None:
        assert await keys_of(api, query) == expected

    async def test_are_found_by_their_id_and_its_beginning(self, api: WebhooksApi, events: dict[str, str]) -> None:
        event_id = events["order-2"]

        assert await keys_of(api, f"q={event_id}") == ["order-2"]
        assert await keys_of(api, f"q={event_id[:26]}") == ["order-2"]
        assert await keys_of(api, f"q={event_id}&event_type=user.*") == []

    @pytest.mark.usefixtures("events")
    async def test_with_text_that_a_library_has_escaped_are_found(self, api: WebhooksApi) -> None:
        content = json.dumps({"event_type": "x", "payload": "Gauß/Ärzte", "idempotency_key": "escaped"}).encode()
        assert b"\\u00df" in content
        await api.done("POST", "/events", content=content)

        assert await keys_of(api, "q=Gau%C3%9F") == ["escaped"]

    async def test_of_a_time_are_found(self, api: WebhooksApi, database: Database) -> None:
        subscription = await api.subscribe("https://example.com/hooks")
        stored = [await store_delivery(database, subscription, at=LONG_AGO + hour * HOUR) for hour in range(4)]

        found = await api.get("/events?accepted_after=2026-01-01T13:00:00Z&accepted_before=2026-01-01T15:00:00Z")

        assert [event["event_id"] for event in found["items"]] == [stored[2].event_id, stored[1].event_id]

    @pytest.mark.usefixtures("events")
    async def test_of_others_are_never_found(self, api: WebhooksApi, other_api: WebhooksApi) -> None:
        event_id = await publish(other_api, "order-1", payload={"customer": "cus_7"})

        for query in ("q=order", "q=cus_7", "q=evt_", "event_type=*", "idempotency_key=order-1", f"q={event_id}"):
            assert [event["event_id"] for event in (await other_api.get(f"/events?{query}"))["items"]] == [event_id]
        assert (await api.get(f"/events?q={event_id}"))["items"] == []


class TestDeliveries:
    """What a search for deliveries finds."""

    @pytest.fixture
    async def stored(self, api: WebhooksApi, database: Database) -> dict[str, Stored]:
        shop = await api.done(
            "POST",
            "/subscriptions",
            json={"url": "https://Shop.example.com/hooks", "event_types": ["*"], "description": "The shop"},
        )
        bank = await api.subscribe("https://bank.example.com/hooks")
        self.shop, self.bank = shop["subscription_id"], bank["subscription_id"]
        self.api = api
        found = {
            "a": await store_delivery(database, shop, payload=b'{"customer": "cus_7"}'),
            "b": await store_delivery(
                database, shop, at=LONG_AGO + HOUR, event_type="user.created", status="delivered"
            ),
            "c": await store_delivery(database, bank, at=LONG_AGO + 2 * HOUR, error_class=None),
            "d": await store_delivery(
                database, bank, at=LONG_AGO + 3 * HOUR, event_type="user.deleted", error_class="unsuccessful_status"
            ),
        }
        async with database.transaction() as connection:
            await connection.execute(
                "UPDATE webhooks.delivery SET last_response_status = 503 WHERE delivery_id = $1",
                parse_id("dlv", found["d"].delivery_id),
            )
        self.names = {each.delivery_id: name for name, each in found.items()}
        return found

    async def found(self, path: str) -> str:
        pages = await self.api.walk(path, limit=1)
        return "".join(self.names[delivery["delivery_id"]] for page in pages for delivery in page)

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("", "dcba"),
            ("?status=failed", "dca"),
            ("?response_code=503", "d"),
            ("?response_code=5xx", "d"),
            ("?response_code=2xx", "b"),
            ("?response_code=404", ""),
            ("?error_class=timeout", "a"),
            ("?error_class=expired", "c"),
            ("?event_type=user.", "db"),
            ("?event_type=user.*&response_code=5xx", "d"),
            ("?q=cus_7", "a"),
            ("?q=user", "db"),
            ("?q=shop.EXAMPLE", "ba"),
            ("?q=the+shop", "ba"),
            ("?q=dlv_", "dcba"),
            ("?q=evt_", "dcba"),
            ("?accepted_after=2026-01-01T13:00:00Z&accepted_before=2026-01-01T15:00:00Z", "cb"),
        ],
    )
    @pytest.mark.usefixtures("stored")
    async def test_are_found(self, query: str, expected: str) -> None:
        assert await self.found(f"/deliveries{query}") == expected

    @pytest.mark.parametrize(
        ("query", "expected"),
        [
            ("?q=user", "b"),
            ("?q=cus_7", "a"),
            ("?status=failed&q=cus_7", "a"),
            ("?status=delivered&q=cus_7", ""),
            ("?response_code=2xx", "b"),
            ("?error_class=timeout", "a"),
            ("?accepted_after=2026-01-01T13:00:00Z", "b"),
        ],
    )
    @pytest.mark.usefixtures("stored")
    async def test_of_one_subscription_are_found(self, query: str, expected: str) -> None:
        assert await self.found(f"/subscriptions/{self.shop}/deliveries{query}") == expected
        joined = f"{query}&subscription_id={self.shop}"
        assert await self.found(f"/deliveries{joined}") == expected

    async def test_are_found_by_ids(self, stored: dict[str, Stored]) -> None:
        assert await self.found(f"/deliveries?q={stored['b'].delivery_id}") == "b"
        assert await self.found(f"/deliveries?q={stored['b'].delivery_id[:20]}") == "b"
        assert await self.found(f"/deliveries?q={stored['b'].event_id}") == "b"
        assert await self.found(f"/deliveries?q={self.bank}") == "dc"
        assert await self.found(f"/deliveries?q={self.bank}&subscription_id={self.shop}") == ""
        assert await self.found(f"/subscriptions/{self.shop}/deliveries?q={stored['b'].event_id}") == "b"
        assert await self.found(f"/subscriptions/{self.bank}/deliveries?q={stored['b'].event_id}") == ""

    async def test_of_others_are_never_found(self, stored: dict[str, Stored], other_api: WebhooksApi) -> None:
        for query in ("", "?q=cus_7", "?q=shop", f"?q={stored['a'].delivery_id}", f"?subscription_id={self.shop}"):
            assert (await other_api.get(f"/deliveries{query}"))["items"] == []
        await other_api.refused(404, "GET", f"/subscriptions/{self.shop}/deliveries?q=cus_7")


class TestLimits:
    """A search that has looked at its maximum returns a short page, which says how far back it has looked."""

    @pytest.fixture(autouse=True)
    async def stored(self, api: WebhooksApi, database: Database, monkeypatch: pytest.MonkeyPatch) -> list[Stored]:
        monkeypatch.setattr(searches, "EVENTS_MAX", 3)
        monkeypatch.setattr(searches, "DELIVERIES_MAX", 3)
        self.subscription = await api.subscribe("https://example.com/hooks")
        return [
            await store_delivery(
                database, self.subscription, at=LONG_AGO + number * HOUR, event_type="user.made" if number == 1 else "x"
            )
            for number in range(8)
        ]

    @pytest.mark.parametrize("kind", ["events", "deliveries", "subscriptions/{}/deliveries"])
    async def test_it_continues_from_page_to_page(self, api: WebhooksApi, stored: list[Stored], kind: str) -> None:
        path = f"/{kind.format(self.subscription['subscription_id'])}?event_type=user."
        first = await api.get(path)
        second = await api.get(f"{path}&cursor={first['next_cursor']}")
        third = await api.get(f"{path}&cursor={second['next_cursor']}")

        assert [page["items"] for page in (first, second)] == [[], []]
        assert first["searched_back_to"] == "2026-01-01T16:00:00Z"
        assert second["searched_back_to"] == "2026-01-01T13:00:00Z"
        assert [item["event_id"] for item in third["items"]] == [stored[1].event_id]
        assert (third["next_cursor"], third["searched_back_to"]) == (None, None)

    async def test_a_full_page_does_not_say_how_far_it_has_looked(self, api: WebhooksApi) -> None:
        page = await api.get("/events?event_type=x&limit=2")

        assert len(page["items"]) == 2
        assert page["next_cursor"] is not None
        assert page["searched_back_to"] is None

    @pytest.mark.parametrize("kind", ["events", "deliveries", "subscriptions/{}/deliveries"])
    async def test_it_is_limited_in_bytes_of_payloads(
        self, api: WebhooksApi, monkeypatch: pytest.MonkeyPatch, kind: str
    ) -> None:
        monkeypatch.setattr(searches, "PAYLOAD_BYTES_MAX", len(b'{"n":1}'))
        path = f"/{kind.format(self.subscription['subscription_id'])}"

        # The second payload begins at the limit, so it is read too.
        assert (await api.get(f"{path}?q=none"))["searched_back_to"] == "2026-01-01T17:00:00Z"
        # Payloads aren't read for anything else.
        assert (await api.get(f"{path}?event_type=none"))["searched_back_to"] == "2026-01-01T16:00:00Z"

    @pytest.mark.usefixtures("stored")
    async def test_an_id_is_found_however_old_it_is(self, api: WebhooksApi, stored: list[Stored]) -> None:
        events = await api.get(f"/events?q={stored[0].event_id}")
        deliveries = await api.get(f"/deliveries?q={stored[0].delivery_id}")

        assert [event["event_id"] for event in events["items"]] == [stored[0].event_id]
        assert [delivery["delivery_id"] for delivery in deliveries["items"]] == [stored[0].delivery_id]

    async def test_an_idempotency_key_is_found_however_old_it_is(self, api: WebhooksApi, database: Database) -> None:
        async with database.transaction() as connection:
            await connection.execute(
                "UPDATE webhooks.event SET idempotency_key = 'old' "
                "WHERE event_id = (SELECT event_id FROM webhooks.event ORDER BY event_id LIMIT 1)"
            )

        page = await api.get("/events?q=old&limit=1")

        assert [event["idempotency_key"] for event in page["items"]] == ["old"]
        pages = await api.walk("/events?q=old", limit=1)
        assert [event["idempotency_key"] for each in pages for event in each] == ["old"]


@pytest.mark.parametrize(
    ("path", "field"),
    [
        ("/events?q=", "q"),
        (f"/events?q={'x' * 256}", "q"),
        ("/events?event_type=a..b", "event_type"),
        ("/events?event_type=.", "event_type"),
        ("/events?accepted_after=yesterday", "accepted_after"),
        ("/events?accepted_before=2026-01-01T00:00:00", "accepted_before"),
        ("/deliveries?q=", "q"),
        ("/deliveries?response_code=600", "response_code"),
        ("/deliveries?response_code=50x", "response_code"),
        ("/deliveries?error_class=bad", "error_class"),
        ("/deliveries?status=queued", "status"),
        ("/deliveries?event_type=**", "event_type"),
        ("/subscriptions/{}/deliveries?status=queued&q=x", "status"),
        ("/subscriptions/{}/deliveries?response_code=5", "response_code"),
    ],
)
async def test_what_cannot_match_is_refused_with_its_field(api: WebhooksApi, path: str, field: str) -> None:
    subscription: Json = await api.subscribe("https://example.com/hooks")

    problem = await api.refused(422, "GET", path.format(subscription["subscription_id"]))

    assert (problem["field"], problem["code"] in {"invalid_input", "invalid_event_type"}) == (field, True)
    assert problem["remedy"]


async def test_a_cursor_of_the_list_is_refused_by_a_search(api: WebhooksApi) -> None:
    for number in range(3):
        await publish(api, f"order-{number}")
    cursor = (await api.get("/events?limit=1"))["next_cursor"]

    problem = await api.refused(422, "GET", f"/events?q=order&cursor={cursor}")

    assert problem["code"] == "invalid_cursor"

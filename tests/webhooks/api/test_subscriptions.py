"""Subscriptions over the API: create, read, list, change and delete them, and rotate their secrets."""

import base64
from typing import Any

import pytest

from http_api import Json
from in_process import Applications
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.rules.event_types import EVENT_TYPE_LENGTH_MAX, EVENT_TYPES_PER_SUBSCRIPTION_MAX
from ninefold.systems.webhooks.service import subscriptions as service
from receivers import Receiver
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"
UNKNOWN = "/subscriptions/sub_01h455vb4pex5vsknk084sn02q"
SHOWN_FIELDS = {
    "subscription_id",
    "url",
    "event_types",
    "description",
    "subscriber_id",
    "is_active",
    "pause",
    "circuit",
    "rate_limit_per_s",
    "in_flight_max",
    "retry_schedule",
    "ordering",
    "ordering_on_failure",
    "effective",
    "live_channel",
    "created_at",
    "updated_at",
}


def valid(**changes: object) -> Json:
    return {"url": URL, "event_types": ["order.created"], **changes}


def path_of(subscription: Json) -> str:
    return f"/subscriptions/{subscription['subscription_id']}"


def without_secret(subscription: Json) -> Json:
    return {name: value for name, value in subscription.items() if name != "secret"}


async def test_creating_returns_201_with_the_subscription_and_its_secret(api: WebhooksApi) -> None:
    body = valid(event_types=["order.*", "invoice.paid"], description="Grüße ✓")
    response = await api.request("POST", "/subscriptions", json=body)
    created = response.json()
    assert response.status_code == 201
    assert created.keys() == SHOWN_FIELDS | {"secret"}
    assert {name: created[name] for name in body} == body
    assert created["subscription_id"].startswith("sub_")
    assert created["created_at"] == created["updated_at"]
    prefix, _, key = created["secret"].partition("_")
    assert (prefix, len(base64.b64decode(key, validate=True))) == ("whsec", 32)


async def test_a_description_is_empty_unless_given(api: WebhooksApi) -> None:
    assert (await api.done("POST", "/subscriptions", json=valid()))["description"] == ""


async def test_each_subscription_has_its_own_secret(api: WebhooksApi) -> None:
    created = [await api.subscribe(URL) for _ in range(3)]
    assert len({subscription["secret"] for subscription in created}) == 3


async def test_a_created_subscription_can_be_read(api: WebhooksApi) -> None:
    created = await api.subscribe(URL, "order.*")
    assert await api.get(path_of(created)) == without_secret(created)


@pytest.mark.usefixtures("worker")
async def test_only_creation_and_rotation_return_the_secret(api: WebhooksApi, receiver: Receiver) -> None:
    created = await api.subscribe(receiver.url)
    rotated = await api.done("POST", f"{path_of(created)}/rotate-secret")
    event_id = await api.publish()
    (delivery,) = await api.settled(event_id)
    answers = [
        await api.request("GET", path_of(created)),
        await api.request("GET", "/subscriptions"),
        await api.request("PATCH", path_of(created), json={"description": "changed"}),
        await api.request("GET", f"{path_of(created)}/deliveries"),
        await api.request("GET", f"/deliveries/{delivery['delivery_id']}"),
        await api.request("GET", f"/events/{event_id}"),
        await api.request("GET", "/events"),
    ]
    for answer in answers:
        assert answer.status_code == 200
        assert "secret" not in answer.text
        for secret in (created["secret"], rotated["secret"]):
            assert secret.removeprefix("whsec_") not in answer.text


async def test_the_list_is_empty_without_subscriptions(api: WebhooksApi) -> None:
    assert await api.get("/subscriptions") == {"items": [], "next_cursor": None}


@pytest.mark.parametrize(("limit", "sizes"), [(1, [1] * 7), (3, [3, 3, 1]), (7, [7]), (100, [7])])
async def test_pages_contain_every_subscription_once_newest_first(
    api: WebhooksApi, limit: int, sizes: list[int]
) -> None:
    created = [without_secret(await api.subscribe(URL)) for _ in range(7)]
    pages = await api.walk("/subscriptions", limit=limit)
    assert [len(page) for page in pages] == sizes
    shown = [item for page in pages for item in page]
    assert sorted(created, key=lambda item: item["subscription_id"], reverse=True) == shown


async def test_a_subscription_created_between_two_pages_does_not_shift_the_next_page(api: WebhooksApi) -> None:
    created = [await api.subscribe(URL) for _ in range(4)]
    first = await api.get("/subscriptions?limit=2")
    await api.subscribe(URL)
    second = await api.get(f"/subscriptions?limit=2&cursor={first['next_cursor']}")
    shown = {item["subscription_id"] for item in [*first["items"], *second["items"]]}
    assert {item["subscription_id"] for item in created} == shown
    assert second["next_cursor"] is None


async def test_a_page_has_twenty_items_by_default(api: WebhooksApi) -> None:
    for _ in range(21):
        await api.subscribe(URL)
    page = await api.get("/subscriptions")
    assert len(page["items"]) == 20
    assert page["next_cursor"] is not None


async def test_a_changed_cursor_is_refused(api: WebhooksApi) -> None:
    for _ in range(2):
        await api.subscribe(URL)
    cursor = (await api.get("/subscriptions?limit=1"))["next_cursor"]
    other = "B" if cursor.startswith("A") else "A"
    for changed in (other + cursor[1:], cursor[:-6] + "AAAAAA", cursor[1:], cursor + "AAAA", "x", ""):
        problem = await api.refused(422, "GET", f"/subscriptions?cursor={changed}")
        assert (problem["code"], problem["field"]) == ("invalid_cursor", "cursor"), changed


async def test_a_cursor_of_another_list_is_refused(api: WebhooksApi) -> None:
    for _ in range(2):
        await api.subscribe(URL)
    cursor = (await api.get("/subscriptions?limit=1"))["next_cursor"]
    assert (await api.refused(422, "GET", f"/events?cursor={cursor}"))["code"] == "invalid_cursor"


@pytest.mark.parametrize("limit", ["0", "-1", "101", "1.5", "many", ""])
async def test_an_invalid_limit_is_refused(api: WebhooksApi, limit: str) -> None:
    assert (await api.refused(422, "GET", f"/subscriptions?limit={limit}"))["field"] == "limit"


@pytest.mark.parametrize(
    "change",
    [
        {"url": "http://other.example:8080/a?b=c"},
        {"event_types": ["invoice.*", "*"]},
        {"description": "another"},
        {"description": ""},
        {"url": "https://other.example/", "event_types": ["a.b"], "description": "all at once"},
    ],
)
async def test_only_the_given_fields_are_changed(api: WebhooksApi, change: Json) -> None:
    created = await api.done("POST", "/subscriptions", json=valid(description="first"))
    changed = await api.done("PATCH", path_of(created), json=change)
    assert changed["updated_at"] > created["updated_at"]
    assert changed == {**without_secret(created), **change, "updated_at": changed["updated_at"]}
    assert await api.get(path_of(created)) == changed


async def test_an_empty_change_only_updates_the_time(api: WebhooksApi) -> None:
    created = await api.subscribe(URL)
    changed = await api.done("PATCH", path_of(created), json={})
    assert changed == {**without_secret(created), "updated_at": changed["updated_at"]}


@pytest.mark.parametrize("field", ["url", "event_types", "description"])
async def test_a_field_cannot_be_changed_to_null(api: WebhooksApi, field: str) -> None:
    created = await api.subscribe(URL)
    problem = await api.refused(422, "PATCH", path_of(created), json={field: None})
    assert (problem["field"], "null" in problem["detail"]) == (field, True)
    assert await api.get(path_of(created)) == without_secret(created)


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"description": "kept back", "url": "ftp://example.com"}, "url"),
        ({"description": "kept back", "event_types": []}, "event_types"),
        ({"url": "https://kept.example", "description": "x" * 501}, "description"),
        ({"secret": "whsec_mine"}, "secret"),
        ({"subscription_id": "sub_mine"}, "subscription_id"),
    ],
)
async def test_a_change_with_an_invalid_field_changes_nothing(api: WebhooksApi, change: Json, field: str) -> None:
    created = await api.subscribe(URL)
    assert (await api.refused(422, "PATCH", path_of(created), json=change))["field"] == field
    assert await api.get(path_of(created)) == without_secret(created)


async def test_a_change_needs_a_body(api: WebhooksApi) -> None:
    created = await api.subscribe(URL)
    assert (await api.refused(400, "PATCH", path_of(created)))["code"] == "bad_json"


async def test_a_deleted_subscription_is_not_found(api: WebhooksApi) -> None:
    kept, deleted = await api.subscribe(URL), await api.subscribe(URL)
    response = await api.request("DELETE", path_of(deleted))
    assert (response.status_code, response.content) == (204, b"")
    assert [item["subscription_id"] for item in (await api.get("/subscriptions"))["items"]] == [kept["subscription_id"]]
    for method, suffix, json in (
        ("GET", "", None),
        ("DELETE", "", None),
        ("PATCH", "", {}),
        ("POST", "/rotate-secret", None),
        ("GET", "/deliveries", None),
    ):
        problem = await api.refused(404, method, f"{path_of(deleted)}{suffix}", json=json)
        assert problem["code"] == "subscription_not_found"


@pytest.mark.parametrize("text", ["sub_01h455vb4pex5vsknk084sn02q", "evt_01h455vb4pex5vsknk084sn02q", "sub_", "1", "ü"])
async def test_an_unknown_or_malformed_subscription_id_is_not_found(api: WebhooksApi, text: str) -> None:
    await api.refused(404, "GET", f"/subscriptions/{text}")


@pytest.mark.parametrize("body", [None, {}, {"grace_s": 86_400}, {"grace_s": 0}])
async def test_a_rotation_returns_a_new_secret_and_changes_nothing_else(api: WebhooksApi, body: Json | None) -> None:
    created = await api.subscribe(URL)
    response = await api.request("POST", f"{path_of(created)}/rotate-secret", json=body)
    rotated = response.json()
    assert response.status_code == 200
    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != created["secret"]
    assert without_secret(rotated) == without_secret(created)


@pytest.mark.parametrize("grace_s", [-1, 86_401, 1.5, "60", None, True])
async def test_an_invalid_grace_period_is_refused(api: WebhooksApi, grace_s: object) -> None:
    created = await api.subscribe(URL)
    path = f"{path_of(created)}/rotate-secret"
    assert (await api.refused(422, "POST", path, json={"grace_s": grace_s}))["field"] == "grace_s"


async def test_at_most_five_secrets_are_active(api: WebhooksApi) -> None:
    path = f"{path_of(await api.subscribe(URL))}/rotate-secret"
    for _ in range(service.SECRETS_ACTIVE_MAX - 1):
        await api.done("POST", path)
    problem = await api.refused(409, "POST", path)
    assert problem["code"] == "too_many_secrets"
    assert "grace_s=0" in problem["remedy"]
    await api.done("POST", path, json={"grace_s": 0})
    await api.done("POST", path)


async def test_an_organisation_cannot_exceed_its_limit_of_subscriptions(
    api: WebhooksApi, other_api: WebhooksApi, applications: Applications, database: Database
) -> None:
    settings = {"NINEFOLD_WEBHOOKS_SUBSCRIPTIONS_MAX": "2"}
    async with applications.client(settings, database=database) as client:
        limited, other_limited = WebhooksApi(client, api.api_key), WebhooksApi(client, other_api.api_key)
        first, _ = await limited.subscribe(URL), await limited.subscribe(URL)
        problem = await limited.refused(409, "POST", "/subscriptions", json=valid())
        assert problem["code"] == "too_many_subscriptions"
        assert "NINEFOLD_WEBHOOKS_SUBSCRIPTIONS_MAX" in problem["remedy"]
        assert len((await api.get("/subscriptions"))["items"]) == 2
        await other_limited.subscribe(URL)
        await limited.request("DELETE", path_of(first))
        await limited.subscribe(URL)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "example.com/hooks",
        "//example.com/hooks",
        "/hooks",
        "ftp://example.com/",
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://",
        "https:///hooks",
        "https://user:password@example.com/",
        "https://example.com/#part",
        "https://example.com:0/",
        "https://example.com:65536/",
        "https://example.com:port/",
        "https://exa mple.com/",
        "https://example.com/a b",
        "https://example.com\\@internal/",
        "https://example.com/\n",
        "https://[::1/",
        "https://[not-an-address]/",
        "https://0x7f000001/",
        "https://2130706433/",
        "https://127.1/",
        "https://-.example/",
        f"https://example.com/{'x' * 10_000}",
    ],
)
async def test_a_url_that_events_cannot_be_delivered_to_is_refused(api: WebhooksApi, url: str) -> None:
    problem = await api.refused(422, "POST", "/subscriptions", json=valid(url=url))
    assert (problem["code"], problem["field"]) == ("invalid_url", "url")
    assert problem["remedy"]
    assert (await api.get("/subscriptions"))["items"] == []


@pytest.mark.parametrize(
    ("event_types", "field"),
    [
        ([], "event_types"),
        ([f"type_{number}" for number in range(EVENT_TYPES_PER_SUBSCRIPTION_MAX + 1)], "event_types"),
        ([""], "event_types[0]"),
        (["order.created", "order created"], "event_types[1]"),
        (["order."], "event_types[0]"),
        ([".order"], "event_types[0]"),
        (["order..created"], "event_types[0]"),
        (["order*"], "event_types[0]"),
        (["*.created"], "event_types[0]"),
        (["order.*.created"], "event_types[0]"),
        (["**"], "event_types[0]"),
        (["bestellung.geändert"], "event_types[0]"),
        (["order.created\n"], "event_types[0]"),
        (["x" * (EVENT_TYPE_LENGTH_MAX + 1)], "event_types[0]"),
    ],
)
async def test_malformed_event_types_are_refused(api: WebhooksApi, event_types: list[str], field: str) -> None:
    problem = await api.refused(422, "POST", "/subscriptions", json=valid(event_types=event_types))
    assert (problem["code"], problem["field"]) == ("invalid_event_type", field)


async def test_event_types_up_to_the_limits_are_accepted(api: WebhooksApi) -> None:
    longest = "x" * EVENT_TYPE_LENGTH_MAX
    many = [f"type_{number}" for number in range(EVENT_TYPES_PER_SUBSCRIPTION_MAX - 1)]
    created = await api.subscribe(URL, longest, *many)
    assert created["event_types"] == [longest, *many]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"event_types": ["a"]}, "url"),
        ({"url": URL}, "event_types"),
        (valid(colour="red"), "colour"),
        (valid(secret="whsec_mine"), "secret"),
        (valid(url=1), "url"),
        (valid(url=None), "url"),
        (valid(event_types="order.created"), "event_types"),
        (valid(event_types=["order.created", 1]), "event_types[1]"),
        (valid(event_types={"a": 1}), "event_types"),
        (valid(description=None), "description"),
        (valid(description=["a"]), "description"),
        (valid(description="x" * 501), "description"),
        (valid(description="a\0b"), "description"),
        (valid(url="https://example.com/\0"), "url"),
        (valid(event_types=["a\0"]), "event_types[0]"),
    ],
)
async def test_the_problem_names_an_invalid_field(api: WebhooksApi, body: Json, field: str) -> None:
    problem = await api.refused(422, "POST", "/subscriptions", json=body)
    assert problem["field"] == field
    assert problem["remedy"]
    assert (await api.get("/subscriptions"))["items"] == []


@pytest.mark.parametrize("body", [[], "text", 1, True, [valid()]])
async def test_a_body_that_is_not_an_object_is_refused(api: WebhooksApi, body: Any) -> None:
    assert "object" in (await api.refused(422, "POST", "/subscriptions", json=body))["detail"]


async def test_a_description_of_500_characters_is_kept(api: WebhooksApi) -> None:
    text = "ü🎈" * 250
    created = await api.done("POST", "/subscriptions", json=valid(description=text))
    assert (await api.get(path_of(created)))["description"] == text


async def test_the_problem_names_an_unknown_subscription(api: WebhooksApi) -> None:
    problem = await api.refused(404, "GET", UNKNOWN)
    assert UNKNOWN.rpartition("/")[2] in problem["detail"]

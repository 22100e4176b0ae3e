"""What a subscription can set itself: its customer, limits and retry schedule; and how the list is filtered."""

from collections.abc import Mapping

import pytest

from http_api import Json
from ninefold.core.postgres.database import Database
from ninefold.systems.webhooks.rules.retry_plans import RETRY_PRESETS
from webhooks.stored_states import store_circuit
from webhooks.webhooks_api import WebhooksApi

URL = "https://example.com/hooks"
UNSET = {"subscriber_id": None, "rate_limit_per_s": None, "in_flight_max": None, "retry_schedule": None}
OPTIONS = {"subscriber_id": "customer-7", "rate_limit_per_s": 2.5, "in_flight_max": 3, "retry_schedule": [5.0, 60.0]}
INVALID = [
    ({"subscriber_id": ""}, "subscriber_id"),
    ({"subscriber_id": "x" * 201}, "subscriber_id"),
    ({"subscriber_id": "a\0b"}, "subscriber_id"),
    ({"subscriber_id": 7}, "subscriber_id"),
    ({"is_active": None}, "is_active"),
    ({"is_active": "false"}, "is_active"),
    ({"is_active": 0}, "is_active"),
    ({"rate_limit_per_s": 0}, "rate_limit_per_s"),
    ({"rate_limit_per_s": -1}, "rate_limit_per_s"),
    ({"rate_limit_per_s": 1_000_001}, "rate_limit_per_s"),
    ({"rate_limit_per_s": "5"}, "rate_limit_per_s"),
    ({"rate_limit_per_s": True}, "rate_limit_per_s"),
    ({"in_flight_max": 0}, "in_flight_max"),
    ({"in_flight_max": 1.5}, "in_flight_max"),
    ({"in_flight_max": 100_001}, "in_flight_max"),
    ({"in_flight_max": 10**30}, "in_flight_max"),
    ({"retry_schedule": "weekly"}, "retry_schedule"),
    ({"retry_schedule": ""}, "retry_schedule"),
    ({"retry_schedule": 5}, "retry_schedule"),
    ({"retry_schedule": []}, "retry_schedule"),
    ({"retry_schedule": [1] * 21}, "retry_schedule"),
    ({"retry_schedule": [1, 0]}, "retry_schedule[1]"),
    ({"retry_schedule": [-5]}, "retry_schedule[0]"),
    ({"retry_schedule": [1, "2"]}, "retry_schedule[1]"),
    ({"retry_schedule": [86_400, 0.5]}, "retry_schedule"),
    ({"retry_schedule": [1e308, 1e308]}, "retry_schedule"),
    ({"rate_limit": 5}, "rate_limit"),
    ({"circuit": {"state": "closed"}}, "circuit"),
    ({"effective": {}}, "effective"),
]


@pytest.fixture
def environment(environment: Mapping[str, str]) -> Mapping[str, str]:
    """Settings that differ from the defaults, to see that they are shown."""
    return {
        **environment,
        "NINEFOLD_WEBHOOKS_RATE_LIMIT_PER_S": "70",
        "NINEFOLD_WEBHOOKS_SUBSCRIPTION_IN_FLIGHT_MAX": "8",
        "NINEFOLD_WEBHOOKS_RETRY_DELAYS_S": "3,9",
    }


async def create(api: WebhooksApi, **options: object) -> Json:
    return await api.done("POST", "/subscriptions", json={"url": URL, "event_types": ["*"], **options})


def path_of(subscription: Json) -> str:
    return f"/subscriptions/{subscription['subscription_id']}"


def shown(subscription: Json, names: Mapping[str, object]) -> Json:
    return {name: subscription[name] for name in names}


async def test_nothing_is_set_unless_given_and_the_settings_apply(api: WebhooksApi) -> None:
    created = await create(api)
    assert shown(created, UNSET) == UNSET
    assert (created["is_active"], created["pause"]) == (True, None)
    assert created["effective"] == {"rate_limit_per_s": 70, "in_flight_max": 8, "retry_delays_s": [3, 9]}


async def test_options_are_kept_and_apply_instead_of_the_settings(api: WebhooksApi) -> None:
    created = await create(api, **OPTIONS)
    found = await api.get(path_of(created))
    assert shown(created, OPTIONS) == shown(found, OPTIONS) == OPTIONS
    assert found["effective"] == {"rate_limit_per_s": 2.5, "in_flight_max": 3, "retry_delays_s": [5, 60]}


@pytest.mark.parametrize("name", OPTIONS)
async def test_a_change_keeps_what_it_omits_and_removes_what_is_null(api: WebhooksApi, name: str) -> None:
    created = await create(api, **OPTIONS)
    without_one = await api.done("PATCH", path_of(created), json={name: None})
    assert shown(without_one, OPTIONS) == {**OPTIONS, name: None}
    again = await api.done("PATCH", path_of(created), json={name: OPTIONS[name]})
    assert shown(again, OPTIONS) == shown(await api.get(path_of(created)), OPTIONS) == OPTIONS


@pytest.mark.parametrize("preset", RETRY_PRESETS)
async def test_a_preset_is_shown_by_its_name_and_its_delays(api: WebhooksApi, preset: str) -> None:
    created = await create(api, retry_schedule=preset)
    assert created["retry_schedule"] == preset
    assert created["effective"]["retry_delays_s"] == list(RETRY_PRESETS[preset])
    changed = await api.done("PATCH", path_of(created), json={"retry_schedule": [7]})
    assert (changed["retry_schedule"], changed["effective"]["retry_delays_s"]) == ([7], [7])


@pytest.mark.parametrize(
    "options",
    [
        {"subscriber_id": "ü🎈" * 100},
        {"rate_limit_per_s": 0.001},
        {"rate_limit_per_s": 1_000_000},
        {"in_flight_max": 1},
        {"in_flight_max": 100_000},
        {"retry_schedule": [0.5] * 20},
        {"retry_schedule": [86_400]},
    ],
)
async def test_values_at_the_limits_are_accepted(api: WebhooksApi, options: Json) -> None:
    assert shown(await create(api, **options), options) == options


@pytest.mark.parametrize(("options", "field"), INVALID)
async def test_an_invalid_option_is_refused_and_changes_nothing(api: WebhooksApi, options: Json, field: str) -> None:
    kept = await create(api, **OPTIONS)
    body = {"url": URL, "event_types": ["*"], **options}
    for method, path, json in (
        ("POST", "/subscriptions", body),
        ("PATCH", path_of(kept), {"description": "changed", **options}),
    ):
        problem = await api.refused(422, method, path, json=json)
        assert (problem["field"], bool(problem["remedy"])) == (field, True)
    (only,) = (await api.get("/subscriptions"))["items"]
    assert only == {name: value for name, value in kept.items() if name != "secret"}


async def test_the_problem_says_how_long_retries_are_made(api: WebhooksApi) -> None:
    body = {"url": URL, "event_types": ["*"], "retry_schedule": [86_000, 401]}
    problem = await api.refused(422, "POST", "/subscriptions", json=body)
    assert problem["detail"] == "The delays add up to 86,401 s, but retries are made for 86,400 s only."
    assert "NINEFOLD_WEBHOOKS_RETRY_HORIZON_S" in problem["remedy"]


async def test_the_list_can_be_filtered_and_paged(api: WebhooksApi, other_api: WebhooksApi, database: Database) -> None:
    plain = await create(api)
    first, second = [await create(api, subscriber_id="customer-7") for _ in range(2)]
    paused = await create(api, subscriber_id="customer-7", is_active=False)
    await create(api, subscriber_id="customer-70")
    await create(other_api, subscriber_id="customer-7")
    await store_circuit(database, plain, retry_in_s=60)
    await store_circuit(database, first, retry_in_s=0)
    await store_circuit(database, second, failures=3)
    for query, expected in (
        ("subscriber_id=customer-7", [paused, second, first]),
        ("subscriber_id=customer-8", []),
        ("subscriber_id=customer-7&is_active=true", [second, first]),
        ("is_active=false", [paused]),
        ("circuit=open", [plain]),
        ("circuit=half_open", [first]),
        ("circuit=closed&subscriber_id=customer-7", [paused, second]),
    ):
        pages = await api.walk(f"/subscriptions?{query}", limit=2)
        listed = [item["subscription_id"] for page in pages for item in page]
        assert listed == [subscription["subscription_id"] for subscription in expected], query


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("subscriber_id=", "subscriber_id"),
        (f"subscriber_id={'x' * 201}", "subscriber_id"),
        ("is_active=maybe", "is_active"),
        ("circuit=broken", "circuit"),
        ("circuit=", "circuit"),
    ],
)
async def test_the_problem_names_an_invalid_filter(api: WebhooksApi, query: str, field: str) -> None:
    assert (await api.refused(422, "GET", f"/subscriptions?{query}"))["field"] == field

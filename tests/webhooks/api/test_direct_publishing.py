"""Publishing without the framework: the same answers as the route, and no access that has ended.

The route also has the path with a slash at its end, which the direct one leaves to it.
"""

import asyncio
from typing import Any, NoReturn
from uuid import UUID

import pytest

from http_api import Json
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import authenticate, create_api_key, revoke_credential
from ninefold.systems.webhooks.service import shared_publishing
from ninefold.systems.webhooks.service.publishing import PAYLOAD_BYTES_MAX, publish_for_organisations
from ninefold.systems.webhooks.service.shared_publishing import SharedPublishing
from webhooks.webhooks_api import WebhooksApi

DIRECT = "/events"
ROUTE = "/events/"
VARYING = {"x-request-id", "date"}


def valid(**changes: object) -> Json:
    return {"event_type": "order.created", "payload": {"n": 1}, **changes}


REQUESTS: dict[str, dict[str, Any]] = {
    "refused type": {"json": valid(event_type="a b")},
    "unknown field": {"json": valid(other=1)},
    "missing field": {"json": {"payload": 1}},
    "no object": {"content": b"[1]"},
    "no JSON": {"content": b'{"event_type": '},
    "no UTF-8": {"content": b'{"event_type":"a","payload":"\xff"}'},
    "NUL": {"content": b'{"event_type":"a\\u0000","payload":1}'},
    "too deep": {"content": b'{"event_type":"a","payload":' + b"[" * 2000 + b"]" * 2000 + b"}"},
    "empty": {"content": b""},
    "no body": {},
    "too large a payload": {"json": valid(payload="x" * PAYLOAD_BYTES_MAX)},
    "too large a body": {"content": b"x" * (2 * PAYLOAD_BYTES_MAX)},
    "another media type": {"content": b"{}", "headers": {"Content-Type": "text/plain"}},
    "compressed": {"content": b"{}", "headers": {"Content-Encoding": "gzip"}},
    "two keys": {"json": valid(idempotency_key="a"), "headers": {"Idempotency-Key": "b"}},
    "long key": {"json": valid(idempotency_key="a" * 256)},
    "key that isn't ASCII": {"json": valid(), "headers": {"Idempotency-Key": "ä".encode()}},
    "known key": {"json": valid(idempotency_key="used")},
    "used key": {"json": valid(idempotency_key="used", payload=2)},
    "no credential": {"json": valid(), "headers": {"Authorization": ""}},
    "another scheme": {"json": valid(), "headers": {"Authorization": "Basic YTpi"}},
    "malformed credential": {"json": valid(), "headers": {"Authorization": "Bearer nfk_x"}},
    "unknown credential": {
        "json": valid(),
        "headers": {"Authorization": f"Bearer {API_KEY.new_credential()[0]}"},
    },
}


@pytest.mark.parametrize("name", REQUESTS)
async def test_it_answers_as_the_route_does(api: WebhooksApi, name: str) -> None:
    await api.done("POST", ROUTE, json=valid(idempotency_key="used"))

    answers = [await api.request("POST", path, **REQUESTS[name]) for path in (DIRECT, ROUTE)]

    bodies = [{**answer.json(), "request_id": None} for answer in answers]
    headers = [{key: value for key, value in answer.headers.items() if key not in VARYING} for answer in answers]
    assert (answers[0].status_code, bodies[0], headers[0]) == (answers[1].status_code, bodies[1], headers[1])


@pytest.mark.parametrize("headers", [{}, {"Content-Type": "application/json; charset=utf-8"}])
async def test_the_usual_request_is_answered_without_the_route(
    api: WebhooksApi, monkeypatch: pytest.MonkeyPatch, headers: dict[str, str]
) -> None:
    monkeypatch.setattr(SharedPublishing, "publish", None)

    published = await api.request("POST", DIRECT, json=valid(), headers=headers)

    assert published.status_code == 202
    assert (await api.get(f"/events/{published.json()['event_id']}"))["payload"] == {"n": 1}


async def test_it_publishes_for_whom_the_credential_is(api: WebhooksApi, other_api: WebhooksApi) -> None:
    ids = await asyncio.gather(*[each.publish() for each in (api, other_api) * 10])

    for each, others in ((api, ids[1::2]), (other_api, ids[::2])):
        assert {event["event_id"] for event in (await each.get("/events"))["items"]} == set(ids) - set(others)


async def test_a_revoked_key_is_refused_at_once(api: WebhooksApi, database: Database) -> None:
    organisation_id = await organisation_of(api, database)
    async with database.transaction() as connection:
        created = await create_api_key(connection, organisation_id=organisation_id, name="other")
    key_api = WebhooksApi(api.http, created.text)
    await key_api.publish()
    async with database.transaction() as connection:
        await revoke_credential(
            connection, API_KEY, organisation_id=organisation_id, credential_id=created.credential_id
        )

    problem = await key_api.refused(401, "POST", DIRECT, json=valid())

    assert problem["code"] == "api_key_revoked"
    assert len((await api.get("/events"))["items"]) == 1


async def test_a_key_whose_scopes_have_shrunk_is_refused_at_once(api: WebhooksApi, database: Database) -> None:
    organisation_id = await organisation_of(api, database)
    async with database.transaction() as connection:
        created = await create_api_key(connection, organisation_id=organisation_id, name="other")
        viewer = await create_api_key(connection, organisation_id=organisation_id, name="viewer", role=Role.VIEWER)
    key_api = WebhooksApi(api.http, created.text)
    await key_api.publish()
    async with database.connection() as connection:
        await connection.execute(
            "UPDATE tenancy.credential SET scopes = viewer.scopes FROM tenancy.credential AS viewer "
            "WHERE credential.credential_id = $1 AND viewer.credential_id = $2",
            created.credential_id,
            viewer.credential_id,
        )

    for each in (key_api, WebhooksApi(api.http, viewer.text)):
        assert (await each.refused(403, "POST", DIRECT, json=valid()))["code"] == "role_insufficient"
    assert len((await api.get("/events"))["items"]) == 1


async def test_one_that_fails_stops_none_that_shares_its_commit(
    api: WebhooksApi, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = publish_for_organisations

    async def fail_for_one(*given: Any, **more: Any) -> Any:
        if any(event.draft.event_type == "order.broken" for event in given[2]):
            await break_down()
        return await real(*given, **more)

    async def break_down() -> NoReturn:
        raise ZeroDivisionError

    monkeypatch.setattr(shared_publishing, "publish_for_organisations", fail_for_one)

    answers = await asyncio.gather(
        *[
            api.request("POST", DIRECT, json=valid(event_type=f"order.{'broken' if number == 3 else 'created'}"))
            for number in range(8)
        ]
    )

    assert [answer.status_code for answer in answers] == [202, 202, 202, 500, 202, 202, 202, 202]
    assert len((await api.get("/events"))["items"]) == 7


async def organisation_of(api: WebhooksApi, database: Database) -> UUID:
    """Return the id of the client's organisation."""
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id

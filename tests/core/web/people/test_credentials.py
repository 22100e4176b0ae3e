"""API keys and personal tokens over HTTP."""

from datetime import datetime, timedelta

import httpx
import pytest

from http_api import Api
from people import Person


async def test_an_api_key_is_shown_once_and_works_until_it_is_revoked(http: httpx.AsyncClient, admin: Person) -> None:
    created = await admin.done("POST", "/api-keys", json={"name": "Deployments", "role": "admin", "expires_in_s": 60})
    key = Api(http, created["api_key"])
    (listed,) = (await key.get("/api-keys"))["items"]
    assert listed == {name: value for name, value in created.items() if name != "api_key"} | {
        "last_used_at": listed["last_used_at"]
    }
    assert listed["last_used_at"] is not None
    assert times(listed["expires_at"]) - times(listed["created_at"]) == timedelta(seconds=60)

    assert (await admin.request("DELETE", f"/api-keys/{listed['api_key_id']}")).status_code == 204

    assert (await key.refused(401, "GET", "/api-keys"))["code"] == "api_key_revoked"
    assert [item["state"] for item in (await admin.get("/api-keys"))["items"]] == ["revoked"]


async def test_an_api_key_is_a_developers_by_default_and_may_not_create_others(
    http: httpx.AsyncClient, admin: Person
) -> None:
    created = await admin.done("POST", "/api-keys", json={"name": "ci"})

    assert created["role"] == "developer"
    await Api(http, created["api_key"]).refused(403, "POST", "/api-keys", json={"name": "another"})


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"name": ""}, "name"),
        ({"name": "x" * 201}, "name"),
        ({"name": "ci", "role": "root"}, "role"),
        ({"name": "ci", "expires_in_s": 0}, "expires_in_s"),
        ({"name": "ci", "expires_in_s": 10**9}, "expires_in_s"),
        ({"role": "viewer"}, "name"),
    ],
    ids=str,
)
async def test_an_invalid_key_is_refused(owner: Person, body: dict[str, object], field: str) -> None:
    problem = await owner.refused(422, "POST", "/api-keys", json=body)

    assert problem["field"] == field


async def test_a_personal_token_is_limited_to_its_role_and_to_the_persons(
    http: httpx.AsyncClient, owner: Person, admin: Person
) -> None:
    viewing = await admin.done("POST", "/personal-tokens", json={"name": "dashboard", "role": "viewer"})
    full = await admin.done("POST", "/personal-tokens", json={"name": "laptop", "role": "admin"})
    await admin.refused(403, "POST", "/personal-tokens", json={"name": "sudo", "role": "owner"})

    await Api(http, viewing["personal_token"]).refused(403, "GET", "/api-keys")
    await Api(http, full["personal_token"]).get("/api-keys")
    await owner.done("PATCH", f"/members/{admin.account_text}", json={"role": "viewer"})
    await Api(http, full["personal_token"]).refused(403, "GET", "/api-keys")
    await Api(http, full["personal_token"]).get("/members")


async def test_personal_tokens_are_listed_and_revoked_by_their_person_only(
    http: httpx.AsyncClient, owner: Person, viewer: Person
) -> None:
    created = await viewer.done("POST", "/personal-tokens", json={"name": "laptop", "role": "viewer"})
    path = f"/personal-tokens/{created['personal_token_id']}"
    assert (await owner.get("/personal-tokens"))["items"] == []
    await owner.refused(404, "DELETE", path)
    assert [item["name"] for item in (await viewer.get("/personal-tokens"))["items"]] == ["laptop"]

    assert (await viewer.request("DELETE", path)).status_code == 204

    problem = await Api(http, created["personal_token"]).refused(401, "GET", "/members")
    assert problem["code"] == "credential_revoked"


async def test_a_key_cannot_do_what_only_people_can(api: Api) -> None:
    for method, path in (("GET", "/session"), ("GET", "/account"), ("GET", "/personal-tokens")):
        assert (await api.refused(403, method, path))["code"] == "session_only"


async def test_a_wrong_key_is_refused_even_with_a_session(owner: Person) -> None:
    await owner.refused(401, "GET", "/members", headers={"Authorization": "Bearer nfk_wrong"})


def times(text: str) -> datetime:
    return datetime.fromisoformat(text)

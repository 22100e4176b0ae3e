"""Replacing and revoking what an app authenticates with."""

import pytest

from http_api import Api, Json
from messaging_api import Talk
from ninefold.core.tenancy import service as tenancy


@pytest.fixture
async def app(api: Api) -> Json:
    """An app."""
    return await api.done("POST", "/messaging/apps", json={"name": "deploy"})


async def listed(api: Api, app: Json) -> list[tuple[str, str, str]]:
    """Return kind, public part and state of the tokens of an app."""
    items = (await api.get(f"/messaging/apps/{app['app_id']}/tokens"))["items"]
    return [(each["kind"], each["prefix"], each["state"]) for each in items]


def public(token: str) -> str:
    """Return the public part of a token."""
    return token.rpartition("-")[0]


async def error_of(api: Api, token: str, method: str = "auth.test") -> str | None:
    """Call a method of Slack's API; return its error, None if there is none."""
    response = await api.http.post(f"/slack/api/{method}", headers={"Authorization": f"Bearer {token}"})
    error: str | None = response.json().get("error")
    return error


async def test_a_token_is_replaced_while_the_app_goes_on(api: Api, app: Json) -> None:
    path = f"/messaging/apps/{app['app_id']}/tokens"
    first = (await api.get(path))["items"][0]

    created = await api.done("POST", path, json={"kind": "bot", "scopes": ["users:read"]})
    assert (await error_of(api, app["bot_token"]), await error_of(api, created["token"])) == (None, None)
    assert (await api.request("DELETE", f"{path}/{first['token_id']}")).status_code == 204

    assert await error_of(api, app["bot_token"]) == "token_revoked"
    assert await error_of(api, created["token"]) is None
    assert await error_of(api, created["token"], "conversations.list") == "missing_scope"
    assert await listed(api, app) == [
        ("bot", public(app["bot_token"]), "revoked"),
        ("app", public(app["app_token"]), "active"),
        ("bot", public(created["token"]), "active"),
    ]


async def test_another_app_token_opens_connections_and_a_revoked_one_does_not(api: Api, app: Json) -> None:
    path = f"/messaging/apps/{app['app_id']}/tokens"
    created = await api.done("POST", path, json={"kind": "app"})
    assert await error_of(api, created["token"], "apps.connections.open") is None

    await api.request("DELETE", f"{path}/{created['token_id']}")

    assert await error_of(api, created["token"], "apps.connections.open") == "token_revoked"
    refused = await api.refused(422, "POST", path, json={"kind": "app", "scopes": ["chat:write"]})
    assert refused["code"] == "unknown_scope"


async def test_only_the_tokens_of_the_app_itself_can_be_revoked(api: Api, other_api: Api, app: Json) -> None:
    other = await api.done("POST", "/messaging/apps", json={"name": "watch"})
    ines = await Talk(api).member("ines")
    await api.done("POST", f"/messaging/members/{ines['member_id']}/tokens", json={})
    foreign = (await api.get(f"/messaging/apps/{other['app_id']}/tokens"))["items"][0]["token_id"]

    await api.refused(404, "DELETE", f"/messaging/apps/{app['app_id']}/tokens/{foreign}")
    await other_api.refused(404, "DELETE", f"/messaging/apps/{other['app_id']}/tokens/{foreign}")

    assert await error_of(api, other["bot_token"]) is None
    assert len(await listed(api, app)) == 2


async def test_an_app_has_a_limited_number_of_tokens(api: Api, app: Json) -> None:
    path = f"/messaging/apps/{app['app_id']}/tokens"
    for _ in range(18):
        last = await api.done("POST", path, json={"kind": "bot"})

    refused = await api.refused(409, "POST", path, json={"kind": "bot"})
    await api.request("DELETE", f"{path}/{last['token_id']}")

    assert refused["code"] == "too_many_app_tokens"
    await api.done("POST", path, json={"kind": "bot"})


async def test_a_disabled_app_can_do_nothing_until_it_is_enabled(api: Api, app: Json) -> None:
    path = f"/messaging/apps/{app['app_id']}"

    disabled = await api.done("PATCH", path, json={"is_disabled": True})
    errors = [await error_of(api, app["bot_token"]), await error_of(api, app["app_token"], "apps.connections.open")]
    enabled = await api.done("PATCH", path, json={"is_disabled": False})

    assert (disabled["is_disabled"], enabled["is_disabled"]) == (True, False)
    assert errors == ["account_inactive", "account_inactive"]
    assert await error_of(api, app["bot_token"]) is None


async def test_an_app_lists_its_tokens_also_if_the_organisation_has_more_than_are_listed(
    api: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.done("POST", "/messaging/apps", json={"name": "older"})
    newest = await api.done("POST", "/messaging/apps", json={"name": "newest"})
    monkeypatch.setattr(tenancy, "LIST_LENGTH_MAX", 1)

    listed = (await api.get(f"/messaging/apps/{newest['app_id']}/tokens"))["items"]

    assert sorted(token["kind"] for token in listed) == ["app", "bot"]

"""No token reaches the files, views, tickets and webhooks of another organisation, and no search finds its messages."""

import json
from typing import Any, Final

import httpx
import pytest

from http_api import Api, Json
from messaging_api import Talk, upload
from ninefold.core.ids import parse_id
from ninefold.core.postgres.database import Database
from ninefold.systems.messaging.model import APP_PREFIX, MEMBER_PREFIX
from ninefold.systems.messaging.service.apps.registry import find_app
from ninefold.systems.messaging.service.apps.tickets import create_ticket

SECRET: Final = "others-must-not-read-this"
VIEW: Final = {
    "type": "modal",
    "title": {"type": "plain_text", "text": "Ours"},
    "blocks": [{"type": "divider"}],
}


@pytest.fixture
async def own(api: Api) -> Json:
    """An app of the first organisation, which calls."""
    return await api.done("POST", "/messaging/apps", json={"name": "deploy"})


@pytest.fixture
async def foreign(other_api: Api) -> Json:
    """An app of the second organisation, with its bot's member."""
    return await other_api.done("POST", "/messaging/apps", json={"name": "deploy"})


async def call(http: httpx.AsyncClient, method: str, token: str, **arguments: Any) -> Json:
    """Call a method; return its answer."""
    response = await http.post(f"/slack/api/{method}", json=arguments, headers={"Authorization": f"Bearer {token}"})
    assert SECRET not in response.text
    answer: Json = response.json()
    return answer


async def test_the_files_of_another_organisation_are_not_there(
    http: httpx.AsyncClient, other_api: Api, own: Json, foreign: Json
) -> None:
    file = await upload(other_api, foreign["bot"], name=SECRET)
    before = await other_api.get(f"/messaging/files/{file['file_id']}")

    for method in ("files.info", "files.delete"):
        answer = await call(http, method, own["bot_token"], file=file["slack_id"])
        assert (answer["ok"], answer["error"]) == (False, "file_not_found"), method
    completed = await call(http, "files.completeUploadExternal", own["bot_token"], files=[{"id": file["slack_id"]}])
    listed = await call(http, "files.list", own["bot_token"], user=foreign["bot"]["slack_id"])

    assert not completed["ok"]
    assert listed.get("files", []) == []
    assert await other_api.get(f"/messaging/files/{file['file_id']}") == before
    for token, status in ((own["bot_token"], 404), (foreign["bot_token"], 200)):
        download = await http.get(before["download_url"], headers={"Authorization": f"Bearer {token}"})
        assert download.status_code == status


async def test_no_search_finds_messages_of_another_organisation(
    http: httpx.AsyncClient, api: Api, other_api: Api, foreign: Json
) -> None:
    other = Talk(other_api)
    await other.post(await other.general(), foreign["bot"], SECRET)
    tokens = []
    for talk in (Talk(api), other):
        ines = await talk.member("ines")
        created = await talk.api.done("POST", f"/messaging/members/{ines['member_id']}/tokens", json={})
        tokens.append(created["token"])
    token, other_token = tokens

    found = await http.get(
        "/slack/api/search.messages", params={"query": "others"}, headers={"Authorization": f"Bearer {other_token}"}
    )
    assert SECRET in found.text
    for query in ("others", f"from:<@{foreign['bot']['slack_id']}>", "in:general others"):
        answer = await call(http, "search.messages", token, query=query)
        assert answer.get("messages", {}).get("matches", []) == []


async def test_trigger_ids_views_and_response_urls_are_only_the_apps_own(
    http: httpx.AsyncClient, database: Database, own: Json, foreign: Json
) -> None:
    async def trigger() -> str:
        async with database.transaction() as connection:
            app = await find_app(connection, app_id=parse_id(APP_PREFIX, foreign["app_id"]))
            assert app is not None
            return await create_ticket(
                connection,
                "trigger",
                organisation_id=app.organisation_id,
                app_id=app.app_id,
                member_id=parse_id(MEMBER_PREFIX, foreign["bot"]["member_id"]),
            )

    opened = await call(http, "views.open", foreign["bot_token"], trigger_id=await trigger(), view=VIEW)
    view_id = opened["view"]["id"]

    stolen = await trigger()
    for method in ("views.open", "views.push"):
        answer = await call(http, method, own["bot_token"], trigger_id=stolen, view=VIEW)
        assert (answer["ok"], answer["error"]) == (False, "invalid_trigger_id"), method
    updated = await call(http, "views.update", own["bot_token"], view_id=view_id, view=VIEW)
    published = await call(http, "views.publish", own["bot_token"], user_id=foreign["bot"]["slack_id"], view=VIEW)
    answered = await http.post(f"/slack/responses/{stolen}", content=json.dumps({"text": "Ours"}))

    assert updated["error"] == "not_found"
    assert published["error"] == "user_not_found"
    assert (answered.status_code, answered.json()["error"]) == (404, "invalid_url")
    # It wasn't used up either.
    assert (await call(http, "views.open", foreign["bot_token"], trigger_id=stolen, view=VIEW))["ok"]


async def test_the_parts_of_two_webhook_addresses_are_not_a_third(
    http: httpx.AsyncClient, api: Api, other_api: Api, own: Json, foreign: Json
) -> None:
    paths = []
    for each, app in ((api, own), (other_api, foreign)):
        general = await Talk(each).general()
        body = {"channel_id": general["channel_id"]}
        webhook = await each.done("POST", f"/messaging/apps/{app['app_id']}/webhooks", json=body)
        paths.append(httpx.URL(webhook["url"]).path.split("/"))
    (*_, team, hook, secret), (*_, other_team, other_hook, _) = paths

    for parts in ((team, other_hook, secret), (other_team, other_hook, secret), (other_team, hook, secret)):
        answer = await http.post("/slack/services/" + "/".join(parts), json={"text": "Hello"})
        assert (answer.status_code, answer.text) == (404, "no_service")
    assert (await http.post(f"/slack/services/{team}/{hook}/{secret}", json={"text": "Hello"})).text == "ok"

"""Members, bots and the workspace by Slack's official clients; scopes and rate limits."""

import asyncio
from collections.abc import Callable
from pathlib import Path
from typing import Any

from httpx import Response
from slack_sdk import WebClient
from slack_sdk.http_retry.builtin_handlers import RateLimitErrorRetryHandler
from slack_sdk.web.async_client import AsyncWebClient

from http_api import Api, Json
from installations import serving
from ninefold.systems.messaging.slack.methods import Tier
from slack_clients import Workspace, call, refused


async def test_members_are_listed_and_found(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member(
        "ines", email="ines@acme.example", real_name="Ines Diaz", display_name="Ines"
    )

    first = await call(bot.users_list, limit=1)
    rest = await call(bot.users_list, cursor=first["response_metadata"]["next_cursor"])
    assert [each["name"] for each in (*first["members"], *rest["members"])] == ["deploy", "ines"]
    assert [each["is_bot"] for each in (*first["members"], *rest["members"])] == [True, False]
    user = (await call(bot.users_info, user=ines["slack_id"]))["user"]
    assert (user["real_name"], user["profile"]["display_name"], user["deleted"]) == ("Ines Diaz", "Ines", False)
    found = await call(bot.users_lookupByEmail, email="Ines@acme.example")
    assert found["user"] == user
    assert (await call(as_ines.users_profile_get))["profile"] == user["profile"]


async def test_presence(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")

    assert (await call(bot.users_getPresence, user=ines["slack_id"]))["presence"] == "away"
    own = await call(as_ines.users_getPresence, user=ines["slack_id"])
    assert (own["presence"], own["manual_away"]) == ("active", False)
    assert (await call(bot.users_getPresence, user=ines["slack_id"]))["presence"] == "active"
    await call(as_ines.users_setPresence, presence="away")
    assert (await call(bot.users_getPresence, user=ines["slack_id"]))["presence"] == "away"
    await call(as_ines.users_setPresence, presence="auto")
    assert (await call(as_ines.users_getPresence, user=ines["slack_id"]))["presence"] == "active"


async def test_the_workspace_and_its_bots(workspace: Workspace) -> None:
    bot = await workspace.bot()
    me = await call(bot.auth_test)

    team = (await call(bot.team_info))["team"]
    assert (team["id"], team["name"]) == (me["team_id"], me["team"])
    shown = (await call(bot.bots_info, bot=me["bot_id"]))["bot"]
    assert (shown["name"], shown["user_id"], shown["app_id"][0]) == ("deploy", me["user_id"], "A")
    assert (await call(bot.emoji_list))["emoji"] == {}
    assert (await call(WebClient(base_url=workspace.base_url).api_test, foo="bar"))["args"]["foo"] == "bar"


async def test_the_async_client_reads_all_pages(workspace: Workspace) -> None:
    sync = await workspace.bot()
    client = AsyncWebClient(sync.token, base_url=workspace.base_url)
    for number in range(3):
        await client.chat_postMessage(channel="general", text=str(number))
    channel = (await client.conversations_list())["channels"][0]["id"]

    texts = []
    async for page in await client.conversations_history(channel=channel, limit=2):
        texts += [each["text"] for each in page["messages"]]

    assert texts == ["2", "1", "0"]


async def test_a_token_with_scopes_is_allowed_only_those(workspace: Workspace) -> None:
    bot = await workspace.bot(scopes=["chat:write", "channels:read", "users:read"])
    ines, as_ines = await workspace.member("ines", email="ines@acme.example")
    secret = (await call(as_ines.conversations_create, name="secret", is_private=True))["channel"]["id"]
    me = await call(bot.auth_test)
    await call(as_ines.conversations_invite, channel=secret, users=me["user_id"])

    posted = await call(bot.chat_postMessage, channel="general", text="Hi")
    cases: list[tuple[Callable[..., Any], Json, str]] = [
        (bot.conversations_history, {"channel": posted["channel"]}, "channels:history"),
        (bot.conversations_info, {"channel": secret}, "groups:read"),
        (bot.conversations_list, {"types": "im"}, "im:read"),
        (bot.conversations_create, {"name": "plans"}, "channels:manage"),
        (bot.users_lookupByEmail, {"email": "ines@acme.example"}, "users:read.email"),
    ]
    for method, arguments, needed in cases:
        answer = await refused(method, **arguments)
        assert answer["error"] == "missing_scope"
        assert needed in answer["needed"].split(",")
        assert answer["provided"] == "channels:read,chat:write,users:read"
    assert "email" not in (await call(bot.users_info, user=ines["slack_id"]))["user"]["profile"]
    response = await asyncio.to_thread(bot.users_list)
    assert response.headers["x-oauth-scopes"] == "channels:read,chat:write,users:read"
    assert response.headers["x-accepted-oauth-scopes"] == "users:read"


async def test_only_slacks_api_accepts_a_token_with_scopes(workspace: Workspace) -> None:
    bot = await workspace.bot(scopes=["chat:write", "channels:history"])
    general = (await workspace.api.get("/messaging/channels"))["items"][0]
    headers = {"Authorization": f"Bearer {bot.token}"}
    paths = ["/messaging/channels", f"/live/{general['live_channel']}"]

    answers = [await workspace.api.http.get(f"/api/v1{path}", headers=headers) for path in paths]

    assert [each.status_code for each in answers] == [403, 404]


async def test_a_scope_has_to_exist(workspace: Workspace) -> None:
    for scope in ("chat:wrote", "messaging:write", "*", "read"):
        body = {"name": "deploy", "scopes": [scope]}
        assert (await workspace.api.refused(422, "POST", "/messaging/apps", json=body))["field"] == "scopes"


async def test_slacks_client_waits_for_the_rate_limit(
    server_api: Api, server_database_url: str, tmp_path: Path
) -> None:
    settings = {"NINEFOLD_MESSAGING_SLACK_RATE_FACTOR": "1"}
    with serving(server_database_url, log=tmp_path / "log.ndjson", settings=settings) as url:
        bot = await Workspace(server_api, url).bot()
        limited = await first_limited(server_api, f"{url}/slack/api/conversations.list", bot.token or "")

        assert limited.json()["error"] == "ratelimited"
        assert int(limited.headers["Retry-After"]) >= 1
        bot.retry_handlers.append(RateLimitErrorRetryHandler(max_retry_count=5))
        (general,) = (await call(bot.conversations_list))["channels"]
        assert general["name"] == "general"


async def first_limited(api: Api, url: str, token: str) -> Response:
    """Call a method until a call is refused with a 429; return that answer."""
    # While it is called, a slow machine regains calls, but by far not as many.
    for _ in range(10 * Tier.TWO):
        response = await api.http.post(url, data={"token": token})
        if response.status_code == 429:
            return response
    raise AssertionError(f"{url} has no rate limit.")

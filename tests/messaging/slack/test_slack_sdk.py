"""Slack's official client, unmodified, against a server process."""

import asyncio
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from http_api import Api


@pytest.fixture
async def bot(server_api: Api, server_url: str) -> WebClient:
    """The client of an app's bot."""
    app = await server_api.done("POST", "/messaging/apps", json={"name": "deploy"})
    return WebClient(app["bot_token"], base_url=f"{server_url}/slack/api/")


async def call(method: Any, **arguments: Any) -> Any:
    return (await asyncio.to_thread(method, **arguments)).data


async def test_a_bot_posts_and_reads_a_message_in_general(bot: WebClient, server_api: Api) -> None:
    me = await call(bot.auth_test)
    assert (me["ok"], me["user"], me["team_id"][0], me["bot_id"][0]) == (True, "deploy", "T", "B")

    posted = await call(bot.chat_postMessage, channel="general", text="Version 12 is out.")
    history = await call(bot.conversations_history, channel=posted["channel"])

    (message,) = history["messages"]
    assert message == posted["message"]
    assert (message["text"], message["user"], message["ts"]) == ("Version 12 is out.", me["user_id"], posted["ts"])
    general = (await server_api.get("/messaging/channels"))["items"][0]
    listed = await server_api.get(f"/messaging/channels/{general['channel_id']}/messages")
    assert [each["text"] for each in listed["items"]] == ["Version 12 is out."]


async def test_history_goes_back_page_by_page(bot: WebClient) -> None:
    for number in range(5):
        posted = await call(bot.chat_postMessage, channel="#general", text=str(number))
    channel = posted["channel"]

    first = await call(bot.conversations_history, channel=channel, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    second = await call(bot.conversations_history, channel=channel, limit=2, cursor=cursor)
    since = await call(bot.conversations_history, channel=channel, oldest=second["messages"][0]["ts"])

    assert [each["text"] for each in (*first["messages"], *second["messages"])] == ["4", "3", "2", "1"]
    assert (first["has_more"], second["has_more"], since["has_more"]) == (True, True, False)
    assert [each["text"] for each in since["messages"]] == ["4", "3"]


async def test_a_reply_belongs_to_its_thread(bot: WebClient) -> None:
    root = await call(bot.chat_postMessage, channel="general", text="Ready?")
    reply = await call(bot.chat_postMessage, channel="general", text="Yes.", thread_ts=root["ts"])

    history = await call(bot.conversations_history, channel=root["channel"])

    assert reply["message"]["thread_ts"] == root["ts"]
    assert [(each["text"], each.get("reply_count")) for each in history["messages"]] == [("Ready?", 1)]


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        ({"channel": "C0000000000", "text": "Hello"}, "channel_not_found"),
        ({"channel": "nowhere", "text": "Hello"}, "channel_not_found"),
        ({"channel": "general", "text": "Hello", "thread_ts": "1.000001"}, "thread_not_found"),
        ({"channel": "general", "text": "x" * 40_001}, "msg_too_long"),
    ],
)
async def test_errors_are_slacks_own_words(bot: WebClient, arguments: dict[str, str], word: str) -> None:
    with pytest.raises(SlackApiError) as caught:
        await call(bot.chat_postMessage, **arguments)

    assert (caught.value.response.status_code, caught.value.response["error"]) == (200, word)


async def test_a_message_needs_a_text_or_blocks(bot: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await call(bot.api_call, api_method="chat.postMessage", json={"channel": "general", "text": " "})

    assert caught.value.response["error"] == "no_text"


async def test_a_token_is_needed(server_url: str) -> None:
    for token, word in [(None, "not_authed"), ("xoxb-wrong", "invalid_auth")]:
        with pytest.raises(SlackApiError) as caught:
            await call(WebClient(token, base_url=f"{server_url}/slack/api/").auth_test)
        assert caught.value.response["error"] == word


async def test_a_method_that_is_not_there_is_unknown(bot: WebClient) -> None:
    with pytest.raises(SlackApiError) as caught:
        await call(bot.api_call, api_method="no.such.method")

    assert caught.value.response["error"] == "unknown_method"

"""Two devices with live feeds and Slack's official client talk in one channel at the same time: all see one order."""

import asyncio
from typing import NamedTuple
from urllib.parse import urlsplit

from slack_sdk import WebClient

from http_api import Api, Json
from live_readers import WebSocketReader
from messaging_api import Talk, path_of

MESSAGES = 12
"""Of each of the three."""


class Address(NamedTuple):
    url: str
    port: int


async def device(server_url: str, talk: Talk, member: Json, channel: Json) -> WebSocketReader:
    """A device of a member, as a browser is: it follows the channel with a token of its own."""
    created = await talk.api.done("POST", f"/messaging/members/{member['member_id']}/tokens", json={})
    reader = WebSocketReader()
    address = Address(server_url, urlsplit(server_url).port or 0)
    await reader.open(address, created["token"], channel["live_channel"], since=None)
    reader.start()
    return reader


async def test_two_devices_and_slacks_client_see_the_same_messages_in_the_same_order(
    server_api: Api, server_url: str
) -> None:
    talk = Talk(server_api)
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    app = await server_api.done("POST", "/messaging/apps", json={"name": "deploy"})
    channel = await talk.channel("together", ines, tomas, app["bot"])
    bot = WebClient(app["bot_token"], base_url=f"{server_url}/slack/api/")
    devices = [await device(server_url, talk, member, channel) for member in (ines, tomas)]
    before = len(await talk.events(channel))

    async def write(member: Json) -> None:
        for number in range(MESSAGES):
            await talk.post(channel, member, f"{member['name']} {number}", client_msg_id=f"{number}")

    def post_as_bot() -> None:
        for number in range(MESSAGES):
            bot.chat_postMessage(channel=channel["slack_id"], text=f"deploy {number}")

    await asyncio.gather(write(ines), write(tomas), asyncio.to_thread(post_as_bot))

    log = (await talk.events(channel))[before:]
    for each in devices:
        await each.wait_for_offset(before + 3 * MESSAGES)
        await each.stop()
    texts = [entry["data"]["text"] for entry in log]
    history = await asyncio.to_thread(lambda: bot.conversations_history(channel=channel["slack_id"], limit=100))
    messages = (await server_api.get(f"{path_of(channel)}/messages?limit=100"))["items"]
    assert [[entry["text"] for entry in each.data] for each in devices] == [texts, texts]
    assert [message["text"] for message in reversed(history["messages"])][-len(texts) :] == texts
    assert [message["ts"] for message in messages] == [entry["data"]["ts"] for entry in log]
    for name in ("ines", "tomas", "deploy"):
        own = [text for text in texts if text.startswith(name)]
        assert own == [f"{name} {number}" for number in range(MESSAGES)]
    # Nobody has read anything, and nobody's own messages are unread.
    assert await talk.unread(ines, channel) == await talk.unread(tomas, channel) == (2 * MESSAGES, 0)

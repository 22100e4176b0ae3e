"""Slack's client of RTM, unmodified."""

import asyncio
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.rtm_v2 import RTMClient

from http_api import Api, Json
from messaging_api import Talk


class Rtm:
    """A client that notes what it is told."""

    def __init__(self, token: str, server_url: str) -> None:
        self.told: asyncio.Queue[Json] = asyncio.Queue()
        loop = asyncio.get_running_loop()
        web = WebClient(token, base_url=f"{server_url}/slack/api/")
        self.client = RTMClient(token=token, web_client=web)

        @self.client.on("*")
        def note(_: Any, event: Json) -> None:
            loop.call_soon_threadsafe(self.told.put_nowait, event)

    async def event(self, kind: str) -> Json:
        """Return the next event of a type."""
        async with asyncio.timeout(30):
            while (event := await self.told.get()).get("type") != kind:
                pass
        return event

    async def reply(self, number: int) -> Json:
        """Return the answer to what was sent with a number."""
        async with asyncio.timeout(30):
            while (event := await self.told.get()).get("reply_to") != number:
                pass
        return event

    async def send(self, **message: Any) -> None:
        """Send a message of the protocol."""
        await asyncio.to_thread(self.client.send, message)


@pytest.fixture
def talk(server_api: Api) -> Talk:
    """An organisation's messaging."""
    return Talk(server_api)


async def test_a_bot_reads_and_writes(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "helper"})
    general = await talk.general()
    rtm = Rtm(app["bot_token"], server_url)
    await asyncio.to_thread(rtm.client.connect)
    try:
        await rtm.event("hello")
        posted = await talk.post(general, ines, "Hello")
        told = await rtm.event("message")
        await rtm.send(id=1, type="message", channel=general["slack_id"], text="Good morning")
        sent = await rtm.reply(1)
        await rtm.send(id=2, type="ping", extra="kept")
        pong = await rtm.reply(2)
        await rtm.send(id=3, type="message", channel="C0000000000", text="Nobody")
        refused = await rtm.reply(3)
        other = await talk.channel("plans", ines)
        await talk.api.done(
            "POST",
            f"/messaging/channels/{other['channel_id']}/invite",
            json={"member_id": ines["member_id"], "member_ids": [app["bot"]["member_id"]]},
        )
        joined = await rtm.event("member_joined_channel")
    finally:
        await asyncio.to_thread(rtm.client.close)

    assert (told["text"], told["ts"], told["user"]) == ("Hello", posted["ts"], ines["slack_id"])
    assert (sent["ok"], sent["text"]) == (True, "Good morning")
    assert (pong["type"], pong["extra"]) == ("pong", "kept")
    assert (refused["ok"], refused["error"]["msg"]) == (False, "channel_not_found")
    assert joined["channel"] == other["slack_id"]
    assert await talk.texts(general) == ["Hello", "Good morning"]

"""What live channels show: to members, and to nobody else."""

import asyncio
import json
from typing import Any

import pytest

from http_api import Api, Json
from messaging_api import Talk, acting, path_of

ARRIVES_WITHIN_S = 30.0


@pytest.fixture
def talk(server_api: Api) -> Talk:
    return Talk(server_api)


async def token_of(talk: Talk, member: Json) -> str:
    """Create a token of a member."""
    created = await talk.api.done("POST", f"/messaging/members/{member['member_id']}/tokens", json={})
    return str(created["token"])


async def read(api: Api, channel: str, *, token: str, count: int, after: int = 0) -> list[dict[str, Any]]:
    """Read so many entries of a live channel, as server-sent events."""
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": str(after)}
    entries: list[dict[str, Any]] = []
    async with (
        asyncio.timeout(ARRIVES_WITHIN_S),
        api.http.stream("GET", f"/api/v1/live/{channel}", headers=headers) as response,
    ):
        assert response.is_success, await response.aread()
        name = ""
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event":
                name = value
            elif field == "data" and not name:
                entries.append(json.loads(value))
            elif not line:
                name = ""
            if len(entries) == count:
                break
    return entries


async def status(api: Api, channel: str, *, token: str) -> int:
    """Return the status of the answer to who wants to read a live channel."""
    async with api.http.stream(
        "GET", f"/api/v1/live/{channel}", headers={"Authorization": f"Bearer {token}"}
    ) as response:
        return response.status_code


async def test_a_device_continues_after_what_it_has_and_holds_exactly_the_log(talk: Talk, server_api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channel = await talk.channel("plans", ines, tomas)
    message = await talk.post(channel, ines, "Hello @tomas")
    token = await token_of(talk, tomas)
    before = await read(server_api, channel["live_channel"], token=token, count=3)

    rest = asyncio.create_task(
        read(server_api, channel["live_channel"], token=token, count=3, after=before[-1]["sequence"])
    )
    await server_api.done("PUT", f"{path_of(channel, message)}/reactions/tada", json=acting(tomas))
    await server_api.done("PATCH", path_of(channel, message), json=acting(ines, text="Hello"))
    await talk.post(channel, tomas, "Hi")

    held = [*before, *await rest]
    names = ("sequence", "type", "at", "member_id", "message_sequence")
    log = [{**{name: each[name] for name in names}, **each["data"]} for each in await talk.events(channel)]
    assert held == log


async def test_a_private_channel_is_live_only_for_those_who_are_in_it(talk: Talk, server_api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    private = await talk.channel("secret", ines, is_private=True)
    public = await talk.channel("open", ines)
    other = await token_of(talk, tomas)

    assert await status(server_api, private["live_channel"], token=await token_of(talk, ines)) == 200
    assert await status(server_api, private["live_channel"], token=other) == 404
    assert await status(server_api, public["live_channel"], token=other) == 200
    assert await status(server_api, ines["live_channel"], token=other) == 404
    assert await status(server_api, tomas["live_channel"], token=other) == 200
    await server_api.done("PATCH", f"/messaging/members/{tomas['member_id']}", json={"is_deactivated": True})
    for channel in (public, tomas):
        assert await status(server_api, channel["live_channel"], token=other) == 404


async def test_who_is_taken_out_of_a_private_channel_reads_nothing_after_that(talk: Talk, server_api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channel = await talk.channel("secret", ines, tomas, is_private=True)
    token = await token_of(talk, tomas)
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "0"}
    path = f"/api/v1/live/{channel['live_channel']}"
    async with asyncio.timeout(ARRIVES_WITHIN_S), server_api.http.stream("GET", path, headers=headers) as response:
        lines = response.aiter_lines()
        while "member_joined" not in await anext(lines):
            pass
        body = acting(ines, kicked_member_id=tomas["member_id"])
        await server_api.done("POST", f"{path_of(channel)}/kick", json=body)
        await talk.post(channel, ines, "Now he is gone")
        # The stream ends by itself.
        rest = [line async for line in lines]

    assert "member_left" in str(rest)
    assert "Now he is gone" not in str(rest)
    assert await status(server_api, channel["live_channel"], token=token) == 404


async def test_what_a_member_reads_ends_when_it_is_deactivated(talk: Talk, server_api: Api) -> None:
    tomas = await talk.member("tomas")
    channel = await talk.channel("plans", tomas)
    token = await token_of(talk, tomas)
    path = f"/api/v1/live/{channel['live_channel']}"
    headers = {"Authorization": f"Bearer {token}", "Last-Event-ID": "0"}
    async with asyncio.timeout(ARRIVES_WITHIN_S), server_api.http.stream("GET", path, headers=headers) as response:
        lines = response.aiter_lines()
        while "member_joined" not in await anext(lines):
            pass
        await server_api.done("PATCH", f"/messaging/members/{tomas['member_id']}", json={"is_deactivated": True})
        # The stream ends by itself.
        rest = [line async for line in lines]

    assert "3010" in str(rest)
    assert await status(server_api, channel["live_channel"], token=token) == 404
    await server_api.done("PATCH", f"/messaging/members/{tomas['member_id']}", json={"is_deactivated": False})
    assert await status(server_api, channel["live_channel"], token=token) == 200


async def test_a_token_reads_no_other_system(talk: Talk, server_api: Api) -> None:
    token = await token_of(talk, await talk.member("ines"))
    organisation = (await server_api.get("/messaging/members"))["items"][0]["live_channel"]

    assert organisation.startswith("messaging.member:mem_")
    assert await status(server_api, "webhooks.health:org_01m8305b05ebfsfbwdfww0q6bf", token=token) == 404
    assert await status(server_api, "chess.lobby:org_01m8305b05ebfsfbwdfww0q6bf", token=token) == 404

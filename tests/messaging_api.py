"""Members who talk in channels by Ninefold's API, for tests."""

from typing import Any

from http_api import Api, Json


class Talk:
    """An organisation's messaging, used with an API key that acts for its members."""

    def __init__(self, api: Api) -> None:
        self.api = api

    async def member(self, name: str) -> Json:
        """Create a member."""
        return await self.api.done("POST", "/messaging/members", json={"name": name})

    async def general(self) -> Json:
        """Return the channel that everybody is in; somebody has to be in it."""
        (found,) = [each for each in (await self.api.get("/messaging/channels"))["items"] if each["is_general"]]
        return dict(found)

    async def channel(self, name: str, creator: Json, *members: Json, **fields: Any) -> Json:
        """Create a channel that these members are in."""
        body = {"name": name, "member_id": creator["member_id"], **fields}
        channel = await self.api.done("POST", "/messaging/channels", json=body)
        if members:
            invited = {"member_id": creator["member_id"], "member_ids": [each["member_id"] for each in members]}
            await self.api.done("POST", f"{path_of(channel)}/invite", json=invited)
        return channel

    async def post(self, channel: Json, member: Json, text: str, **fields: Any) -> Json:
        """Post a message."""
        body = {"text": text, "member_id": member["member_id"], **fields}
        return await self.api.done("POST", f"{path_of(channel)}/messages", json=body)

    async def texts(self, channel: Json, query: str = "") -> list[str]:
        """Return the texts of a channel's messages, oldest first."""
        found = await self.api.get(f"{path_of(channel)}/messages{query}")
        return [each["text"] for each in found["items"]]

    async def events(self, channel: Json) -> list[Json]:
        """Return the log of a channel."""
        items: list[Json] = (await self.api.get(f"{path_of(channel)}/events?limit=1000"))["items"]
        return items

    async def unread(self, member: Json, channel: Json) -> tuple[int, int]:
        """Return how many messages a member hasn't read in a channel, and how many of them mention it."""
        found = await self.api.get(f"/messaging/unread?member_id={member['member_id']}")
        (one,) = [each for each in found["items"] if each["channel_id"] == channel["channel_id"]]
        return one["unread"], one["mentions"]


def path_of(channel: Json, message: Json | None = None) -> str:
    """Return the path of a channel or of a message in it."""
    path = f"/messaging/channels/{channel['channel_id']}"
    return path if message is None else f"{path}/messages/{message['sequence']}"


def acting(member: Json, **fields: Any) -> Json:
    """Return a body that says for which member a request acts."""
    return {"member_id": member["member_id"], **fields}


async def upload(api: Api, member: Json, content: bytes = b"The plan.", name: str = "plan.txt") -> Json:
    """Upload a file for a member."""
    path = f"/messaging/files?name={name}&member_id={member['member_id']}"
    return await api.done("POST", path, content=content, headers={"Content-Type": "application/octet-stream"})


async def as_member(talk: Talk, member: Json) -> Api:
    """Return a client with a token of a member."""
    created = await talk.api.done("POST", f"/messaging/members/{member['member_id']}/tokens", json={})
    return Api(talk.api.http, created["token"])

"""What doesn't go over the bad network: members, apps, channels, and what was committed."""

from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from ninefold.edge.simulation.api import RetryingApi
from ninefold.edge.simulation.clients import Address
from ninefold.edge.simulation.copies import Entry


class Talker(msgspec.Struct, frozen=True, kw_only=True):
    """A member, and a token that acts for it."""

    member_id: str
    slack_id: str
    name: str
    token: str


class MessagingApi(RetryingApi):
    """Sends requests for messaging with an API key, until a server answers.

    Args:
        http: a client that can be shared.
        address: of the servers.
        api_key: of the organisation.
    """

    def __init__(self, http: httpx.AsyncClient, address: Address, *, api_key: str) -> None:
        super().__init__(http, address, api_key=api_key, prefix="/api/v1/messaging")

    async def create_member(self, name: str) -> Talker:
        """Create a member with a token."""
        member = await self.request("POST", "/members", {"name": name})
        token = await self.request("POST", f"/members/{member['member_id']}/tokens", {"name": "demo"})
        return _talker(member, token["token"])

    async def create_app(self, name: str) -> Talker:
        """Create an app; return its bot."""
        app = await self.request("POST", "/apps", {"name": name})
        return _talker(app["bot"], app["bot_token"])

    async def create_channel(
        self, name: str, creator: Talker, *members: Talker, is_private: bool = False
    ) -> dict[str, Any]:
        """Create a channel that these members are in."""
        body = {"name": name, "member_id": creator.member_id, "is_private": is_private}
        channel = await self.request("POST", "/channels", body)
        invited = [member.member_id for member in members]
        body = {"member_id": creator.member_id, "member_ids": invited}
        await self.request("POST", f"/channels/{channel['channel_id']}/invite", body)
        return channel

    async def list_channel_log(self, channel_id: str) -> list[Entry]:
        """Return the log of a channel that was committed, in the form of the live feed."""
        return await self.list_log(f"/channels/{channel_id}/events")

    async def get_unread(self, member_id: str, *, channel_id: str) -> dict[str, Any] | None:
        """Return what a member hasn't read of a channel; None if it isn't in it."""
        found = (await self.request("GET", f"/unread?member_id={member_id}"))["items"]
        return next((each for each in found if each["channel_id"] == channel_id), None)


def _talker(member: Mapping[str, Any], token: str) -> Talker:
    return Talker(member_id=member["member_id"], slack_id=member["slack_id"], name=member["name"], token=token)

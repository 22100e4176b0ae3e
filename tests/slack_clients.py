"""Slack's official clients, unmodified, of the members and bots of an organisation, for tests."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError

from http_api import Api, Json


class Workspace:
    """The messaging of an organisation.

    Args:
        api: a client with a key of the organisation.
        url: the server's.
    """

    def __init__(self, api: Api, url: str) -> None:
        self.api = api
        self.base_url = f"{url}/slack/api/"

    async def bot(self, name: str = "deploy", *, scopes: Sequence[str] | None = None) -> WebClient:
        """Return the client of the bot of a new app."""
        app = await self.api.done("POST", "/messaging/apps", json={"name": name, "scopes": scopes})
        return self.client(app["bot_token"])

    async def member(self, name: str, **fields: Any) -> tuple[Json, WebClient]:
        """Return a new member, and a client that acts for it."""
        member = await self.api.done("POST", "/messaging/members", json={"name": name, **fields})
        created = await self.api.done("POST", f"/messaging/members/{member['member_id']}/tokens", json={})
        return member, self.client(created["token"])

    def client(self, token: str) -> WebClient:
        """Return the client of a token."""
        return WebClient(token, base_url=self.base_url)


async def call(method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a method of a client in a thread; return the answer."""
    return (await asyncio.to_thread(method, **arguments)).data


async def refused(method: Callable[..., Any], **arguments: Any) -> Any:
    """Call a method that fails; return the answer, whose status is that of Slack."""
    with pytest.raises(SlackApiError) as caught:
        await call(method, **arguments)
    assert caught.value.response.status_code == 200
    return caught.value.response.data


async def word(client: WebClient, method: str, arguments: Mapping[str, Any]) -> str:
    """Call a method that fails; return Slack's word for it."""
    answer = await refused(client.api_call, api_method=method, json=dict(arguments))
    return str(answer["error"])

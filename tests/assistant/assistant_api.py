"""A client of the assistant's API, which also waits for what workers do."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec

from http_api import Api, Json
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.service import authenticate, create_api_key
from ninefold.systems.assistant.engines.scripted import MODEL

ENDS_WITHIN_S = 20.0
CONVERSATIONS = "/assistant/conversations"


def script(**fields: Any) -> str:
    """Return a message that tells the scripted engine how to answer."""
    return f"script: {msgspec.json.encode(fields).decode()}"


class AssistantApi(Api):
    """Calls the assistant on behalf of one organisation."""

    async def begin(self, title: str = "") -> str:
        """Create a conversation; return its id."""
        created = await self.done("POST", CONVERSATIONS, json={"title": title})
        conversation_id: str = created["conversation_id"]
        return conversation_id

    async def send(self, conversation_id: str, text: str, **fields: Any) -> Json:
        """Send a message to the scripted model."""
        body = {"text": text, "model": MODEL, **fields}
        return await self.done("POST", f"{CONVERSATIONS}/{conversation_id}/messages", json=body)

    async def ask(self, text: str, **fields: Any) -> str:
        """Send a message in a new conversation; return the id of the response."""
        sent = await self.send(await self.begin(), text, **fields)
        response_id: str = sent["answer"]["response"]["response_id"]
        return response_id

    async def show(self, conversation_id: str) -> Json:
        """Show a conversation."""
        return await self.get(f"{CONVERSATIONS}/{conversation_id}")

    async def response(self, response_id: str) -> Json:
        """Show a response."""
        return await self.get(f"/assistant/responses/{response_id}")

    async def cancel(self, response_id: str) -> Json:
        """Cancel a response."""
        return await self.done("POST", f"/assistant/responses/{response_id}/cancel")

    async def events(self, response_id: str) -> list[Json]:
        """Return the whole log of a response, in pages of three to test them."""
        events: list[Json] = []
        while True:
            after = events[-1]["sequence_number"] if events else -1
            page = await self.get(f"/assistant/responses/{response_id}/events?after={after}&limit=50")
            events += page["items"]
            if not page["items"] or page["has_ended"]:
                return events

    async def ended(self, response_id: str, *, timeout_s: float = ENDS_WITHIN_S) -> Json:
        """Wait until a response has ended; return it."""
        return await self.until(response_id, lambda response: response["finished_at"] is not None, timeout_s=timeout_s)

    async def until(
        self, response_id: str, condition: Callable[[Json], bool], *, timeout_s: float = ENDS_WITHIN_S
    ) -> Json:
        """Wait until a response is as a test wants it; return it."""
        async with asyncio.timeout(timeout_s):
            while not condition(response := await self.response(response_id)):
                await asyncio.sleep(0.01)
        return response

    async def until_event(self, response_id: str, name: str) -> Json:
        """Wait until a log has an event of a type; return the first one."""
        async with asyncio.timeout(ENDS_WITHIN_S):
            while True:
                found = [event for event in await self.events(response_id) if event["type"] == name]
                if found:
                    return found[0]
                await asyncio.sleep(0.01)


async def colleague_of(api: AssistantApi, database: Database) -> AssistantApi:
    """Return a client of the same organisation with another key."""
    async with database.transaction() as connection:
        principal = await authenticate(connection, api.api_key, kinds=[API_KEY])
        key = await create_api_key(connection, organisation_id=principal.organisation_id, name="colleague")
    return AssistantApi(api.http, key.text)


def text_of(events: list[Json]) -> str:
    """Return the text of a log, as a client puts it together."""
    return "".join(event["data"]["delta"] for event in events if event["type"] == "response.output_text.delta")


def types_of(events: list[Json]) -> list[str]:
    """Return the types of the events of a log; deltas that follow each other count once."""
    types: list[str] = []
    for event in events:
        if not (types and types[-1] == event["type"] == "response.output_text.delta"):
            types.append(event["type"])
    return types

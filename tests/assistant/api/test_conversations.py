"""Conversations: trees of messages that belong to whoever has begun them."""

from collections.abc import AsyncGenerator
from uuid import UUID

import httpx
import pytest

from assistant.assistant_api import CONVERSATIONS, AssistantApi, script
from assistant.workers import generating
from http_api import Api, Json
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import authenticate
from ninefold.systems.assistant.engines.port import Generation, Piece
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from people import make_person


class RememberingEngine(ScriptedEngine):
    """Keeps what it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[Generation] = []

    def generate(self, generation: Generation) -> AsyncGenerator[Piece, None]:
        self.seen.append(generation)
        return super().generate(generation)


async def organisation_of(api: Api, database: Database) -> UUID:
    async with database.connection() as connection:
        return (await authenticate(connection, api.api_key, kinds=[API_KEY])).organisation_id


def branch_of(shown: Json) -> list[str]:
    """Return the texts of the branch that a conversation shows."""
    messages = {message["message_id"]: message for message in shown["messages"]}
    texts, message_id = [], shown["current_message_id"]
    while message_id is not None:
        texts.append(messages[message_id]["text"])
        message_id = messages[message_id]["parent_id"]
    return texts[::-1]


async def test_a_conversation_is_a_tree_and_shows_one_branch(api: AssistantApi, database_url: str) -> None:
    conversation_id = await api.begin()
    path = f"{CONVERSATIONS}/{conversation_id}"
    async with generating(database_url, ScriptedEngine()):
        first = await api.send(conversation_id, "First")
        one = (await api.ended(first["answer"]["response"]["response_id"]))["text"]
        second = await api.send(conversation_id, "Second")
        two = (await api.ended(second["answer"]["response"]["response_id"]))["text"]
        assert branch_of(await api.show(conversation_id)) == ["First", one, "Second", two]

        edited = await api.done(
            "POST", f"{path}/messages/{second['message']['message_id']}/edit", json={"text": "Third"}
        )
        three = (await api.ended(edited["answer"]["response"]["response_id"]))["text"]
        assert branch_of(await api.show(conversation_id)) == ["First", one, "Third", three]

        again = await api.done("POST", f"{path}/messages/{first['answer']['message_id']}/regenerate", json={"seed": 7})
        other = (await api.ended(again["answer"]["response"]["response_id"]))["text"]
    assert branch_of(await api.show(conversation_id)) == ["First", other]

    chosen = await api.done("PATCH", path, json={"current_message_id": first["answer"]["message_id"]})
    shown = await api.show(conversation_id)
    assert branch_of(shown) == ["First", one, "Third", three]
    assert chosen["current_message_id"] == edited["answer"]["message_id"]
    assert len(shown["messages"]) == 7
    assert shown["title"] == "First"


async def test_a_message_can_not_follow_an_answer_that_is_being_generated(api: AssistantApi) -> None:
    conversation_id = await api.begin()
    sent = await api.send(conversation_id, "First")

    problem = await api.refused(409, "POST", f"{CONVERSATIONS}/{conversation_id}/messages", json={"text": "Second"})

    assert problem["code"] == "response_in_progress"
    await api.cancel(sent["answer"]["response"]["response_id"])
    await api.send(conversation_id, "Second")


@pytest.mark.parametrize(
    ("path", "body", "status", "code"),
    [
        ("messages", {"text": " "}, 422, "invalid_message"),
        ("messages", {"text": "x", "parent_id": "msg_01h455vb4pex5vsknk084sn02q"}, 404, "message_not_found"),
        ("messages", {"text": "x", "parent_id": "no id"}, 422, "invalid_input"),
        ("messages/{answer}/edit", {"text": "x"}, 422, "invalid_message"),
        ("messages", {"text": "x", "parent_id": "{question}"}, 422, "invalid_message"),
    ],
)
async def test_an_invalid_message_is_refused(
    api: AssistantApi, path: str, body: dict[str, str], status: int, code: str
) -> None:
    conversation_id = await api.begin()
    sent = await api.send(conversation_id, "First")
    ids = {"question": sent["message"]["message_id"], "answer": sent["answer"]["message_id"]}

    problem = await api.refused(
        status,
        "POST",
        f"{CONVERSATIONS}/{conversation_id}/{path.format(**ids)}",
        json={name: value.format(**ids) for name, value in body.items()},
    )

    assert problem["code"] == code


async def test_conversations_are_found_by_their_titles_and_messages(api: AssistantApi) -> None:
    refunds, others = await api.begin("Refunds"), await api.begin("100 % of it")
    await api.send(others, "When do you ship_to Norway?")

    async def found(search: str) -> list[str]:
        items = (await api.get(f"{CONVERSATIONS}?search={search}"))["items"]
        return [item["conversation_id"] for item in items]

    assert await found("refund") == [refunds]
    assert await found("norway") == [others]
    assert await found("ship_to") == [others]
    assert await found("shipXto") == []
    assert await found("0 %25") == [others]
    assert await found("%25") == [others]
    pages = await api.walk(CONVERSATIONS, limit=1)
    assert [page[0]["conversation_id"] for page in pages] == [others, refunds]


async def test_a_conversation_can_be_renamed_and_deleted(api: AssistantApi) -> None:
    conversation_id = await api.begin("Old")
    sent = await api.send(conversation_id, "Hello")
    path = f"{CONVERSATIONS}/{conversation_id}"

    renamed = await api.done("PATCH", path, json={"title": "New"})
    assert (renamed["title"], (await api.show(conversation_id))["title"]) == ("New", "New")

    assert (await api.request("DELETE", path)).status_code == 204
    await api.refused(404, "GET", path)
    response = await api.response(sent["answer"]["response"]["response_id"])
    assert response["status"] == "cancelled"
    assert (await api.get(CONVERSATIONS))["items"] == []


async def test_an_account_alone_can_read_its_conversations(
    api: AssistantApi, http: httpx.AsyncClient, database: Database
) -> None:
    organisation_id = await organisation_of(api, database)
    ada = await make_person(http, database, organisation_id=organisation_id, role=Role.DEVELOPER)
    owner = await make_person(http, database, organisation_id=organisation_id, role=Role.OWNER)
    created = await ada.done("POST", CONVERSATIONS, json={"title": "Private"})
    path = f"{CONVERSATIONS}/{created['conversation_id']}"
    sent = await ada.done("POST", f"{path}/messages", json={"text": "Hello"})
    response_path = f"/assistant/responses/{sent['answer']['response']['response_id']}"

    for other in (owner, api):
        await other.refused(404, "GET", path)
        await other.refused(404, "PATCH", path, json={"title": "Mine"})
        await other.refused(404, "GET", response_path)
        await other.refused(404, "POST", f"{response_path}/cancel")
        assert (await other.get(CONVERSATIONS))["items"] == []
    assert [each["title"] for each in (await ada.get(CONVERSATIONS))["items"]] == ["Private"]
    assert (await ada.get(response_path))["status"] == "queued"


async def test_what_an_api_key_has_asked_belongs_to_the_organisation(
    api: AssistantApi, http: httpx.AsyncClient, database: Database
) -> None:
    person = await make_person(http, database, organisation_id=await organisation_of(api, database), role=Role.VIEWER)
    conversation_id = await api.begin("Of a program")

    assert (await person.get(f"{CONVERSATIONS}/{conversation_id}"))["title"] == "Of a program"
    # It isn't one of the person's own.
    assert (await person.get(CONVERSATIONS))["items"] == []


async def test_the_model_gets_the_branch_and_the_instructions(api: AssistantApi, database_url: str) -> None:
    engine = RememberingEngine()
    conversation_id = await api.begin()
    async with generating(database_url, engine):
        first = await api.send(conversation_id, "First")
        one = (await api.ended(first["answer"]["response"]["response_id"]))["text"]
        second = await api.send(conversation_id, "Second", instructions="Be short.", temperature=0.5, seed=3)
        await api.ended(second["answer"]["response"]["response_id"])

    last = engine.seen[-1]
    assert [(each.role, each.text) for each in last.messages] == [
        ("system", "Be short."),
        ("user", "First"),
        ("assistant", one),
        ("user", "Second"),
    ]
    assert (last.temperature, last.seed, last.prefix) == (0.5, 3, "")


async def test_only_what_fits_of_a_long_conversation_is_sent(api: AssistantApi, database_url: str) -> None:
    conversation_id = await api.begin()
    async with generating(database_url, ScriptedEngine(), history_tokens_max=64):
        for text in ("a" * 400, script(token_count=3), "Last"):
            sent = await api.send(conversation_id, text)
            response = await api.ended(sent["answer"]["response"]["response_id"])

    # The first message is too long to be sent with the last one.
    assert response["usage"]["input_tokens"] < 64

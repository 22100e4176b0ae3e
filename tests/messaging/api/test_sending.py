"""Posting, editing and deleting messages."""

import asyncio

import pytest

from http_api import Api, Json
from messaging_api import Talk, acting, path_of


@pytest.fixture
def talk(api: Api) -> Talk:
    return Talk(api)


@pytest.fixture
async def ines(talk: Talk) -> Json:
    return await talk.member("ines")


@pytest.fixture
async def tomas(talk: Talk) -> Json:
    return await talk.member("tomas")


@pytest.fixture
async def channel(talk: Talk, ines: Json, tomas: Json) -> Json:
    return await talk.channel("plans", ines, tomas)


async def test_messages_of_a_channel_are_in_one_order(talk: Talk, channel: Json, ines: Json, tomas: Json) -> None:
    posted = await asyncio.gather(
        *[talk.post(channel, ines if number % 2 else tomas, str(number)) for number in range(20)]
    )

    sequences = sorted(each["sequence"] for each in posted)
    assert sequences == list(range(sequences[0], sequences[0] + 20))
    by_sequence = sorted(posted, key=lambda each: each["sequence"])
    assert [each["ts"] for each in by_sequence] == sorted({each["ts"] for each in posted})
    assert await talk.texts(channel) == [each["text"] for each in by_sequence]
    assert [each["sequence"] for each in await talk.events(channel)] == list(range(1, sequences[-1] + 1))


async def test_the_same_send_twice_is_one_message_and_the_same_answer(
    talk: Talk, api: Api, channel: Json, ines: Json
) -> None:
    body = acting(ines, text="Lunch?", client_msg_id="c1")
    path = f"{path_of(channel)}/messages"

    answers = await asyncio.gather(*[api.request("POST", path, json=body) for _ in range(8)])

    assert sorted(answer.status_code for answer in answers) == [200] * 7 + [201]
    assert len({answer.json()["sequence"] for answer in answers}) == 1
    assert await talk.texts(channel) == ["Lunch?"]


async def test_the_id_of_a_send_cannot_be_used_in_another_channel(
    talk: Talk, api: Api, channel: Json, ines: Json, tomas: Json
) -> None:
    other = await talk.channel("other", ines)
    body = acting(ines, text="Lunch?", client_msg_id="c1")
    answers = await asyncio.gather(
        *[api.request("POST", f"{path_of(each)}/messages", json=body) for each in (channel, other)]
    )

    assert sorted(answer.status_code for answer in answers) == [201, 409]
    await talk.post(other, ines, "Dinner?", client_msg_id="c2")
    # Another member's id is another one.
    await talk.post(channel, tomas, "Yes", client_msg_id="c2")


async def test_a_retry_is_answered_although_the_member_has_left(
    talk: Talk, api: Api, channel: Json, tomas: Json
) -> None:
    first = await talk.post(channel, tomas, "Bye", client_msg_id="c1")
    await api.done("POST", f"{path_of(channel)}/leave", json=acting(tomas))

    again = await talk.post(channel, tomas, "Bye", client_msg_id="c1")
    refused = await api.refused(403, "POST", f"{path_of(channel)}/messages", json=acting(tomas, text="One more"))

    assert again == first
    assert refused["code"] == "not_in_channel"


async def test_a_retry_is_answered_although_the_member_has_lost_a_private_channel(
    talk: Talk, api: Api, ines: Json, tomas: Json
) -> None:
    channel = await talk.channel("secret", ines, tomas, is_private=True)
    path = f"{path_of(channel)}/messages"
    first = await talk.post(channel, tomas, "Bye", client_msg_id="c1")
    await api.done("POST", f"{path_of(channel)}/kick", json=acting(ines, kicked_member_id=tomas["member_id"]))
    await talk.post(channel, ines, "Good riddance", thread_sequence=first["sequence"])
    await api.done("PUT", f"{path_of(channel, first)}/reactions/tada", json=acting(ines))
    await api.done("PUT", f"{path_of(channel, first)}/pin", json=acting(ines))

    again = await api.request("POST", path, json=acting(tomas, text="Bye", client_msg_id="c1"))

    # The same answer as before: it doesn't tell what others have done with the message since.
    assert (again.status_code, again.json()) == (200, first)
    # What wasn't sent before is refused as for everybody outside.
    for fields in ({"client_msg_id": "c2"}, {}):
        problem = await api.refused(404, "POST", path, json=acting(tomas, text="Bye", **fields))
        assert problem["code"] == "channel_not_found"


async def test_of_two_people_who_edit_at_once_the_second_is_told(
    talk: Talk, api: Api, channel: Json, ines: Json
) -> None:
    message = await talk.post(channel, ines, "Lunch at noon")
    path = path_of(channel, message)

    first = await api.done("PATCH", path, json=acting(ines, text="Lunch at one", edit_version=0))
    second = await api.refused(409, "PATCH", path, json=acting(ines, text="Lunch at two", edit_version=0))

    assert (first["edit_version"], first["text"]) == (1, "Lunch at one")
    assert second["code"] == "edit_conflict"
    assert await talk.texts(channel) == ["Lunch at one"]


async def test_only_the_author_edits(talk: Talk, api: Api, channel: Json, ines: Json, tomas: Json) -> None:
    message = await talk.post(channel, ines, "Mine")

    refused = await api.refused(403, "PATCH", path_of(channel, message), json=acting(tomas, text="Yours"))

    assert refused["code"] == "not_your_message"


async def test_what_was_deleted_is_nowhere_any_more(
    talk: Talk, api: Api, channel: Json, ines: Json, tomas: Json
) -> None:
    message = await talk.post(channel, ines, "A secret for @tomas")
    await api.done("PATCH", path_of(channel, message), json=acting(ines, text="The secret for @tomas"))
    assert await talk.unread(tomas, channel) == (1, 1)

    assert (await api.request("DELETE", path_of(channel, message))).status_code == 204

    log = await talk.events(channel)
    assert [each["type"] for each in log[-3:]] == ["message", "message_edited", "message_deleted"]
    assert "secret" not in str(log)
    assert await talk.texts(channel) == []
    assert await talk.unread(tomas, channel) == (0, 0)
    await api.refused(404, "GET", path_of(channel, message))


async def test_replies_are_in_their_thread_unless_they_are_broadcast(
    talk: Talk, api: Api, channel: Json, ines: Json, tomas: Json
) -> None:
    root = await talk.post(channel, ines, "Where?")
    reply = await talk.post(channel, tomas, "Here", thread_sequence=root["sequence"])
    nested = await talk.post(channel, ines, "Good", thread_sequence=reply["sequence"], is_broadcast=True)

    assert nested["thread_sequence"] == root["sequence"]
    assert await talk.texts(channel) == ["Where?", "Good"]
    replies = await api.get(f"{path_of(channel, root)}/replies")
    assert [each["text"] for each in replies["items"]] == ["Here", "Good"]
    shown = await api.get(path_of(channel, root))
    assert (shown["reply_count"], shown["latest_reply_sequence"]) == (2, nested["sequence"])

    await api.request("DELETE", path_of(channel, nested))
    shown = await api.get(path_of(channel, root))
    assert (shown["reply_count"], shown["latest_reply_sequence"]) == (1, reply["sequence"])


async def test_a_deleted_message_with_replies_stays_as_a_place(talk: Talk, api: Api, channel: Json, ines: Json) -> None:
    root = await talk.post(channel, ines, "Where?")
    await talk.post(channel, ines, "Here", thread_sequence=root["sequence"])

    await api.request("DELETE", path_of(channel, root))

    (shown,) = (await api.get(f"{path_of(channel)}/messages"))["items"]
    assert (shown["text"], shown["deleted_at"] is not None, shown["reply_count"]) == ("", True, 1)


@pytest.mark.parametrize(
    ("fields", "status"),
    [
        ({"text": " "}, 422),
        ({"text": "x" * 40_001}, 422),
        ({"text": "x", "blocks": [{}] * 51}, 422),
        ({"text": "x", "blocks": [{"type": "video"}]}, 422),
        ({"text": "x", "client_msg_id": ""}, 422),
        ({"text": "x", "is_broadcast": True}, 422),
        ({"text": "x", "thread_sequence": 9_999}, 404),
    ],
)
async def test_what_cannot_be_sent(api: Api, channel: Json, ines: Json, fields: Json, status: int) -> None:
    await api.refused(status, "POST", f"{path_of(channel)}/messages", json=acting(ines, **fields))


async def test_what_is_wrong_with_a_block_is_said_with_its_place(api: Api, channel: Json, ines: Json) -> None:
    blocks = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    body = acting(ines, text="x", blocks=blocks)

    problem = await api.refused(422, "POST", f"{path_of(channel)}/messages", json=body)

    assert (problem["code"], problem["field"]) == ("invalid_blocks", "blocks[0].text.text")


async def test_an_archived_channel_can_only_be_read(talk: Talk, api: Api, channel: Json, ines: Json) -> None:
    message = await talk.post(channel, ines, "The last word")
    await api.done("POST", f"{path_of(channel)}/archive", json=acting(ines))

    for method, path, body in [
        ("POST", f"{path_of(channel)}/messages", acting(ines, text="One more")),
        ("PATCH", path_of(channel, message), acting(ines, text="Another one")),
        ("DELETE", path_of(channel, message), None),
        ("PUT", f"{path_of(channel, message)}/pin", acting(ines)),
        ("PUT", f"{path_of(channel, message)}/reactions/tada", acting(ines)),
    ]:
        assert (await api.refused(409, method, path, json=body))["code"] == "channel_archived"
    assert await talk.texts(channel) == ["The last word"]

    await api.done("POST", f"{path_of(channel)}/unarchive", json=acting(ines))
    await talk.post(channel, ines, "One more")


async def test_reactions_and_pins(talk: Talk, api: Api, channel: Json, ines: Json, tomas: Json) -> None:
    message = await talk.post(channel, ines, "It works")
    path = path_of(channel, message)

    for member, has_changed in [(tomas, True), (ines, True), (ines, False)]:
        answer = await api.done("PUT", f"{path}/reactions/tada", json=acting(member))
        assert answer == {"has_changed": has_changed}
    await api.done("PUT", f"{path}/pin", json=acting(tomas))
    await api.refused(422, "PUT", f"{path}/reactions/No%20Emoji", json=acting(ines))

    shown = await api.get(path)
    assert shown["reactions"] == [{"emoji": "tada", "member_ids": [tomas["member_id"], ines["member_id"]]}]
    assert shown["is_pinned"] is True
    assert [each["sequence"] for each in (await api.get(f"{path_of(channel)}/pins"))["items"]] == [message["sequence"]]

    await api.done("POST", f"{path_of(channel)}/leave", json=acting(tomas))
    refused = await api.refused(403, "DELETE", f"{path}/reactions/tada?member_id={tomas['member_id']}")
    assert refused["code"] == "not_in_channel"
    await api.done("POST", f"{path_of(channel)}/join", json=acting(tomas))

    await api.done("DELETE", f"{path}/reactions/tada?member_id={tomas['member_id']}")
    await api.done("DELETE", f"{path}/pin")
    shown = await api.get(path)
    assert shown["reactions"] == [{"emoji": "tada", "member_ids": [ines["member_id"]]}]
    assert shown["is_pinned"] is False
    assert [each["type"] for each in (await talk.events(channel))[-7:]] == [
        "reaction_added",
        "reaction_added",
        "pin_added",
        "member_left",
        "member_joined",
        "reaction_removed",
        "pin_removed",
    ]

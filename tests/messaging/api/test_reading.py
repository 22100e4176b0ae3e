"""Reading messages, and what is unread."""

import random

import pytest

from http_api import Api, Json
from messaging_api import Talk, acting, path_of
from ninefold.systems.messaging.rules.replay import LogEntry, recount


@pytest.fixture
def talk(api: Api) -> Talk:
    return Talk(api)


async def test_windows_are_before_after_and_around_a_sequence(talk: Talk, api: Api) -> None:
    ines = await talk.member("ines")
    channel = await talk.channel("plans", ines)
    posted = [await talk.post(channel, ines, str(number)) for number in range(9)]
    middle = posted[4]["sequence"]

    for query, texts, has_earlier, has_later in [
        ("limit=3", "678", True, False),
        (f"before={middle}&limit=2", "23", True, True),
        (f"after={middle}&limit=2", "56", True, True),
        ("after=0&limit=2", "01", False, True),
        (f"around={middle}&limit=4", "3456", True, True),
        ("limit=100", "012345678", False, False),
    ]:
        found = await api.get(f"{path_of(channel)}/messages?{query}")
        assert ["".join(each["text"] for each in found["items"]), found["has_earlier"], found["has_later"]] == [
            texts,
            has_earlier,
            has_later,
        ], query
    await api.refused(422, "GET", f"{path_of(channel)}/messages?before=3&after=1")


async def test_unread_counts_what_others_have_written_since(talk: Talk, api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channel = await talk.channel("plans", ines, tomas)
    first = await talk.post(channel, ines, "Hello @tomas.")
    await talk.post(channel, ines, "A reply for @tomas", thread_sequence=first["sequence"])
    await talk.post(channel, tomas, "My own")
    last = await talk.post(channel, ines, "@channel: done")

    assert await talk.unread(tomas, channel) == (2, 3)
    assert await talk.unread(ines, channel) == (1, 0)

    read = await api.done("POST", f"{path_of(channel)}/read", json=acting(tomas, sequence=first["sequence"]))
    assert (read["unread"], read["mentions"]) == (1, 2)
    await api.done("POST", f"{path_of(channel)}/read", json=acting(tomas, sequence=last["sequence"]))
    # A device that is behind doesn't make anything unread again.
    behind = await api.done("POST", f"{path_of(channel)}/read", json=acting(tomas, sequence=first["sequence"]))
    assert (behind["unread"], behind["mentions"], behind["read_sequence"]) == (0, 0, last["sequence"])


async def test_who_joins_has_nothing_unread(talk: Talk, api: Api) -> None:
    ines, tomas = await talk.member("ines"), await talk.member("tomas")
    channel = await talk.channel("plans", ines)
    await talk.post(channel, ines, "Before")

    await api.done("POST", f"{path_of(channel)}/join", json=acting(tomas))

    assert await talk.unread(tomas, channel) == (0, 0)


@pytest.mark.parametrize("seed", range(3))
async def test_every_count_is_what_the_log_says(talk: Talk, api: Api, seed: int) -> None:
    chance = random.Random(seed)
    members = [await talk.member(name) for name in ("ines", "tomas", "nadia")]
    channel = await talk.channel("plans", members[0], *members[1:])
    posted: list[tuple[Json, Json]] = []
    for _ in range(40):
        member = chance.choice(members)
        text = chance.choice(["Hello", "@tomas", "@nadia and @ines", "@channel", "@here", "`@ines`"])
        match chance.randrange(5):
            case 0 | 1:
                posted.append((member, await talk.post(channel, member, text)))
            case 2 if posted:
                root = chance.choice(posted)[1]["sequence"]
                path = f"{path_of(channel)}/messages"
                body = acting(member, text=text, thread_sequence=root, is_broadcast=chance.random() < 0.5)
                answer = await api.request("POST", path, json=body)
                if answer.is_success:
                    posted.append((member, answer.json()))
            case 3 if posted:
                author, message = chance.choice(posted)
                await api.request("PATCH", path_of(channel, message), json=acting(author, text=text))
            case 4 if posted:
                await api.request("DELETE", path_of(channel, chance.choice(posted)[1]))
                sequence = chance.choice(posted)[1]["sequence"]
                await api.done("POST", f"{path_of(channel)}/read", json=acting(member, sequence=sequence))

    log = [
        LogEntry(
            sequence=each["sequence"],
            type=each["type"],
            member_id=each["member_id"],
            message_sequence=each["message_sequence"],
            thread_sequence=each["data"].get("thread_sequence"),
            is_broadcast=each["data"].get("is_broadcast", False),
            mentioned_ids=each["data"].get("mentioned_ids", []),
        )
        for each in await talk.events(channel)
    ]
    for member in members:
        unread = (await api.get(f"/messaging/unread?member_id={member['member_id']}"))["items"]
        (one,) = [each for each in unread if each["channel_id"] == channel["channel_id"]]
        assert recount(
            log,
            member_id=member["member_id"],
            read_sequence=one["read_sequence"],
            until=one["last_sequence"],
            limit=1_000,
        ) == (one["unread"], one["mentions"])


async def test_rich_text_mentions_and_counts(api: Api) -> None:
    talk = Talk(api)
    ines, tomas, nadia = [await talk.member(name) for name in ("ines", "tomas", "nadia")]
    channel = await talk.channel("plans", ines, tomas, nadia)

    for element in ({"type": "user", "user_id": tomas["slack_id"]}, {"type": "broadcast", "range": "channel"}):
        section = {"type": "rich_text_section", "elements": [element]}
        await talk.post(channel, ines, "", blocks=[{"type": "rich_text", "elements": [section]}])

    assert await talk.unread(tomas, channel) == (2, 2)
    assert await talk.unread(nadia, channel) == (2, 1)
    assert await talk.unread(ines, channel) == (0, 0)


async def test_who_joined_after_a_message_hasnt_read_it(talk: Talk, api: Api) -> None:
    ines, tomas, nadia = [await talk.member(name) for name in ("ines", "tomas", "nadia")]
    channel = await talk.channel("plans", ines, tomas)
    message = await talk.post(channel, ines, "Hello.")
    invited = {"member_id": ines["member_id"], "member_ids": [nadia["member_id"]]}
    await api.done("POST", f"{path_of(channel)}/invite", json=invited)

    assert await api.get(f"{path_of(channel, message)}/readers") == {"count": 0, "member_ids": []}

    await api.done("POST", f"{path_of(channel)}/read", json=acting(tomas, sequence=message["sequence"]))
    assert await api.get(f"{path_of(channel, message)}/readers") == {"count": 1, "member_ids": [tomas["member_id"]]}

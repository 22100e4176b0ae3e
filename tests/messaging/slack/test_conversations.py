"""Channels by Slack's official client: made, changed, joined and read."""

import asyncio
from collections.abc import Callable
from typing import Any

from slack_sdk import WebClient

from slack_clients import Workspace, call, refused


async def test_a_channel_from_its_creation_to_its_archive(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")
    tomas, as_tomas = await workspace.member("tomas")
    me = await call(bot.auth_test)

    created = (await call(bot.conversations_create, name="plans"))["channel"]
    channel = created["id"]
    assert (created["name"], created["is_channel"], created["is_member"]) == ("plans", True, True)
    assert (created["creator"], created["is_private"], created["is_archived"]) == (me["user_id"], False, False)

    invited = await call(bot.conversations_invite, channel=channel, users=[ines["slack_id"], tomas["slack_id"]])
    assert invited["channel"]["id"] == channel
    again = await refused(bot.conversations_invite, channel=channel, users=f"{ines['slack_id']},U0000000000")
    assert [(each["user"], each["error"]) for each in again["errors"]] == [
        (ines["slack_id"], "already_in_channel"),
        ("U0000000000", "user_not_found"),
    ]

    topic = await call(as_ines.conversations_setTopic, channel=channel, topic="Version 12")
    await call(as_ines.conversations_setPurpose, channel=channel, purpose="What comes next")
    assert topic["channel"]["topic"]["value"] == "Version 12"
    assert (await call(as_ines.conversations_setTopic, channel=channel, topic=""))["channel"]["topic"]["value"] == ""
    renamed = await call(bot.conversations_rename, channel=channel, name="roadmap")
    assert renamed["channel"]["name"] == "roadmap"
    info = (await call(as_tomas.conversations_info, channel=channel, include_num_members=True))["channel"]
    assert (info["num_members"], info["purpose"]["value"], info["last_read"]) == (
        3,
        "What comes next",
        "0000000000.000000",
    )

    first = await call(bot.conversations_members, channel=channel, limit=2)
    rest = await call(bot.conversations_members, channel=channel, cursor=first["response_metadata"]["next_cursor"])
    assert sorted(first["members"] + rest["members"]) == sorted([me["user_id"], ines["slack_id"], tomas["slack_id"]])
    assert rest["response_metadata"]["next_cursor"] == ""

    await call(as_ines.conversations_kick, channel=channel, user=tomas["slack_id"])
    assert (await refused(as_ines.conversations_kick, channel=channel, user=tomas["slack_id"]))[
        "error"
    ] == "not_in_channel"
    await call(as_ines.conversations_leave, channel=channel)
    assert (await call(as_ines.conversations_leave, channel=channel))["not_in_channel"] is True
    assert "warning" not in await call(as_ines.conversations_join, channel=channel)
    assert (await call(as_ines.conversations_join, channel=channel))["warning"] == "already_in_channel"

    await call(bot.conversations_archive, channel=channel)
    assert (await refused(bot.chat_postMessage, channel=channel, text="Late"))["error"] == "is_archived"
    assert (await refused(bot.conversations_archive, channel=channel))["error"] == "already_archived"
    await call(bot.conversations_unarchive, channel=channel)
    assert (await refused(bot.conversations_unarchive, channel=channel))["error"] == "not_archived"


async def test_everybody_is_in_general(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, _ = await workspace.member("ines")

    cases: list[tuple[Callable[..., Any], dict[str, str], str]] = [
        (bot.conversations_leave, {}, "cant_leave_general"),
        (bot.conversations_archive, {}, "cant_archive_general"),
        (bot.conversations_kick, {"user": ines["slack_id"]}, "cant_kick_from_general"),
        (bot.conversations_rename, {"name": "everybody"}, "not_authorized"),
    ]
    for method, arguments, word in cases:
        assert (await refused(method, channel="general", **arguments))["error"] == word


async def test_lists_have_the_channels_of_the_types_that_are_asked_for(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")
    tomas, _ = await workspace.member("tomas")
    for number in range(3):
        await call(bot.conversations_create, name=f"public{number}")
    secret = (await call(as_ines.conversations_create, name="secret", is_private=True))["channel"]
    old = (await call(bot.conversations_create, name="old"))["channel"]
    await call(bot.conversations_archive, channel=old["id"])
    await call(bot.conversations_open, users=ines["slack_id"])
    await call(bot.conversations_open, users=[ines["slack_id"], tomas["slack_id"]])

    names = []
    for names_of_page in await asyncio.to_thread(read_pages, bot):
        assert len(names_of_page) <= 2
        names += names_of_page
    assert names == ["general", "public0", "public1", "public2", "old"]
    open_ones = await call(bot.conversations_list, exclude_archived=True, limit=1000)
    assert "old" not in [each["name"] for each in open_ones["channels"]]

    direct = (await call(bot.conversations_list, types=["im", "mpim"]))["channels"]
    assert [(each["is_im"], each.get("is_mpim")) for each in direct] == [(True, None), (False, True)]
    assert direct[0]["user"] == ines["slack_id"]
    own = (await call(as_ines.users_conversations, types="private_channel,public_channel"))["channels"]
    assert {each["name"] for each in own} == {"general", "secret"}
    seen = (await call(bot.users_conversations, types="private_channel,public_channel", user=ines["slack_id"]))[
        "channels"
    ]
    assert [each["name"] for each in seen] == ["general"]
    assert secret["id"].startswith("G")


def read_pages(bot: WebClient) -> list[list[str]]:
    """Return the names of all channels, by the iterator of Slack's client."""
    return [[each["name"] for each in page["channels"]] for page in bot.conversations_list(limit=2)]


async def test_conversations_are_opened_once(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")

    assert (await call(bot.conversations_open, users=ines["slack_id"], prevent_creation=True))["channel"] is None
    opened = await call(bot.conversations_open, users=ines["slack_id"])
    again = await call(bot.conversations_open, users=[ines["slack_id"]], return_im=True)
    posted = await call(bot.chat_postMessage, channel=ines["slack_id"], text="Only for you")

    assert opened["channel"] == {"id": posted["channel"]}
    assert (again["already_open"], again["channel"]["id"]) == (True, posted["channel"])
    assert (again["channel"]["is_im"], again["channel"]["user"]) == (True, ines["slack_id"])
    history = await call(as_ines.conversations_history, channel=posted["channel"])
    assert [each["text"] for each in history["messages"]] == ["Only for you"]


async def test_history_between_two_times(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ts = [(await call(bot.chat_postMessage, channel="general", text=str(number)))["ts"] for number in range(5)]
    general = (await call(bot.conversations_info, channel="general"))["channel"]["id"]

    async def texts(**arguments: object) -> list[str]:
        answer = await call(bot.conversations_history, channel=general, **arguments)
        return [each["text"] for each in answer["messages"]]

    assert await texts(oldest=ts[1], latest=ts[3]) == ["2"]
    assert await texts(oldest=ts[1], latest=ts[3], inclusive=True) == ["3", "2", "1"]
    assert await texts(latest=ts[2], inclusive=True, limit=1) == ["2"]
    assert await texts(oldest=ts[4]) == []
    # Without the last digits, as programs that use floats send it.
    assert await texts(oldest=str(int(ts[0].partition(".")[0]) - 1)) == ["4", "3", "2", "1", "0"]


async def test_a_thread_is_read_page_by_page_also_by_the_ts_of_a_reply(workspace: Workspace) -> None:
    bot = await workspace.bot()
    root = await call(bot.chat_postMessage, channel="general", text="Ready?")
    channel, ts = root["channel"], root["ts"]
    replies = [
        await call(bot.chat_postMessage, channel=channel, thread_ts=ts, text=str(number), reply_broadcast=number == 2)
        for number in range(3)
    ]

    first = await call(bot.conversations_replies, channel=channel, ts=ts, limit=2)
    cursor = first["response_metadata"]["next_cursor"]
    rest = await call(bot.conversations_replies, channel=channel, ts=ts, cursor=cursor)
    by_reply = await call(bot.conversations_replies, channel=channel, ts=replies[0]["ts"])
    later = await call(bot.conversations_replies, channel=channel, ts=ts, oldest=replies[1]["ts"])

    assert [each["text"] for each in first["messages"]] == ["Ready?", "0", "1"]
    assert [(each["text"], each["subtype"]) for each in rest["messages"]] == [("2", "thread_broadcast")]
    assert (first["has_more"], rest["has_more"]) == (True, False)
    assert [each["text"] for each in by_reply["messages"]] == ["Ready?", "0", "1", "2"]
    assert [each["text"] for each in later["messages"]] == ["Ready?", "2"]
    start, *others = by_reply["messages"]
    assert (start["reply_count"], start["latest_reply"]) == (3, replies[2]["ts"])
    assert {(each["thread_ts"], each["parent_user_id"]) for each in others} == {(ts, start["user"])}


async def test_a_deleted_message_with_replies_stays_as_a_tombstone(workspace: Workspace) -> None:
    bot = await workspace.bot()
    root = await call(bot.chat_postMessage, channel="general", text="A secret")
    channel, ts = root["channel"], root["ts"]
    await call(bot.chat_postMessage, channel=channel, thread_ts=ts, text="In the thread")
    await call(bot.chat_postMessage, channel=channel, thread_ts=ts, text="For all", reply_broadcast=True)

    await call(bot.chat_delete, channel=channel, ts=ts)

    history = (await call(bot.conversations_history, channel=channel))["messages"]
    assert [(each["text"], each["subtype"]) for each in history] == [
        ("For all", "thread_broadcast"),
        ("This message was deleted.", "tombstone"),
    ]
    thread = (await call(bot.conversations_replies, channel=channel, ts=ts))["messages"]
    assert [each["text"] for each in thread[1:]] == ["In the thread", "For all"]


async def test_marking_reads_up_to_a_message(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")
    posted = [await call(bot.chat_postMessage, channel="general", text=str(number)) for number in range(3)]
    channel = posted[0]["channel"]

    await call(as_ines.conversations_mark, channel=channel, ts=posted[1]["ts"])

    (unread,) = (await workspace.api.get(f"/messaging/unread?member_id={ines['member_id']}"))["items"]
    assert unread["unread"] == 1
    info = await call(as_ines.conversations_info, channel=channel)
    assert info["channel"]["last_read"] == posted[1]["ts"]

"""Messages by Slack's official client: posted, edited, deleted, with emoji and pins."""

import asyncio
import json
from typing import Any

import pytest

from http_api import Json
from slack_clients import Workspace, call, refused, word

ARRIVES_WITHIN_S = 30.0
BUTTON = {"type": "button", "text": {"type": "plain_text", "text": "Deploy"}, "value": "12"}


async def test_a_message_is_edited_and_deleted(workspace: Workspace) -> None:
    bot = await workspace.bot()
    _, as_ines = await workspace.member("ines")
    blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "*Version 12*"}}]
    posted = await call(bot.chat_postMessage, channel="general", text="Version 12", blocks=blocks)
    channel, ts = posted["channel"], posted["ts"]

    kept = await call(bot.chat_update, channel=channel, ts=ts, text="Version 13")
    (block,) = kept["message"]["blocks"]
    assert (kept["text"], block["text"]["text"]) == ("Version 13", "*Version 12*")
    assert kept["message"]["edited"]["user"] == posted["message"]["user"]
    bare = await call(bot.chat_update, channel=channel, ts=ts, text="Version 14", blocks=[])
    assert "blocks" not in bare["message"]

    assert (await refused(as_ines.chat_update, channel=channel, ts=ts, text="Mine"))["error"] == "cant_update_message"
    assert (await refused(as_ines.chat_delete, channel=channel, ts=ts))["error"] == "cant_delete_message"
    assert (await call(bot.chat_delete, channel=channel, ts=ts))["ts"] == ts
    assert (await refused(bot.chat_delete, channel=channel, ts=ts))["error"] == "message_not_found"
    assert (await refused(bot.chat_update, channel=channel, ts=ts, text="Late"))["error"] == "message_not_found"


async def test_texts_are_stored_as_they_are_sent(workspace: Workspace) -> None:
    ines, as_ines = await workspace.member("ines")

    for text in ("True", "*bold* <https://example.com|link> &amp; :tada:", "@ines", f"<@{ines['slack_id']}>"):
        posted = await call(as_ines.chat_postMessage, channel="general", text=text, unfurl_links=True, mrkdwn=False)
        assert posted["message"]["text"] == text
    linked = await call(as_ines.chat_postMessage, channel="general", text="@ines", link_names=True)
    assert linked["message"]["text"] == f"<@{ines['slack_id']}>"
    me = await call(as_ines.chat_meMessage, channel=linked["channel"], text="is here")
    history = await call(as_ines.conversations_history, channel=linked["channel"], limit=1)
    assert (history["messages"][0]["ts"], history["messages"][0]["subtype"]) == (me["ts"], "me_message")


async def test_the_same_client_msg_id_posts_once(workspace: Workspace) -> None:
    bot = await workspace.bot()
    arguments = {"channel": "general", "text": "Once", "client_msg_id": "c1"}

    first = await call(bot.api_call, api_method="chat.postMessage", json=arguments)
    again = await call(bot.api_call, api_method="chat.postMessage", data=arguments)

    assert again["ts"] == first["ts"]
    assert len((await call(bot.conversations_history, channel=first["channel"]))["messages"]) == 1


async def test_a_retry_is_answered_whatever_has_happened_to_its_channel_and_its_thread(workspace: Workspace) -> None:
    _, as_ines = await workspace.member("ines")
    tomas, as_tomas = await workspace.member("tomas")
    channel = (await call(as_ines.conversations_create, name="secret", is_private=True))["channel"]["id"]
    await call(as_ines.conversations_invite, channel=channel, users=[tomas["slack_id"]])
    root = await call(as_ines.chat_postMessage, channel=channel, text="Lunch?")
    reply = {"channel": channel, "thread_ts": root["ts"], "text": "Yes", "client_msg_id": "c1"}
    first = await call(as_tomas.api_call, api_method="chat.postMessage", json=reply)

    await call(as_ines.chat_delete, channel=channel, ts=root["ts"])
    after_deletion = await call(as_tomas.api_call, api_method="chat.postMessage", json=reply)
    await call(as_ines.conversations_kick, channel=channel, user=tomas["slack_id"])
    after_exit = await call(as_tomas.api_call, api_method="chat.postMessage", json=reply)

    assert after_deletion == after_exit == first
    assert await word(as_tomas, "chat.postMessage", reply | {"client_msg_id": "c2"}) == "channel_not_found"


async def test_blocks_are_checked_and_get_their_ids(workspace: Workspace) -> None:
    bot = await workspace.bot()

    blocks = [{"type": "actions", "elements": [BUTTON]}]
    posted = await call(bot.chat_postMessage, channel="general", text="Version 12", blocks=blocks)
    too_long = [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]
    answer = await refused(bot.chat_postMessage, channel="general", text="Hi", blocks=too_long)

    (actions,) = posted["message"]["blocks"]
    assert actions["block_id"]
    assert actions["elements"][0]["action_id"]
    assert (answer["error"], answer["response_metadata"]["messages"]) == (
        "invalid_blocks",
        ["[ERROR] must be less than 151 characters [json-pointer:/blocks/0/text/text]"],
    )


async def test_attachments_are_shown_as_blocks(workspace: Workspace) -> None:
    bot = await workspace.bot()
    alert = {"title": "Disk full", "text": "92 %", "color": "danger", "fallback": "Disk full: 92 %"}

    posted = await call(bot.chat_postMessage, channel="general", text="", attachments=[alert])

    assert posted["message"]["text"] == "Disk full: 92 %"
    assert [each["text"]["text"] for each in posted["message"]["blocks"]] == ["*Disk full*\n92 %"]


async def test_an_ephemeral_message_reaches_one_member_and_no_log(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")
    tomas, _ = await workspace.member("tomas")
    channel = (await call(bot.conversations_create, name="plans"))["channel"]["id"]
    await call(bot.conversations_invite, channel=channel, users=ines["slack_id"])
    is_listening = asyncio.Event()
    listening = asyncio.create_task(next_ephemeral(workspace, ines, str(as_ines.token), is_listening))
    await is_listening.wait()

    text = "x" * 10_000
    shown = await call(bot.chat_postEphemeral, channel=channel, user=ines["slack_id"], text=text)

    entry = await listening
    assert (entry["text"], entry["ts"]) == (text, shown["message_ts"])
    assert (await call(as_ines.conversations_history, channel=channel))["messages"] == []
    answer = await refused(bot.chat_postEphemeral, channel=channel, user=tomas["slack_id"], text="You")
    assert answer["error"] == "user_not_in_channel"


async def next_ephemeral(workspace: Workspace, member: Json, token: str, is_listening: asyncio.Event) -> Json:
    """Return the next ephemeral message on a member's own live channel."""
    channel = f"messaging.member:{member['member_id']}"
    async with (
        asyncio.timeout(ARRIVES_WITHIN_S),
        workspace.api.http.stream(
            "GET", f"/api/v1/live/{channel}", headers={"Authorization": f"Bearer {token}"}
        ) as response,
    ):
        assert response.is_success, await response.aread()
        async for line in response.aiter_lines():
            field, _, value = line.partition(": ")
            if field == "event" and value == "subscribed":
                is_listening.set()
            if field == "data" and (entry := json.loads(value)).get("type") == "ephemeral":
                return dict(entry)
    raise AssertionError("The stream has ended.")


async def test_a_permalink_is_a_page_of_the_console(workspace: Workspace) -> None:
    bot = await workspace.bot()
    posted = await call(bot.chat_postMessage, channel="general", text="Here")

    found = await call(bot.chat_getPermalink, channel=posted["channel"], message_ts=posted["ts"])

    address, _, sequence = found["permalink"].rpartition("/")
    assert address == f"{workspace.api.http.base_url}/messaging/{posted['channel']}".replace(
        "//messaging", "/messaging"
    )
    general = next(each for each in (await workspace.api.get("/messaging/channels"))["items"] if each["is_general"])
    message = await workspace.api.get(f"/messaging/channels/{general['channel_id']}/messages/{sequence}")
    assert message["text"] == "Here"


async def test_reactions(workspace: Workspace) -> None:
    bot = await workspace.bot()
    ines, as_ines = await workspace.member("ines")
    posted = [await call(bot.chat_postMessage, channel="general", text=str(number)) for number in range(2)]
    channel = posted[0]["channel"]
    first, second = ({"channel": channel, "timestamp": each["ts"]} for each in posted)

    await call(bot.reactions_add, name="tada", **first)
    await call(as_ines.reactions_add, name=":tada:", **first)
    await call(as_ines.reactions_add, name="eyes", **second)
    assert (await refused(bot.reactions_add, name="tada", **first))["error"] == "already_reacted"

    shown = await call(bot.reactions_get, **first)
    (reaction,) = shown["message"]["reactions"]
    assert (reaction["name"], reaction["count"], reaction["users"][1]) == ("tada", 2, ines["slack_id"])
    page = await call(bot.reactions_list, user=ines["slack_id"], limit=1)
    rest = await call(bot.reactions_list, user=ines["slack_id"], cursor=page["response_metadata"]["next_cursor"])
    assert [each["message"]["text"] for each in (*page["items"], *rest["items"])] == ["1", "0"]

    await call(bot.reactions_remove, name="tada", **first)
    assert (await refused(bot.reactions_remove, name="tada", **first))["error"] == "no_reaction"
    assert (await call(bot.reactions_list))["items"] == []


async def test_pins(workspace: Workspace) -> None:
    bot = await workspace.bot()
    me = await call(bot.auth_test)
    posted = await call(bot.chat_postMessage, channel="general", text="Keep this")
    pinned: dict[str, Any] = {"channel": posted["channel"], "timestamp": posted["ts"]}

    await call(bot.pins_add, **pinned)
    assert (await refused(bot.pins_add, **pinned))["error"] == "already_pinned"
    (item,) = (await call(bot.pins_list, channel=posted["channel"]))["items"]
    assert (item["message"]["text"], item["created_by"]) == ("Keep this", me["user_id"])
    assert item["message"]["pinned_to"] == [posted["channel"]]
    await call(bot.pins_remove, **pinned)
    assert (await refused(bot.pins_remove, **pinned))["error"] == "no_pin"


@pytest.mark.parametrize(
    ("method", "arguments", "expected"),
    [
        ("chat.postMessage", {"text": "Hi"}, "invalid_arguments"),
        ("chat.postMessage", {"channel": "general"}, "no_text"),
        ("chat.postMessage", {"channel": "U0000000000", "text": "Hi"}, "channel_not_found"),
        ("chat.postMessage", {"channel": "general", "text": "Hi", "thread_ts": "soon"}, "invalid_thread_ts"),
        ("chat.postMessage", {"channel": "general", "attachments": [{"text": 7}]}, "invalid_attachments"),
        ("chat.postMessage", {"channel": "general", "text": "Hi", "markdown_text": "Hi"}, "markdown_text_conflict"),
        ("chat.postMessage", {"channel": "general", "text": "Hi", "blocks": [{"type": "map"}]}, "invalid_blocks"),
        ("chat.postMessage", {"channel": "general", "text": "Hi", "blocks": "["}, "invalid_blocks_format"),
        ("conversations.create", {"name": "general"}, "name_taken"),
        ("conversations.create", {"name": ""}, "invalid_name_required"),
        ("conversations.create", {"name": "Plans!"}, "invalid_name_specials"),
        ("conversations.create", {"name": "--"}, "invalid_name_punctuation"),
        ("conversations.create", {"name": "x" * 81}, "invalid_name_maxlength"),
        ("conversations.list", {"limit": 1001}, "invalid_limit"),
        ("conversations.list", {"types": "town_square"}, "invalid_types"),
        ("conversations.list", {"cursor": "nowhere"}, "invalid_cursor"),
        ("conversations.history", {"channel": "general", "oldest": "soon"}, "invalid_ts_oldest"),
        ("conversations.replies", {"channel": "general", "ts": "1.000001"}, "thread_not_found"),
        ("conversations.setTopic", {"channel": "general", "topic": "x" * 251}, "too_long"),
        ("conversations.setTopic", {"channel": "general"}, "invalid_arguments"),
        ("conversations.invite", {"channel": "general"}, "no_user"),
        ("conversations.open", {}, "users_list_not_supplied"),
        ("conversations.open", {"channel": "general"}, "method_not_supported_for_channel_type"),
        ("conversations.open", {"users": [f"U000000000{n}" for n in range(9)]}, "too_many_users"),
        ("conversations.info", {"channel": "C0000000000"}, "channel_not_found"),
        ("conversations.mark", {"channel": "general", "ts": "soon"}, "invalid_timestamp"),
        ("reactions.add", {"name": "tada"}, "no_item_specified"),
        ("reactions.add", {"channel": "general", "timestamp": "soon", "name": "tada"}, "bad_timestamp"),
        ("reactions.get", {"channel": "general", "timestamp": "1.000001"}, "message_not_found"),
        ("pins.add", {"channel": "general"}, "no_item_specified"),
        ("users.info", {"user": "U0000000000"}, "user_not_found"),
        ("users.lookupByEmail", {"email": "nobody@acme.example"}, "users_not_found"),
        ("users.setPresence", {"presence": "asleep"}, "invalid_presence"),
        ("bots.info", {"bot": "B0000000000"}, "bot_not_found"),
        ("team.info", {"team": "T0000000000"}, "team_not_found"),
        ("api.test", {"error": "my_error"}, "my_error"),
    ],
)
async def test_errors_have_slacks_words(
    workspace: Workspace, method: str, arguments: dict[str, Any], expected: str
) -> None:
    assert await word(await workspace.bot(), method, arguments) == expected

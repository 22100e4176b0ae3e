"""Slack's framework for apps, unmodified, in Socket Mode."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk import WebClient
from slack_sdk.web.async_client import AsyncWebClient

from bolt_apps import BoltApp, create_bolt_app, texts_when
from http_api import Api, Json
from messaging_api import Talk, acting, path_of, upload
from slack_clients import call, refused
from slack_sockets import PlainSocket

MODAL: Json = {
    "type": "modal",
    "callback_id": "deploy",
    "title": {"type": "plain_text", "text": "Deploy"},
    "submit": {"type": "plain_text", "text": "Deploy"},
    "blocks": [
        {
            "type": "input",
            "block_id": "version",
            "label": {"type": "plain_text", "text": "Version"},
            "element": {"type": "plain_text_input", "action_id": "entered"},
        }
    ],
}


@pytest.fixture
def talk(server_api: Api) -> Talk:
    """An organisation's messaging."""
    return Talk(server_api)


@pytest.fixture
async def bot(server_api: Api, server_url: str) -> BoltApp:
    """An app with slash commands."""
    return await create_bolt_app(server_api, server_url, commands=["/echo", "/deploy"])


async def view_when(api: Api, view_id: str, until: Callable[[Json], bool]) -> Json:
    """Return a view of a member as soon as it is as it should be."""
    path = f"/messaging/views/{view_id}"
    async with asyncio.timeout(30):
        while not until(view := await api.get(path)):
            await asyncio.sleep(0.05)
    return dict(view)


async def test_a_mention_is_answered_in_general(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()

    @bot.bolt.event("app_mention")
    def answer(event: Json, say: Callable[..., Any]) -> None:
        bot.note(event)
        say(f"Hello, <@{event['user']}>.")

    async with bot.connected():
        await talk.post(general, ines, "Are you there, @helper?")
        texts = await texts_when(talk, general, 2)

    assert texts == [f"Are you there, <@{bot.user_id}>?", f"Hello, <@{ines['slack_id']}>."]
    (event,) = bot.seen
    assert (event["type"], event["user"], event["channel"]) == ("app_mention", ines["slack_id"], general["slack_id"])


async def test_an_app_is_told_what_happens_in_its_channels(talk: Talk, bot: BoltApp, server_api: Api) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    bot.note_events("message", "reaction_added", "pin_added", "channel_created", "channel_rename", "team_join")

    async with bot.connected():
        message = await talk.post(general, ines, "Ready?")
        await bot.wait_for(1)
        await server_api.done("PATCH", path_of(general, message), json=acting(ines, text="Ready now?"))
        await server_api.done("PUT", f"{path_of(general, message)}/reactions/tada", json=acting(ines))
        await server_api.done("PUT", f"{path_of(general, message)}/pin", json=acting(ines))
        await bot.wait_for(4)
        await server_api.request("DELETE", path_of(general, message), json=acting(ines))
        other = await talk.channel("elsewhere", ines)
        await talk.post(other, ines, "The bot isn't here.")
        await server_api.done("PATCH", path_of(other), json=acting(ines, name="anywhere"))
        seen = await bot.wait_for(7)

    first, *rest = seen
    assert (first["text"], first["ts"], first["channel_type"]) == ("Ready?", message["ts"], "channel")
    told = {(each["type"], each.get("subtype")): each for each in rest}
    assert set(told) == {
        ("message", "message_changed"),
        ("message", "message_deleted"),
        ("reaction_added", None),
        ("pin_added", None),
        ("channel_created", None),
        ("channel_rename", None),
    }
    changed = told["message", "message_changed"]
    assert (changed["previous_message"]["text"], changed["message"]["text"]) == ("Ready?", "Ready now?")
    assert told["message", "message_deleted"]["deleted_ts"] == message["ts"]
    assert told["reaction_added", None]["item"]["ts"] == message["ts"]
    assert told["channel_rename", None]["channel"]["name"] == "anywhere"


async def test_a_command_is_answered_at_once_and_at_its_response_url(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()

    @bot.bolt.command("/echo")
    def echo(ack: Callable[..., Any], command: Json, respond: Callable[..., Any]) -> None:
        ack(response_type="in_channel", text=command["text"])
        respond(response_type="in_channel", text=f"{command['user_name']} in {command['channel_name']}")

    async with bot.connected():
        await talk.api.done("POST", f"{path_of(general)}/commands", json=acting(ines, command="/echo", text="Hello"))
        texts = await texts_when(talk, general, 2)

    assert sorted(texts) == ["Hello", "ines in general"]


async def test_a_modal_is_opened_refused_and_submitted(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()

    @bot.bolt.command("/deploy")
    def deploy(ack: Callable[..., Any], body: Json, client: Any) -> None:
        ack()
        bot.note(client.views_open(trigger_id=body["trigger_id"], view=MODAL)["view"])

    @bot.bolt.view("deploy")
    def submit(ack: Callable[..., Any], view: Json) -> None:
        entered = view["state"]["values"]["version"]["entered"]["value"]
        if entered == "12":
            ack()
        else:
            ack(response_action="errors", errors={"version": "There is no such version."})

    async with bot.connected():
        await talk.api.done("POST", f"{path_of(general)}/commands", json=acting(ines, command="/deploy"))
        (opened,) = await bot.wait_for(1)
        (listed,) = (await talk.api.get(f"/messaging/views?member_id={ines['member_id']}"))["items"]
        view_id = listed["view_id"]
        path = f"/messaging/views/{view_id}/submit"
        values = {"version": {"entered": {"type": "plain_text_input", "value": "13"}}}
        await talk.api.done("POST", path, json=acting(ines, values=values))
        refused = await view_when(talk.api, view_id, lambda view: view["errors"] is not None)
        values["version"]["entered"]["value"] = "12"
        await talk.api.done("POST", path, json=acting(ines, values=values))
        await view_when(talk.api, view_id, lambda view: view["is_closed"])

    assert listed["slack_id"] == opened["id"]
    assert refused["errors"] == {"version": "There is no such version."}
    assert refused["content"]["title"]["text"] == "Deploy"


async def test_a_home_tab_is_published_when_it_is_opened(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")

    @bot.bolt.event("app_home_opened")
    def publish(event: Json, client: Any) -> None:
        blocks = [{"type": "section", "text": {"type": "mrkdwn", "text": "Welcome."}}]
        bot.note(client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks}).data)

    path = f"/messaging/apps/{bot.app_id}/home"
    async with bot.connected():
        before = await talk.api.done("POST", path, json=acting(ines))
        (published,) = await bot.wait_for(1)
        after = await talk.api.done("POST", path, json=acting(ines))

    assert before["view"] is None
    assert published["view"]["type"] == "home"
    assert after["view"]["content"]["blocks"][0]["text"]["text"] == "Welcome."


async def test_a_click_reaches_the_app_that_has_posted_the_message(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    button = {"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "OK"}, "value": "12"}

    @bot.bolt.action("approve")
    def approve(ack: Callable[..., Any], action: Json, respond: Callable[..., Any]) -> None:
        ack()
        respond(replace_original=True, text=f"Approved: {action['value']}")

    async with bot.connected():
        blocks = [{"type": "actions", "block_id": "buttons", "elements": [button]}]
        await asyncio.to_thread(bot.client.chat_postMessage, channel="general", text="Deploy?", blocks=blocks)
        (message,) = (await talk.api.get(f"{path_of(general)}/messages"))["items"]
        action = {"action_id": "approve", "block_id": "buttons"}
        await talk.api.done("POST", f"{path_of(general, message)}/actions", json=acting(ines, action=action))
        async with asyncio.timeout(30):
            while (await talk.texts(general)) != ["Approved: 12"]:
                await asyncio.sleep(0.05)


async def test_what_happens_without_a_connection_is_told_later(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()

    async with bot.connected(), asyncio.timeout(30):
        # The client is connected a moment before the server has recorded it.
        while (await talk.api.get(f"/messaging/apps/{bot.app_id}"))["connections"] == 0:
            await asyncio.sleep(0.05)
    await talk.post(general, ines, "Are you there, @helper?")
    listed = await talk.api.get(f"/messaging/apps/{bot.app_id}/events?state=queued")
    again = await asyncio.to_thread(BoltApp, bot.created, bot.server_url, asyncio.get_running_loop())
    again.note_events("app_mention")
    async with again.connected():
        (event,) = await again.wait_for(1)

    assert {"app_mention", "message"} == {each["type"] for each in listed["items"]}
    assert event["text"] == f"Are you there, <@{bot.user_id}>?"


async def test_an_app_is_told_only_what_its_scopes_allow(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    scopes = ["chat:write", "reactions:read"]
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "limited", "scopes": scopes})
    bot = WebClient(app["bot_token"], base_url=f"{server_url}/slack/api/")
    async with PlainSocket(server_url, app["app_token"]) as socket:
        message = await talk.post(general, ines, "Secret, @limited.")
        await talk.api.done("PUT", f"{path_of(general, message)}/reactions/tada", json=acting(ines))
        event = (await socket.receive_event())["payload"]["event"]
    answer = await refused(bot.rtm_connect)

    assert event["type"] == "reaction_added"
    assert answer["error"] == "not_allowed_token_type"


async def test_a_message_with_a_file_is_told_with_it(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    created = await talk.api.done("POST", f"/messaging/members/{ines['member_id']}/tokens", json={})
    person = WebClient(created["token"], base_url=f"{server_url}/slack/api/")
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "reader"})
    async with PlainSocket(server_url, app["app_token"]) as socket:
        sent = await call(
            person.files_upload_v2,
            channel=general["slack_id"],
            content="Hello",
            filename="a.txt",
            initial_comment="Look",
        )
        told: dict[str, Json] = {}
        while {"message", "file_shared"} - told.keys():
            envelope = await socket.receive_event()
            await socket.acknowledge(envelope)
            event = envelope["payload"]["event"]
            told[event["type"]] = event
        file_id = sent["files"][0]["id"]
        (message,) = (await talk.api.get(f"{path_of(general)}/messages"))["items"]
        await talk.api.request("DELETE", path_of(general, message), json=acting(ines))
        while (deletion := (await socket.receive_event())["payload"]["event"]).get("subtype") != "message_deleted":
            pass

    assert told["file_shared"]["file_id"] == file_id
    assert (told["message"]["subtype"], told["message"]["text"]) == ("file_share", "Look")
    (file,) = told["message"]["files"]
    assert (file["id"], file["url_private"]) == (file_id, sent["files"][0]["url_private"])
    before = deletion["previous_message"]
    assert (before["user"], before["text"]) == (ines["slack_id"], "")


async def test_a_view_is_checked_as_messages_are(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    label = {"type": "plain_text", "text": "x" * 151}
    cases = [
        ([{"type": "header", "text": label}], "/view/blocks/0/text/text", "must be less than 151 characters"),
        ([{"type": "video"}], "/view/blocks/0/type", "unsupported type: video"),
        ([{"type": "divider"}] * 101, "/view/blocks", "no more than 100 items allowed"),
    ]

    for blocks, pointer, reason in cases:
        answer = await refused(
            bot.client.views_publish, user_id=ines["slack_id"], view={"type": "home", "blocks": blocks}
        )
        assert answer["error"] == "invalid_arguments"
        assert answer["response_metadata"]["messages"] == [f"[ERROR] {reason} [json-pointer:{pointer}]"]
    dividers = {"type": "home", "blocks": [{"type": "divider"}] * 100}
    published = await call(bot.client.views_publish, user_id=ines["slack_id"], view=dividers)
    assert len({each["block_id"] for each in published["view"]["blocks"]}) == 100


async def test_a_shared_file_is_told_with_its_id(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    secret = await talk.channel("secret", ines, is_private=True)
    files = [await upload(talk.api, ines, name=name) for name in ("plan.txt", "draft.txt", "notes.txt")]
    bot.note_events("file_shared")

    async with bot.connected():
        await talk.post(secret, ines, "", file_ids=[files[2]["file_id"]])
        await talk.post(general, ines, "", file_ids=[each["file_id"] for each in files[:2]])
        seen = await bot.wait_for(2)
        infos = [await call(bot.client.files_info, file=each["file_id"]) for each in seen]

    assert sorted(each["file"]["name"] for each in infos) == ["draft.txt", "plan.txt"]
    assert {(each["channel_id"], each["user_id"]) for each in seen} == {(general["slack_id"], ines["slack_id"])}
    assert [each["file"]["id"] for each in seen] == [each["file_id"] for each in seen]


async def test_an_async_app_answers_a_command_and_a_mention(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    app = AsyncApp(client=AsyncWebClient(bot.created["bot_token"], base_url=f"{bot.server_url}/slack/api/"))

    @app.command("/echo")
    async def echo(ack: Callable[..., Any], command: Json) -> None:
        await ack(response_type="in_channel", text=command["text"])

    @app.event("app_mention")
    async def answer(event: Json, say: Callable[..., Any]) -> None:
        await say(f"Hello, <@{event['user']}>.")

    handler = AsyncSocketModeHandler(app, bot.created["app_token"])
    await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt lacks it.
    try:
        await talk.api.done("POST", f"{path_of(general)}/commands", json=acting(ines, command="/echo", text="Echo"))
        await texts_when(talk, general, 1)
        await talk.post(general, ines, "Are you there, @helper?")
        texts = await texts_when(talk, general, 3)
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # slack_bolt lacks it.

    assert texts == ["Echo", f"Are you there, <@{bot.user_id}>?", f"Hello, <@{ines['slack_id']}>."]

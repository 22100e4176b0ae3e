"""Slack's framework for apps, unmodified, as an HTTP server: it verifies the signature of each request."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from slack_sdk.signature import SignatureVerifier

from bolt_apps import BoltApp, create_bolt_app, texts_when
from http_api import Api, Json
from in_process import running_worker
from installations import clean_environment
from messaging_api import Talk, acting, path_of
from receivers import Answer, Receiver

MODAL: Json = {
    "type": "modal",
    "callback_id": "text",
    "title": {"type": "plain_text", "text": "Text"},
    "submit": {"type": "plain_text", "text": "Save"},
    "blocks": [
        {
            "type": "input",
            "block_id": "text",
            "label": {"type": "plain_text", "text": "Text"},
            "element": {"type": "plain_text_input", "action_id": "entered"},
        }
    ],
}


@pytest.fixture
def talk(server_api: Api) -> Talk:
    """An organisation's messaging."""
    return Talk(server_api)


@pytest.fixture
async def sender(server_database_url: str) -> AsyncIterator[None]:
    """A worker of the server's database, in a task of its own."""
    is_running, is_over = asyncio.Event(), asyncio.Event()

    async def run() -> None:
        async with running_worker(server_database_url, clean_environment({})):
            is_running.set()
            await is_over.wait()

    running = asyncio.create_task(run())
    await is_running.wait()
    yield
    is_over.set()
    await running


@pytest.fixture
async def bot(server_api: Api, server_url: str) -> BoltApp:
    """An app with a slash command."""
    return await create_bolt_app(server_api, server_url, commands=["/echo"])


async def app_when(api: Api, app_id: str, state: str) -> Json:
    """Return an app as soon as its request URL is in a state."""
    async with asyncio.timeout(30):
        while (app := await api.get(f"/messaging/apps/{app_id}"))["request_url_state"] != state:
            await asyncio.sleep(0.05)
    return dict(app)


async def set_url(api: Api, app_id: str, url: str) -> None:
    """Set the request URL of an app, and wait until it is verified."""
    changed = await api.done("PATCH", f"/messaging/apps/{app_id}", json={"request_url": url})
    assert changed["request_url_state"] == "verifying"
    await app_when(api, app_id, "verified")


@pytest.mark.usefixtures("sender")
async def test_bolt_answers_mentions_and_commands_over_http(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()

    @bot.bolt.event("app_mention")
    def answer(event: Json, say: Callable[..., Any]) -> None:
        say(f"Hello, <@{event['user']}>.")

    @bot.bolt.command("/echo")
    def echo(ack: Callable[..., Any], command: Json, respond: Callable[..., Any]) -> None:
        ack(response_type="in_channel", text=command["text"])
        respond(response_type="in_channel", text="Done.")

    with bot.serving() as url:
        await set_url(talk.api, bot.app_id, url)
        await talk.post(general, ines, "Are you there, @helper?")
        await texts_when(talk, general, 2)
        await talk.api.done("POST", f"{path_of(general)}/commands", json=acting(ines, command="/echo", text="Echo"))
        texts = await texts_when(talk, general, 4)

    assert texts[1] == f"Hello, <@{ines['slack_id']}>."
    assert sorted(texts[2:]) == ["Done.", "Echo"]


@pytest.mark.usefixtures("sender")
async def test_bolt_shows_a_home_tab_and_a_modal_and_answers_a_click_over_http(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()

    @bot.bolt.event("app_home_opened")
    def publish(event: Json, client: Any) -> None:
        view = {"type": "home", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "Welcome"}}]}
        bot.note(client.views_publish(user_id=event["user"], view=view).data)

    @bot.bolt.action("edit")
    def edit(ack: Callable[..., Any], body: Json, client: Any, respond: Callable[..., Any]) -> None:
        ack()
        bot.note(client.views_open(trigger_id=body["trigger_id"], view=MODAL).data)
        respond(replace_original=True, text="It is being edited.")

    @bot.bolt.view("text")
    def submit(ack: Callable[..., Any], view: Json) -> None:
        value = view["state"]["values"]["text"]["entered"]["value"]
        if not value:
            ack(response_action="errors", errors={"text": "Write something."})
        else:
            ack()

    with bot.serving() as url:
        await set_url(talk.api, bot.app_id, url)
        await talk.api.done("POST", f"/messaging/apps/{bot.app_id}/home", json=acting(ines))
        (home,) = await bot.wait_for(1)
        button = {"type": "button", "action_id": "edit", "text": {"type": "plain_text", "text": "Edit"}}
        blocks = [{"type": "actions", "block_id": "buttons", "elements": [button]}]
        await asyncio.to_thread(bot.client.chat_postMessage, channel="general", text="Draft", blocks=blocks)
        (message,) = (await talk.api.get(f"{path_of(general)}/messages"))["items"]
        action = {"action_id": "edit", "block_id": "buttons"}
        await talk.api.done("POST", f"{path_of(general, message)}/actions", json=acting(ines, action=action))
        await bot.wait_for(2)
        (modal,) = (await talk.api.get(f"/messaging/views?member_id={ines['member_id']}"))["items"]
        empty = await submitted(talk, ines, modal, "")
        full = await submitted(talk, ines, modal, "Hello")
        async with asyncio.timeout(30):
            while await talk.texts(general) != ["It is being edited."]:
                await asyncio.sleep(0.05)

    assert home["view"]["blocks"][0]["text"]["text"] == "Welcome"
    assert (empty["errors"], empty["is_closed"]) == ({"text": "Write something."}, False)
    assert full["is_closed"]


async def submitted(talk: Talk, member: Json, modal: Json, value: str) -> Json:
    """Submit a modal, and return it as soon as the app has answered."""
    path = f"/messaging/views/{modal['view_id']}"
    values = {"text": {"entered": {"type": "plain_text_input", "value": value}}}
    await talk.api.done("POST", f"{path}/submit", json=acting(member, values=values))
    async with asyncio.timeout(30):
        while not ((view := await talk.api.get(path))["is_closed"] or view["errors"]):
            await asyncio.sleep(0.05)
    return dict(view)


@pytest.mark.usefixtures("sender")
async def test_an_event_is_sent_again_with_slacks_headers(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    async with Receiver() as receiver:
        url = f"http://127.0.0.1:{receiver.port}/slack/events"
        await talk.api.done("PATCH", f"/messaging/apps/{bot.app_id}", json={"request_url": url})
        failed = await app_when(talk.api, bot.app_id, "failed")
        assert failed["request_url_error"] == "wrong_challenge"
    with bot.serving() as url:
        await set_url(talk.api, bot.app_id, url)
    async with Receiver(port=int(url.split(":")[2].split("/")[0])) as receiver:
        receiver.answers.extend([Answer(500), Answer(200)])
        events = {"event_types": ["app_mention"]}
        await talk.api.done("PATCH", f"/messaging/apps/{bot.app_id}", json=events)
        secret = (await talk.api.done("POST", f"/messaging/apps/{bot.app_id}/signing-secret"))["signing_secret"]
        await talk.post(general, ines, "Are you there, @helper?")
        first, second = await receiver.received(2)
        async with asyncio.timeout(30):
            while (await states(talk.api, bot))["app_mention"] != "delivered":
                await asyncio.sleep(0.05)

    assert first.body == second.body
    assert "x-slack-retry-num" not in first.headers
    assert (second.headers["x-slack-retry-num"], second.headers["x-slack-retry-reason"]) == ("1", "http_error")
    for request in (first, second):
        assert SignatureVerifier(secret).is_valid_request(request.body, dict(request.headers))


@pytest.mark.usefixtures("sender")
async def test_an_app_that_is_too_slow_is_told_so(talk: Talk, bot: BoltApp) -> None:
    ines = await talk.member("ines")
    general = await talk.general()
    with bot.serving() as url:
        await set_url(talk.api, bot.app_id, url)
    is_over = asyncio.Event()
    async with Receiver(port=int(url.split(":")[2].split("/")[0])) as receiver:
        receiver.answers.append(Answer(until=is_over))
        await talk.api.done("PATCH", f"/messaging/apps/{bot.app_id}", json={"event_types": ["app_mention"]})
        await talk.post(general, ines, "Are you there, @helper?")
        _, second = await receiver.received(2)
        is_over.set()

    assert second.headers["x-slack-retry-reason"] == "http_timeout"


async def states(api: Api, bot: BoltApp) -> dict[str, str]:
    """Return the latest state of each type of what an app is told."""
    listed = await api.get(f"/messaging/apps/{bot.app_id}/events")
    return {each["type"]: each["state"] for each in listed["items"]}


async def test_a_request_url_in_the_operators_network_is_refused(talk: Talk, bot: BoltApp) -> None:
    for url in ("http://169.254.169.254/latest", "http://10.0.0.1/slack", "ftp://example.com"):
        await talk.api.refused(422, "PATCH", f"/messaging/apps/{bot.app_id}", json={"request_url": url})

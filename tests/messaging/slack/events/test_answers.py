"""Incoming webhooks and response URLs, with Slack's own client; and that no secret works for another organisation."""

import asyncio
from typing import Any

import httpx
import pytest
from slack_sdk.webhook import WebhookClient

from http_api import Api, Json
from messaging_api import Talk, acting, path_of
from slack_sockets import PlainSocket

HOME: Json = {"type": "home", "blocks": [{"type": "divider"}]}
MODAL: Json = {"type": "modal", "title": {"type": "plain_text", "text": "Hello"}, "blocks": [{"type": "divider"}]}


@pytest.fixture
def talk(server_api: Api) -> Talk:
    """An organisation's messaging."""
    return Talk(server_api)


async def post(url: str, **fields: Any) -> tuple[int, str]:
    """Post at an address by Slack's client; return the status and the body."""
    answer = await asyncio.to_thread(WebhookClient(url).send, **fields)
    return answer.status_code, answer.body


async def test_whoever_has_the_address_of_a_webhook_posts_in_its_channel(talk: Talk) -> None:
    ines = await talk.member("ines")
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "alerts"})
    secret = await talk.channel("incidents", ines, is_private=True)
    path = f"/messaging/apps/{app['app_id']}/webhooks"
    webhook = await talk.api.done("POST", path, json={"channel_id": secret["channel_id"]})

    assert await post(webhook["url"], text="The disk is full.") == (200, "ok")
    assert await post(webhook["url"], text="") == (400, "no_text")
    assert await post(f"{webhook['url']}x", text="Hello") == (404, "no_service")
    (listed,) = (await talk.api.get(path))["items"]
    assert "url" not in listed
    await talk.api.request("DELETE", f"{path}/{listed['webhook_id']}")
    assert await post(webhook["url"], text="Hello") == (404, "no_service")

    (message,) = (await talk.api.get(f"{path_of(secret)}/messages"))["items"]
    assert (message["text"], message["member_id"]) == ("The disk is full.", app["bot"]["member_id"])


async def test_a_webhook_shows_attachments_and_replies_in_threads(talk: Talk) -> None:
    ines = await talk.member("ines")
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "alerts"})
    general = await talk.general()
    parent = await talk.post(general, ines, "Is it on fire?")
    path = f"/messaging/apps/{app['app_id']}/webhooks"
    url = (await talk.api.done("POST", path, json={"channel_id": general["channel_id"]}))["url"]

    attachment = {"color": "danger", "title": "Disk", "text": "It is full.", "fallback": "Disk: full"}
    async with httpx.AsyncClient(trust_env=False) as http:
        for fields in ({"attachments": [attachment]}, {"text": "It is.", "thread_ts": parent["ts"]}):
            response = await http.post(url, json=fields)
            assert (response.status_code, response.text) == (200, "ok")

    _, shown = (await talk.api.get(f"{path_of(general)}/messages"))["items"]
    assert shown["text"] == "Disk: full"
    assert "It is full." in str(shown["blocks"])
    (reply,) = (await talk.api.get(f"{path_of(general, parent)}/replies"))["items"]
    assert reply["text"] == "It is."


async def test_a_webhook_says_what_is_wrong(talk: Talk) -> None:
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "alerts"})
    general = await talk.general()
    path = f"/messaging/apps/{app['app_id']}/webhooks"
    url = (await talk.api.done("POST", path, json={"channel_id": general["channel_id"]}))["url"]

    async with httpx.AsyncClient(trust_env=False) as http:
        for fields, word in [
            ({"text": 1}, "invalid_payload"),
            ({"text": "a\0b"}, "invalid_payload"),
            ({"text": "x" * 40_001}, "msg_too_long"),
            ({"text": "x", "blocks": [{"type": "section"}]}, "invalid_blocks"),
            ({"attachments": [{"actions": [{}]}]}, "invalid_attachments"),
            ({"text": "x", "thread_ts": "1.1"}, "invalid_thread_ts"),
            ({"text": "x", "thread_ts": "now"}, "invalid_thread_ts"),
            ({"attachments": []}, "no_text"),
        ]:
            response = await http.post(url, json=fields)
            assert (response.status_code, response.text) == (400, word), fields
    assert await talk.texts(general) == []


async def test_a_response_url_can_be_used_five_times(talk: Talk, server_url: str) -> None:
    ines = await talk.member("ines")
    app = await talk.api.done("POST", "/messaging/apps", json={"name": "helper", "commands": ["/go"]})
    general = await talk.general()
    async with PlainSocket(server_url, app["app_token"]) as socket:
        await talk.api.done("POST", f"{path_of(general)}/commands", json=acting(ines, command="/go", text="now"))
        while (envelope := await socket.receive())["type"] != "slash_commands":
            pass
        await socket.acknowledge(envelope)
    command = envelope["payload"]
    assert (command["command"], command["text"], command["user_name"]) == ("/go", "now", "ines")

    refused = [await post(command["response_url"], blocks=[{"type": "section"}]) for _ in range(6)]
    assert [(status, "invalid_blocks" in body) for status, body in refused] == [(400, True)] * 6
    answers = [await post(command["response_url"], response_type="in_channel", text=str(n)) for n in range(6)]

    assert [status for status, _ in answers] == [200] * 5 + [404]
    assert "used_url" in answers[-1][1]
    assert await talk.texts(general) == ["0", "1", "2", "3", "4"]


async def test_a_command_needs_an_app_that_is_there(talk: Talk) -> None:
    ines = await talk.member("ines")
    await talk.api.done("POST", "/messaging/apps", json={"name": "helper", "commands": ["/go"]})
    general = await talk.general()
    path = f"{path_of(general)}/commands"

    gone = await talk.api.refused(409, "POST", path, json=acting(ines, command="/go"))
    unknown = await talk.api.refused(404, "POST", path, json=acting(ines, command="/stop"))
    taken = await talk.api.refused(409, "POST", "/messaging/apps", json={"name": "two", "commands": ["/go"]})

    assert (gone["code"], unknown["code"], taken["code"]) == (
        "app_not_reachable",
        "command_not_found",
        "command_taken",
    )


async def test_what_is_another_organisations_is_refused_in_slacks_words(
    api: Api, other_api: Api, http: httpx.AsyncClient
) -> None:
    own, foreign = Talk(api), Talk(other_api)
    app = await api.done("POST", "/messaging/apps", json={"name": "helper"})
    stranger = await foreign.member("ines")
    there = await other_api.done("POST", "/messaging/apps", json={"name": "helper", "commands": ["/go"]})
    view = await call(http, "views.publish", there["bot_token"], user_id=stranger["slack_id"], view=HOME)
    ines = await own.member("ines")
    assert view["ok"], view

    for method, arguments, word in [
        ("views.open", {"trigger_id": "x", "view": MODAL}, "invalid_trigger_id"),
        ("views.push", {"trigger_id": "x", "view": MODAL}, "invalid_trigger_id"),
        ("views.update", {"view_id": view["view"]["id"], "view": HOME}, "not_found"),
        ("views.publish", {"user_id": stranger["slack_id"], "view": HOME}, "user_not_found"),
        ("views.publish", {"user_id": ines["slack_id"], "view": MODAL}, "invalid_arguments"),
    ]:
        answer = await call(http, method, app["bot_token"], **arguments)
        assert (answer["ok"], answer["error"]) == (False, word), method
    for method in ("views.open", "rtm.connect"):
        assert (await call(http, method, app["app_token"], trigger_id="x", view=MODAL))["ok"] is False
    general = await own.general()
    command = await api.refused(404, "POST", f"{path_of(general)}/commands", json=acting(ines, command="/go"))
    assert command["code"] == "command_not_found"


async def test_a_view_is_only_updated_by_who_has_seen_its_last_version(api: Api, http: httpx.AsyncClient) -> None:
    app = await api.done("POST", "/messaging/apps", json={"name": "helper"})
    ines = await Talk(api).member("ines")
    arguments = {"user_id": ines["slack_id"], "view": HOME}
    first = await call(http, "views.publish", app["bot_token"], **arguments)
    second = await call(http, "views.publish", app["bot_token"], **arguments, hash=first["view"]["hash"])
    late = await call(http, "views.publish", app["bot_token"], **arguments, hash=first["view"]["hash"])

    assert (first["ok"], second["ok"]) == (True, True)
    assert second["view"]["id"] == first["view"]["id"]
    assert (late["ok"], late["error"]) == (False, "hash_conflict")


async def call(http: httpx.AsyncClient, method: str, token: str, **arguments: Any) -> Json:
    """Call a method with JSON; return its answer."""
    response = await http.post(f"/slack/api/{method}", json=arguments, headers={"Authorization": f"Bearer {token}"})
    assert response.status_code == 200
    answer: Json = response.json()
    return answer

"""The sample data of messaging: members in channels, and messages for each operation that ends or needs one."""

import asyncio
from collections.abc import Mapping
from urllib.parse import parse_qs

from http_api import Api, Json
from installations import READY_WITHIN_S
from receivers import Answer, ReceivedRequest, Receiver
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-reads-this"
BUTTONS = {
    "type": "actions",
    "block_id": "buttons",
    "elements": [{"type": "button", "action_id": "approve", "text": {"type": "plain_text", "text": "Approve"}}],
}
PLAIN = {"Content-Type": "text/plain"}

_ON_MESSAGES = (
    "get_channel_message",
    "list_readers",
    "list_replies",
    "edit_channel_message",
    "add_reaction",
    "pin_channel_message",
    "unpin_channel_message",
)
_ON_OWN_CHANNELS = (
    "leave_channel",
    "kick_member",
    "archive_channel",
    "unarchive_channel",
    "update_channel",
    "update_membership",
)


async def make_sample_data(context: SampleContext) -> SampleData:
    """Have two members talk in a channel, and make a channel for each operation that ends its use."""
    api = context.api
    member_id = (await api.done("POST", "/messaging/members", json={"name": "nadia"}))["member_id"]
    other_id = (await api.done("POST", "/messaging/members", json={"name": "tomas"}))["member_id"]
    app = await api.done("POST", "/messaging/apps", json={"name": "deploy"})
    await api.done("POST", "/messaging/apps", json={"name": "watch"})
    channel = await new_channel(api, member_id, "plans")
    message = await post(api, channel, member_id, SECRET_TEXT)
    webhook = await api.done(
        "POST", f"/messaging/apps/{app['app_id']}/webhooks", json={"channel_id": channel["channel_id"]}
    )
    channels = (await api.get("/messaging/channels"))["items"]
    (general,) = [{"channel_id": each["channel_id"]} for each in channels if each["is_general"]]
    asked = await ask_an_app(context, member_id, channel)
    file = await upload(api, member_id, "plan.txt")
    await post(api, channel, member_id, "The plan", file_ids=[file["file_id"]])
    await upload(api, member_id, "chart.txt")
    token = await api.done("POST", f"/messaging/members/{member_id}/tokens", json={"name": SECRET_TEXT})
    app_tokens = (await api.get(f"/messaging/apps/{app['app_id']}/tokens"))["items"]
    return SampleData(
        ids={
            "member_id": member_id,
            "channel_id": channel["channel_id"],
            "app_id": app["app_id"],
            "token_id": token["token_id"],
            "webhook_id": webhook["webhook_id"],
            "file_id": file["file_id"],
            # It isn't in a path, but in a body.
            "kicked_member_id": other_id,
        },
        ids_of={
            **{name: {**message, "emoji": "tada"} for name in _ON_MESSAGES},
            # Only members of a channel can, and everybody is in this one.
            "remove_reaction": {**await post(api, general, member_id, "Hello"), "emoji": "tada"},
            "revoke_messaging_app_token": {"token_id": app_tokens[0]["token_id"]},
            "delete_file": await upload(api, member_id, "old.txt"),
            "delete_channel_message": await post(api, channel, member_id, "Delete me"),
            **asked,
            **{name: await new_channel(api, member_id, name) for name in _ON_OWN_CHANNELS},
        },
        secret_text=SECRET_TEXT,
        destroying=[
            "delete_file",
            "delete_channel_message",
            "revoke_messaging_app_token",
            "revoke_messaging_token",
            "revoke_incoming_webhook",
        ],
        not_for_keys=[
            "get_own_messaging_member",
            "list_unread",
            "remove_reaction",
            "upload_file",
            "list_messaging_views",
        ],
        needs_own=["create_channel", "open_conversation", "update_own_messaging_member"],
    )


class _EchoingApp(Receiver):
    """An app that has a request URL, and answers the challenge."""

    async def answer(self, request: ReceivedRequest) -> Answer:
        """Store a request, and answer with what was sent, if it is JSON."""
        await super().answer(request)
        is_json = request.headers["content-type"] == "application/json"
        return Answer(body=request.body, headers={"content-type": "application/json"}) if is_json else Answer(body=b"")


async def ask_an_app(
    context: SampleContext, member_id: str, channel: Mapping[str, str]
) -> dict[str, Mapping[str, str]]:
    """Make an app that can be asked, which shows a modal and its home tab to a member; return ids, by operation."""
    api = context.api
    async with _EchoingApp() as receiver, context.start_worker():
        body = {"name": "asked", "commands": ["/standup"], "request_url": f"http://127.0.0.1:{receiver.port}/"}
        app = await api.done("POST", "/messaging/apps", json=body)
        async with asyncio.timeout(READY_WITHIN_S):
            while (await api.get(f"/messaging/apps/{app['app_id']}"))["request_url_state"] != "verified":
                await asyncio.sleep(0.05)
        command = {"command": "/standup", "member_id": member_id}
        await api.done("POST", f"/messaging/channels/{channel['channel_id']}/commands", json=command)
        await receiver.wait_until(lambda: any(b"trigger_id=" in each.body for each in receiver.requests))
        (sent,) = [each for each in receiver.requests if b"trigger_id=" in each.body]
    (trigger_id,) = parse_qs(sent.body.decode())["trigger_id"]
    await show_view(api, app, "views.open", kind="modal", trigger_id=trigger_id)
    (modal,) = (await api.get(f"/messaging/views?member_id={member_id}"))["items"]
    member = await api.get(f"/messaging/members/{member_id}")
    await show_view(api, app, "views.publish", kind="home", user_id=member["slack_id"])
    opened = await api.done("POST", f"/messaging/apps/{app['app_id']}/home", json={"member_id": member_id})
    home = {"view_id": opened["view"]["view_id"]}
    bot_id = app["bot"]["member_id"]
    invited = {"member_id": member_id, "member_ids": [bot_id]}
    await api.done("POST", f"/messaging/channels/{channel['channel_id']}/invite", json=invited)
    message = await post(api, channel, bot_id, "Ready?", blocks=[BUTTONS])
    return {
        "submit_messaging_view": {"view_id": modal["view_id"]},
        **dict.fromkeys(("get_messaging_view", "send_view_action", "close_messaging_view"), home),
        "send_message_action": message,
    }


async def show_view(api: Api, app: Json, method: str, *, kind: str, **arguments: str) -> None:
    """Let an app show a view."""
    title = {"type": "plain_text", "text": "Standup"}
    view = {"type": kind, "title": title, "private_metadata": SECRET_TEXT, "blocks": [BUTTONS]}
    answer = await api.http.post(
        f"/slack/api/{method}",
        json={**arguments, "view": view},
        headers={"Authorization": f"Bearer {app['bot_token']}"},
    )
    assert answer.json()["ok"], answer.text


async def new_channel(api: Api, member_id: str, name: str) -> Mapping[str, str]:
    """Create a channel; return the ids of it."""
    channel = await api.done("POST", "/messaging/channels", json={"name": f"for_{name}", "member_id": member_id})
    return {"channel_id": channel["channel_id"]}


async def upload(api: Api, member_id: str, name: str) -> Mapping[str, str]:
    """Upload a file; return the ids of it."""
    path = f"/messaging/files?name={name}&member_id={member_id}"
    return {"file_id": (await api.done("POST", path, content=SECRET_TEXT.encode(), headers=PLAIN))["file_id"]}


async def post(api: Api, channel: Mapping[str, str], member_id: str, text: str, **fields: object) -> Mapping[str, str]:
    """Post a message; return the ids of it."""
    path = f"/messaging/channels/{channel['channel_id']}/messages"
    posted = await api.done("POST", path, json={"text": text, "member_id": member_id, **fields})
    return {**channel, "sequence": str(posted["sequence"])}

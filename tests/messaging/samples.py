"""The sample data of messaging: members in channels, and messages for each operation that ends or needs one."""

from collections.abc import Mapping

from http_api import Api
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-reads-this"
PLAIN = {"Content-Type": "text/plain"}

_ON_MESSAGES = (
    "get_channel_message",
    "list_readers",
    "list_replies",
    "edit_channel_message",
    "add_reaction",
    "remove_reaction",
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
    file = await upload(api, member_id, "plan.txt")
    await post(api, channel, member_id, "The plan", file_ids=[file["file_id"]])
    await upload(api, member_id, "chart.txt")
    token = await api.done("POST", f"/messaging/members/{member_id}/tokens", json={"name": SECRET_TEXT})
    return SampleData(
        ids={
            "member_id": member_id,
            "channel_id": channel["channel_id"],
            "app_id": app["app_id"],
            "token_id": token["token_id"],
            "file_id": file["file_id"],
            # It isn't in a path, but in a body.
            "kicked_member_id": other_id,
        },
        ids_of={
            **{name: {**message, "emoji": "tada"} for name in _ON_MESSAGES},
            "delete_file": await upload(api, member_id, "old.txt"),
            "delete_channel_message": await post(api, channel, member_id, "Delete me"),
            **{name: await new_channel(api, member_id, name) for name in _ON_OWN_CHANNELS},
        },
        secret_text=SECRET_TEXT,
        destroying=["delete_file", "delete_channel_message", "revoke_messaging_token"],
        not_for_keys=["get_own_messaging_member", "list_unread", "remove_reaction", "upload_file"],
        needs_own=["create_channel", "open_conversation", "update_own_messaging_member"],
    )


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

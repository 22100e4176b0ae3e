"""Files as Slack's API shows them."""

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import quote
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, ChannelKind, File, FileShare, Member
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.channels import can_see, list_channels_by_ids
from ninefold.systems.messaging.service.files.files import list_shares
from ninefold.systems.messaging.service.members import list_members_by_ids

FILES_PATH: Final = "/slack/files"

_LISTS: Final[Mapping[ChannelKind, str]] = {
    "public": "channels",
    "private": "groups",
    "direct": "ims",
    "group": "groups",
}


def show_file(file: File, *, owner: str, base_url: str) -> dict[str, Any]:
    """Return a file; a deleted one has nothing but its id.

    Args:
        file: the file.
        owner: the id of who has uploaded it, `U…`.
        base_url: the address of this server.
    """
    if file.deleted_at is not None:
        return {"id": file.slack_id, "mode": "tombstone"}
    extension = file.name.rpartition(".")[2].lower() if "." in file.name else "binary"
    url = f"{base_url}{FILES_PATH}/{file.slack_id}/{quote(file.name, safe='')}"
    shown: dict[str, Any] = {
        "id": file.slack_id,
        "created": int(file.created_at.timestamp()),
        "timestamp": int(file.created_at.timestamp()),
        "name": file.name,
        "title": file.title,
        "mimetype": file.media_type,
        "filetype": extension,
        "pretty_type": extension.upper(),
        "user": owner,
        "editable": False,
        "size": file.size_bytes,
        "mode": "hosted",
        "is_external": False,
        "external_type": "",
        "url_private": url,
        "url_private_download": url,
    }
    if file.is_image:
        shown |= {"original_w": file.width, "original_h": file.height}
    return shown


async def show_shared_file(connection: Connection, file: File, *, viewer: Member, base_url: str) -> dict[str, Any]:
    """Return a file with the channels in which it is shared, as far as who asks can see them."""
    (owner,) = await list_members_by_ids(connection, organisation_id=file.organisation_id, member_ids=[file.member_id])
    shares = await list_shares(connection, file)
    channels = await _visible(connection, viewer, {share.channel_id for share in shares})
    shown = show_file(file, owner=owner.slack_id, base_url=base_url)
    shown |= {
        name: sorted(channel.slack_id for channel in channels.values() if _LISTS[channel.kind] == name)
        for name in ("channels", "groups", "ims")
    }
    shown["is_public"] = any(channel.kind == "public" for channel in channels.values())
    shown["shares"] = _show_shares(shares, channels, owner=owner.slack_id)
    return shown


async def _visible(connection: Connection, viewer: Member, channel_ids: set[UUID]) -> dict[UUID, Channel]:
    found = await list_channels_by_ids(connection, organisation_id=viewer.organisation_id, channel_ids=channel_ids)
    return {channel.channel_id: channel for channel in found if await can_see(connection, channel, viewer)}


def _show_shares(
    shares: Sequence[FileShare], channels: Mapping[UUID, Channel], *, owner: str
) -> dict[str, dict[str, list[dict[str, Any]]]]:
    shown: dict[str, dict[str, list[dict[str, Any]]]] = {}
    for share in shares:
        channel = channels.get(share.channel_id)
        if channel is not None:
            kind = "public" if channel.kind == "public" else "private"
            one = {"ts": format_ts(share.ts_us), "share_user_id": owner, "channel_name": channel.name or ""}
            shown.setdefault(kind, {}).setdefault(channel.slack_id, []).append(one)
    return shown

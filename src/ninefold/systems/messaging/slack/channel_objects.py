"""Channels as Slack's API shows them."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import msgspec

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, Member, Membership, Workspace
from ninefold.systems.messaging.rules.timestamps import format_ts
from ninefold.systems.messaging.service.channels import count_members_of_all, list_memberships
from ninefold.systems.messaging.service.members import list_members_by_ids
from ninefold.systems.messaging.service.reading import find_ts_at


class ChannelFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What a channel's row doesn't say."""

    people: Mapping[UUID, Member]
    """Those who have created channels, and who are in conversations."""
    memberships: Mapping[UUID, Membership]
    """How the member who asks is in the channels, by channel."""
    counts: Mapping[UUID, int]
    """The number of members, by channel; empty if it isn't shown."""


async def show_channels(
    connection: Connection,
    channels: Sequence[Channel],
    *,
    viewer: Member,
    workspace: Workspace,
    has_counts: bool = False,
) -> list[dict[str, Any]]:
    """Return channels.

    Args:
        connection: any connection.
        channels: which the viewer can see.
        viewer: who asks.
        workspace: where they are.
        has_counts: whether each has its number of members.
    """
    channel_ids = [channel.channel_id for channel in channels]
    people = {channel.creator_id for channel in channels if channel.creator_id is not None}
    people.update(member_id for channel in channels for member_id in member_ids_of(channel))
    found = await list_members_by_ids(connection, organisation_id=viewer.organisation_id, member_ids=people)
    facts = ChannelFacts(
        people={member.member_id: member for member in found},
        memberships=await list_memberships(connection, viewer, channel_ids=channel_ids),
        counts=await count_members_of_all(connection, channel_ids=channel_ids) if has_counts else {},
    )
    return [_show(channel, facts, viewer=viewer, workspace=workspace) for channel in channels]


async def show_channel(
    connection: Connection, channel: Channel, *, viewer: Member, workspace: Workspace, has_count: bool = False
) -> dict[str, Any]:
    """Return a channel, with how far the viewer has read it; for the arguments see `show_channels`."""
    (shown,) = await show_channels(connection, [channel], viewer=viewer, workspace=workspace, has_counts=has_count)
    memberships = await list_memberships(connection, viewer, channel_ids=[channel.channel_id])
    if (membership := memberships.get(channel.channel_id)) is not None:
        ts_us = await find_ts_at(connection, channel, membership.read_sequence)
        shown["last_read"] = format_ts(ts_us) if ts_us else "0000000000.000000"
    return shown


def member_ids_of(channel: Channel) -> list[UUID]:
    """Return who is in a direct or group conversation; nobody for other channels."""
    return [] if channel.direct_key is None else [UUID(text) for text in channel.direct_key.split(",")]


def _show(channel: Channel, facts: ChannelFacts, *, viewer: Member, workspace: Workspace) -> dict[str, Any]:
    shown: dict[str, Any] = {
        "id": channel.slack_id,
        "created": int(channel.created_at.timestamp()),
        "is_archived": channel.archived_at is not None,
        "is_im": channel.kind == "direct",
        "is_org_shared": False,
        "context_team_id": workspace.slack_id,
        "updated": int(channel.created_at.timestamp() * 1_000),
    }
    if channel.kind == "direct":
        return shown | _show_other(channel, facts, viewer)
    creator = facts.people.get(channel.creator_id) if channel.creator_id else None
    shown |= {
        "name": channel.name or _group_name(channel, facts),
        "name_normalized": channel.name or _group_name(channel, facts),
        "is_channel": channel.kind in ("public", "private"),
        "is_group": channel.kind == "private",
        "is_mpim": channel.kind == "group",
        "is_private": channel.kind != "public",
        "is_general": channel.is_general,
        "is_member": channel.channel_id in facts.memberships,
        "is_shared": False,
        "is_ext_shared": False,
        "is_pending_ext_shared": False,
        "pending_shared": [],
        "shared_team_ids": [workspace.slack_id],
        "unlinked": 0,
        "creator": "" if creator is None else creator.slack_id,
        "topic": _show_text(channel.topic),
        "purpose": _show_text(channel.purpose),
        "previous_names": [],
    }
    if channel.channel_id in facts.counts:
        shown["num_members"] = facts.counts[channel.channel_id]
    return shown


def _show_other(channel: Channel, facts: ChannelFacts, viewer: Member) -> dict[str, Any]:
    others = [member_id for member_id in member_ids_of(channel) if member_id != viewer.member_id]
    other = facts.people.get(others[0], viewer) if others else viewer
    return {"user": other.slack_id, "is_user_deleted": other.is_deactivated, "is_open": True, "priority": 0}


def _group_name(channel: Channel, facts: ChannelFacts) -> str:
    names = [facts.people[member_id].name for member_id in member_ids_of(channel) if member_id in facts.people]
    return f"mpdm-{'--'.join(names)}-1"


def _show_text(text: str) -> dict[str, Any]:
    """Return a topic or a purpose; who has set it, and when, is only in the channel's log."""
    return {"value": text, "creator": "", "last_set": 0}

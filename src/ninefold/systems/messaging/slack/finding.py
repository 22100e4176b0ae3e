"""Finds what the arguments of Slack's API name."""

from ninefold.core.postgres.database import Connection
from ninefold.systems.messaging.model import Channel, Member
from ninefold.systems.messaging.rules.timestamps import parse_ts
from ninefold.systems.messaging.service.channels import (
    get_channel_by_name,
    get_channel_by_slack_id,
    require_visible,
)
from ninefold.systems.messaging.service.reading import get_message_by_ts
from ninefold.systems.messaging.service.sending import message_not_found
from ninefold.systems.messaging.service.sent import require_sendable


async def find_channel(connection: Connection, member: Member, channel: str) -> Channel:
    """Return the channel of an id, or of a name with or without `#`.

    Raises:
        ChannelNotFoundError: there is no such channel, or the member can't see it.
    """
    return await require_visible(connection, await _look_up(connection, member, channel), member)


async def find_channel_to_send(
    connection: Connection, member: Member, channel: str, client_msg_id: str | None
) -> Channel:
    """Return the channel of a message: a retry is answered although the member has lost the channel.

    Raises:
        ChannelNotFoundError: there is no such channel, or the member can't see it and has sent no such message.
    """
    found = await _look_up(connection, member, channel)
    return await require_sendable(connection, found, member, client_msg_id)


async def find_sequence(connection: Connection, channel: Channel, ts: str) -> int:
    """Return the sequence of the message of a `ts`.

    Raises:
        MessageNotFoundError: there is no such message.
    """
    ts_us = parse_ts(ts)
    if ts_us is None:
        raise message_not_found()
    return (await get_message_by_ts(connection, channel, ts_us)).sequence


async def _look_up(connection: Connection, member: Member, channel: str) -> Channel:
    organisation_id = member.organisation_id
    if channel[:1] in ("C", "G", "D"):
        return await get_channel_by_slack_id(connection, organisation_id=organisation_id, slack_id=channel)
    return await get_channel_by_name(
        connection, organisation_id=organisation_id, name=channel.removeprefix("#").lower()
    )

"""`pins.…`: messages that members keep at hand in a channel."""

import msgspec
from litestar.types import ControllerRouterHandler

from ninefold.systems.messaging.service.members import list_members_by_ids
from ninefold.systems.messaging.service.pins import list_pins, pin_message, unpin_message
from ninefold.systems.messaging.slack.calls import Answer, Call, Server, slack_method
from ninefold.systems.messaging.slack.errors import SlackError
from ninefold.systems.messaging.slack.routes.reactions import OneItem, find_item, show_items


class ListPins(msgspec.Struct, frozen=True, kw_only=True):
    """The arguments of `pins.list`."""

    channel: str


def pin_routes(server: Server) -> list[ControllerRouterHandler]:
    """Return the routes."""
    return [
        slack_method(server, "pins.add", OneItem, add),
        slack_method(server, "pins.remove", OneItem, remove),
        slack_method(server, "pins.list", ListPins, list_of_channel),
    ]


async def add(call: Call, given: OneItem) -> Answer:
    """Pin a message to its channel."""
    async with call.begin() as caller:
        channel, sequence = await find_item(caller, given)
    is_new = await pin_message(call.database, call.notifier, channel=channel, member=caller.member, sequence=sequence)
    if not is_new:
        raise SlackError("already_pinned", "The message is pinned.")
    return {}


async def remove(call: Call, given: OneItem) -> Answer:
    """Unpin a message."""
    async with call.begin() as caller:
        channel, sequence = await find_item(caller, given)
    was_pinned = await unpin_message(
        call.database, call.notifier, channel=channel, member=caller.member, sequence=sequence
    )
    if not was_pinned:
        raise SlackError("no_pin", "The message isn't pinned.")
    return {}


async def list_of_channel(call: Call, given: ListPins) -> Answer:
    """List the pins of a channel, latest first."""
    async with call.begin() as caller:
        channel = await caller.find_channel(given.channel)
        pins = await list_pins(caller.connection, channel)
        members = await list_members_by_ids(
            caller.connection,
            organisation_id=caller.member.organisation_id,
            member_ids={pin.member_id for pin in pins},
        )
        slack_ids = {member.member_id: member.slack_id for member in members}
        items = await show_items(call, caller, channel, [pin.sequence for pin in pins])
    shown = [
        {
            "type": "message",
            "created": int(pin.at.timestamp()),
            "created_by": slack_ids[pin.member_id],
            **items[pin.sequence],
        }
        for pin in pins
    ]
    return {"items": shown}

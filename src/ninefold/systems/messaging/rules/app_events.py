"""What apps are told of: Slack's events for the entries of a channel's log, and when an attempt to tell is repeated."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Final, Literal, NamedTuple, TypeAlias

from ninefold.systems.messaging.model import AppEventKind, ChannelKind, EventType

Audience: TypeAlias = Literal["channel", "mentioned", "organisation"]
"""Which apps: those whose bots are in the channel, those of them that are mentioned, or all of the organisation."""

ACK_WITHIN: Final = timedelta(seconds=3)
"""How long an app has to acknowledge what it is told, as Slack's apps have."""

RETRY_DELAYS: Final = (timedelta(0), timedelta(minutes=1), timedelta(minutes=5))
"""How long after a failed attempt the next one follows, as Slack's do."""

ATTEMPTS_MAX: Final = len(RETRY_DELAYS) + 1

ASK_ATTEMPTS_MAX: Final = 2
"""Attempts of what a member waits for: a command or a click. The second one is for a server that died."""

LISTENS_FOR: Final = timedelta(hours=24)
"""How long what happens is recorded for an app that was connected, and kept for it to come back."""

DELIVERED_KEPT: Final = timedelta(days=1)
FAILED_KEPT: Final = timedelta(days=7)
"""How long it is listed what became of an event."""

CONNECTIONS_MAX: Final = 10
"""Connections of one app, as Slack allows."""

CONNECTION_SEEN_WITHIN: Final = timedelta(minutes=3)
"""A connection counts as open for this long after its server has last said so."""

SOCKET_TICKET_VALID_FOR: Final = timedelta(seconds=30)
RESPONSE_VALID_FOR: Final = timedelta(minutes=30)
RESPONSE_USES: Final = 5
TRIGGER_VALID_FOR: Final = timedelta(minutes=1)
"""How long a view can be opened after what a member did. Slack allows 3 s, which a debugger outlasts."""

COMMANDS_MAX: Final = 50
COMMAND_PATTERN: Final = r"^/[a-z0-9_-]{1,31}$"
WEBHOOKS_MAX: Final = 50


class AppEventName(NamedTuple):
    """One of the events that tell of an entry."""

    type: str
    """As it is sent."""
    subscription: str
    """As apps subscribe to it."""
    audience: Audience


_MESSAGE: Final[Mapping[ChannelKind, AppEventName]] = {
    "public": AppEventName("message", "message.channels", "channel"),
    "private": AppEventName("message", "message.groups", "channel"),
    "direct": AppEventName("message", "message.im", "channel"),
    "group": AppEventName("message", "message.mpim", "channel"),
}
FILE_SHARED: Final = "file_shared"
"""It tells of each file of a new message."""

_MENTION: Final = AppEventName("app_mention", "app_mention", "mentioned")


def _own(name: str, audience: Audience = "channel") -> AppEventName:
    return AppEventName(name, name, audience)


# What tells of an entry besides a message: in public channels, and in all others.
_PUBLIC: Final[Mapping[EventType, Sequence[AppEventName]]] = {
    "channel_renamed": (_own("channel_rename", "organisation"),),
    "channel_archived": (_own("channel_archive", "organisation"),),
    "channel_unarchived": (_own("channel_unarchive", "organisation"),),
}
_OTHER: Final[Mapping[EventType, Sequence[AppEventName]]] = {
    "channel_renamed": (_own("group_rename"),),
    "channel_archived": (_own("group_archive"),),
    "channel_unarchived": (_own("group_unarchive"),),
}
_EVERYWHERE: Final[Mapping[EventType, Sequence[AppEventName]]] = {
    "reaction_added": (_own("reaction_added"),),
    "reaction_removed": (_own("reaction_removed"),),
    "pin_added": (_own("pin_added"),),
    "pin_removed": (_own("pin_removed"),),
}
_ARE_MESSAGES: Final[frozenset[EventType]] = frozenset(
    {
        "message",
        "message_edited",
        "message_deleted",
        "channel_renamed",
        "channel_topic",
        "channel_purpose",
        "channel_archived",
        "channel_unarchived",
    }
)

EVENT_TYPES: Final = frozenset(
    {
        *[each.subscription for each in _MESSAGE.values()],
        *[each.subscription for table in (_PUBLIC, _OTHER, _EVERYWHERE) for names in table.values() for each in names],
        "app_mention",
        "app_home_opened",
        FILE_SHARED,
        "channel_created",
        "member_joined_channel",
        "member_left_channel",
        "team_join",
    }
)
"""What apps can subscribe to."""


def names_of_entry(kind: EventType, channel_kind: ChannelKind) -> list[AppEventName]:
    """Return the events that tell of an entry of a channel's log."""
    is_conversation = channel_kind in ("direct", "group")
    if kind in ("member_joined", "member_left"):
        if is_conversation:
            return []
        name = "member_joined_channel" if kind == "member_joined" else "member_left_channel"
        return [_own(name), _MESSAGE[channel_kind]]
    names = [*(_PUBLIC if channel_kind == "public" else _OTHER).get(kind, ()), *_EVERYWHERE.get(kind, ())]
    if kind in _ARE_MESSAGES:
        names.append(_MESSAGE[channel_kind])
    if kind == "message" and channel_kind != "direct":
        names.append(_MENTION)
    return names


def is_subscribed(event_types: Sequence[str] | None, subscription: str) -> bool:
    """Return whether an app is told of an event; None is subscribed to everything."""
    return event_types is None or subscription in event_types


def delay_after(attempt_count: int, kind: AppEventKind) -> timedelta | None:
    """Return how long after a failed attempt the next one follows; None if none does."""
    attempts_max = ATTEMPTS_MAX if kind == "event" else ASK_ATTEMPTS_MAX
    return RETRY_DELAYS[attempt_count - 1] if attempt_count < attempts_max else None

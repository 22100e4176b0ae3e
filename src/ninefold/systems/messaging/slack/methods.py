"""The methods of Slack's API that are offered: which scopes each needs, and how often it can be called.

The names of the tiers and of the scopes are Slack's. A method that isn't in the table needs no scope, and is in tier 3.
"""

from collections.abc import Mapping
from enum import IntEnum
from typing import Final

import msgspec

from ninefold.systems.messaging.model import ChannelKind
from ninefold.systems.messaging.rules.slack_scopes import HISTORY, MANAGE, READ, all_of


class Tier(IntEnum):
    """How often a method can be called: times per minute in Slack, which a setting multiplies."""

    ONE = 1
    TWO = 20
    THREE = 50
    FOUR = 100
    POSTING = 60
    """Slack allows one message per second."""


class Method(msgspec.Struct, frozen=True, kw_only=True):
    """What a call of a method needs."""

    tier: Tier = Tier.THREE
    scopes: frozenset[str] = frozenset()
    """The token must have one of these; empty if it needs none."""
    channel_scopes: Mapping[ChannelKind, frozenset[str]] = {}
    """In a channel of this kind, it must have one of these."""
    is_for_apps: bool = False
    """Whether it needs the token of an app, which all other methods refuse."""


def _method(tier: Tier, *scopes: str) -> Method:
    return Method(tier=tier, scopes=frozenset(scopes))


def _in_channels(
    tier: Tier, family: Mapping[ChannelKind, frozenset[str]], *, also: Mapping[ChannelKind, str] | None = None
) -> Method:
    by_kind = {kind: scopes | {also[kind]} if also and kind in also else scopes for kind, scopes in family.items()}
    return Method(tier=tier, scopes=all_of(by_kind), channel_scopes=by_kind)


_INVITES: Final[Mapping[ChannelKind, str]] = {"public": "channels:write.invites", "private": "groups:write.invites"}
_TOPICS: Final[Mapping[ChannelKind, str]] = {
    "public": "channels:write.topic",
    "private": "groups:write.topic",
    "direct": "im:write.topic",
    "group": "mpim:write.topic",
}

METHODS: Final[Mapping[str, Method]] = {
    "api.test": _method(Tier.FOUR),
    "apps.connections.open": Method(tier=Tier.ONE, is_for_apps=True),
    "auth.test": _method(Tier.FOUR),
    "bots.info": _method(Tier.THREE, "users:read"),
    "chat.delete": _method(Tier.THREE, "chat:write"),
    "chat.getPermalink": _method(Tier.FOUR),
    "chat.meMessage": _method(Tier.THREE, "chat:write"),
    "chat.postEphemeral": _method(Tier.FOUR, "chat:write"),
    "chat.postMessage": _method(Tier.POSTING, "chat:write"),
    "chat.update": _method(Tier.THREE, "chat:write"),
    "conversations.archive": _in_channels(Tier.TWO, MANAGE),
    "conversations.create": _in_channels(Tier.TWO, MANAGE),
    "conversations.history": _in_channels(Tier.THREE, HISTORY),
    "conversations.info": _in_channels(Tier.THREE, READ),
    "conversations.invite": _in_channels(Tier.THREE, MANAGE, also=_INVITES),
    "conversations.join": _in_channels(Tier.THREE, MANAGE, also={"public": "channels:join"}),
    "conversations.kick": _in_channels(Tier.THREE, MANAGE),
    "conversations.leave": _in_channels(Tier.THREE, MANAGE),
    "conversations.list": _in_channels(Tier.TWO, READ),
    "conversations.mark": _in_channels(Tier.THREE, MANAGE),
    "conversations.members": _in_channels(Tier.FOUR, READ),
    "conversations.open": _in_channels(Tier.THREE, MANAGE),
    "conversations.rename": _in_channels(Tier.TWO, MANAGE),
    "conversations.replies": _in_channels(Tier.THREE, HISTORY),
    "conversations.setPurpose": _in_channels(Tier.TWO, MANAGE, also=_TOPICS),
    "conversations.setTopic": _in_channels(Tier.TWO, MANAGE, also=_TOPICS),
    "conversations.unarchive": _in_channels(Tier.TWO, MANAGE),
    "emoji.list": _method(Tier.TWO, "emoji:read"),
    "files.completeUploadExternal": _method(Tier.FOUR, "files:write"),
    "files.delete": _method(Tier.THREE, "files:write"),
    "files.getUploadURLExternal": _method(Tier.FOUR, "files:write"),
    "files.info": _method(Tier.FOUR, "files:read"),
    "files.list": _method(Tier.THREE, "files:read"),
    "pins.add": _method(Tier.TWO, "pins:write"),
    "pins.list": _method(Tier.TWO, "pins:read"),
    "pins.remove": _method(Tier.TWO, "pins:write"),
    "reactions.add": _method(Tier.THREE, "reactions:write"),
    "reactions.get": _method(Tier.THREE, "reactions:read"),
    "reactions.list": _method(Tier.TWO, "reactions:read"),
    "reactions.remove": _method(Tier.TWO, "reactions:write"),
    "rtm.connect": _method(Tier.ONE),
    "search.messages": _method(Tier.TWO, "search:read"),
    "team.info": _method(Tier.THREE, "team:read"),
    "users.conversations": _in_channels(Tier.THREE, READ),
    "users.getPresence": _method(Tier.THREE, "users:read"),
    "users.info": _method(Tier.FOUR, "users:read"),
    "users.list": _method(Tier.TWO, "users:read"),
    "users.lookupByEmail": _method(Tier.THREE, "users:read.email"),
    "users.profile.get": _method(Tier.FOUR, "users.profile:read", "users:read"),
    "users.setPresence": _method(Tier.TWO, "users:write"),
    "views.open": _method(Tier.FOUR),
    "views.publish": _method(Tier.FOUR),
    "views.push": _method(Tier.FOUR),
    "views.update": _method(Tier.FOUR),
}

_UNKNOWN: Final = Method()


def find_method(path: str) -> tuple[str, Method]:
    """Return the name of the method that a path names, and what it needs."""
    name = path.rstrip("/").rpartition("/")[2]
    return name, METHODS.get(name, _UNKNOWN)

"""The scopes of Slack's API: what a token can be limited to."""

from collections.abc import Iterable, Mapping
from typing import Final

from ninefold.systems.messaging.model import ChannelKind

_FAMILIES: Final[Mapping[ChannelKind, str]] = {
    "public": "channels",
    "private": "groups",
    "direct": "im",
    "group": "mpim",
}

READ: Final[Mapping[ChannelKind, frozenset[str]]] = {
    kind: frozenset({f"{family}:read"}) for kind, family in _FAMILIES.items()
}
"""Any of these scopes allows to see a channel of a kind, and who is in it."""

HISTORY: Final[Mapping[ChannelKind, frozenset[str]]] = {
    kind: frozenset({f"{family}:history"}) for kind, family in _FAMILIES.items()
}
"""Any of these scopes allows to read the messages of a channel of a kind."""

MANAGE: Final[Mapping[ChannelKind, frozenset[str]]] = {
    "public": frozenset({"channels:manage", "channels:write"}),
    **{kind: frozenset({f"{family}:write"}) for kind, family in _FAMILIES.items() if kind != "public"},
}
"""Any of these scopes allows to change a channel of a kind, and who is in it. Bots and people have different ones."""

_OTHERS: Final = frozenset(
    {
        "app_mentions:read",
        "channels:join",
        "channels:write.invites",
        "channels:write.topic",
        "chat:write",
        "chat:write.customize",
        "chat:write.public",
        "commands",
        "emoji:read",
        "files:read",
        "files:write",
        "groups:write.invites",
        "groups:write.topic",
        "im:write.topic",
        "incoming-webhook",
        "links:read",
        "links:write",
        "metadata.message:read",
        "mpim:write.topic",
        "pins:read",
        "pins:write",
        "reactions:read",
        "reactions:write",
        "search:read",
        "team:read",
        "users.profile:read",
        "users:read",
        "users:read.email",
        "users:write",
    }
)

SCOPES: Final[frozenset[str]] = _OTHERS.union(
    *[scopes for family in (READ, HISTORY, MANAGE) for scopes in family.values()]
)
"""The scopes that Ninefold knows. A token without limits has all of them."""


def unknown_scopes(scopes: Iterable[str]) -> list[str]:
    """Return the scopes that Ninefold doesn't know, sorted."""
    return sorted(set(scopes) - SCOPES)


def all_of(family: Mapping[ChannelKind, frozenset[str]]) -> frozenset[str]:
    """Return the scopes of a family for all kinds of channels."""
    return frozenset().union(*family.values())

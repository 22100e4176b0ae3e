"""Searches for messages."""

from datetime import datetime
from typing import Literal, NamedTuple, TypeAlias

import msgspec

from ninefold.systems.messaging.model.channels import Channel
from ninefold.systems.messaging.model.messages import MessageDetails

Having: TypeAlias = Literal["file", "link", "pin"]


class SearchQuery(msgspec.Struct, frozen=True, kw_only=True):
    """What is searched for."""

    words: str
    """Words, and phrases in quotation marks; all of them have to be there, except those after a minus."""
    authors: tuple[str, ...] = ()
    """Names of members of whom one has written it; `me` is who searches."""
    channels: tuple[str, ...] = ()
    """Names of channels, of which it is in one."""
    having: frozenset[Having] = frozenset()
    is_in_thread: bool = False
    not_before: datetime | None = None
    before: datetime | None = None


class Found(NamedTuple):
    """A message that matches a search."""

    details: MessageDetails
    channel: Channel
    highlights: list[tuple[int, int]]
    """Where in the text what was searched for begins and ends, in code points."""

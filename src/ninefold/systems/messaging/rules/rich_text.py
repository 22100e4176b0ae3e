"""The elements of a `rich_text` block: texts with styles, links and mentions, in sections, lists and quotes."""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from ninefold.systems.messaging.rules.block_texts import Typed

PARTS_MAX: Final = 1_000
"""Texts, links and mentions of one section, and items of one list."""

INDENT_MAX: Final = 8


class Style(msgspec.Struct, frozen=True, kw_only=True):
    """How a part looks."""

    bold: bool = False
    italic: bool = False
    strike: bool = False
    code: bool = False
    underline: bool = False


class _Part(Typed, frozen=True, kw_only=True):
    style: Style | None = None


class TextPart(_Part, frozen=True, kw_only=True, tag="text"):
    """A text."""

    text: Annotated[str, msgspec.Meta(min_length=1)]


class LinkPart(_Part, frozen=True, kw_only=True, tag="link"):
    """A link, with or without a text."""

    url: Annotated[str, msgspec.Meta(min_length=1, max_length=3_000)]
    text: str | None = None


class EmojiPart(_Part, frozen=True, kw_only=True, tag="emoji"):
    """An emoji, by its name."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class UserPart(_Part, frozen=True, kw_only=True, tag="user"):
    """A mention of a member."""

    user_id: str


class ChannelPart(_Part, frozen=True, kw_only=True, tag="channel"):
    """The name of a channel."""

    channel_id: str


class BroadcastPart(_Part, frozen=True, kw_only=True, tag="broadcast"):
    """A mention of many members."""

    range: Literal["here", "channel", "everyone"]


class DatePart(_Part, frozen=True, kw_only=True, tag="date"):
    """A time, in seconds since 1970, that everybody sees in the own time zone."""

    timestamp: int
    format: str
    url: str | None = None
    fallback: str | None = None


class ColourPart(_Part, frozen=True, kw_only=True, tag="color"):
    """A colour."""

    value: str


Part: TypeAlias = TextPart | LinkPart | EmojiPart | UserPart | ChannelPart | BroadcastPart | DatePart | ColourPart
Parts = Annotated[list[Part], msgspec.Meta(max_length=PARTS_MAX)]


class RichSection(Typed, frozen=True, kw_only=True, tag="rich_text_section"):
    """A paragraph."""

    elements: Parts


class RichList(Typed, frozen=True, kw_only=True, tag="rich_text_list"):
    """A list."""

    style: Literal["bullet", "ordered"]
    elements: Annotated[list[RichSection], msgspec.Meta(max_length=PARTS_MAX)]
    indent: Annotated[int, msgspec.Meta(ge=0, le=INDENT_MAX)] | None = None
    offset: Annotated[int, msgspec.Meta(ge=0)] | None = None
    border: Literal[0, 1] | None = None


class RichPreformatted(Typed, frozen=True, kw_only=True, tag="rich_text_preformatted"):
    """Lines of code."""

    elements: Parts
    border: Literal[0, 1] | None = None


class RichQuote(Typed, frozen=True, kw_only=True, tag="rich_text_quote"):
    """A quotation."""

    elements: Parts
    border: Literal[0, 1] | None = None


RichElement: TypeAlias = RichSection | RichList | RichPreformatted | RichQuote

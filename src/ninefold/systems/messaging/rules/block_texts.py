"""The text objects of Block Kit: plain text, and text with Slack's marks; how long they can be depends on the place."""

from typing import Annotated, TypeAlias

import msgspec


class Typed(msgspec.Struct, frozen=True, kw_only=True, tag_field="type"):
    """An object of Block Kit: its field `type` says which one. Fields that aren't known are ignored."""


class Plain75(Typed, frozen=True, kw_only=True, tag="plain_text"):
    """A short plain text, such as that of a button."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=75)]
    emoji: bool | None = None


class Plain150(Typed, frozen=True, kw_only=True, tag="plain_text"):
    """The plain text of a header or a placeholder."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=150)]
    emoji: bool | None = None


class Plain2000(Typed, frozen=True, kw_only=True, tag="plain_text"):
    """A plain text, such as the label of an input."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    emoji: bool | None = None


class Plain3000(Typed, frozen=True, kw_only=True, tag="plain_text"):
    """A long plain text."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=3_000)]
    emoji: bool | None = None


class Marked75(Typed, frozen=True, kw_only=True, tag="mrkdwn"):
    """A short text with marks, such as that of an option."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=75)]
    verbatim: bool | None = None


class Marked2000(Typed, frozen=True, kw_only=True, tag="mrkdwn"):
    """A text with marks, such as a field of a section."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=2_000)]
    verbatim: bool | None = None


class Marked3000(Typed, frozen=True, kw_only=True, tag="mrkdwn"):
    """A long text with marks."""

    text: Annotated[str, msgspec.Meta(min_length=1, max_length=3_000)]
    verbatim: bool | None = None


Text75: TypeAlias = Plain75 | Marked75
Text2000: TypeAlias = Plain2000 | Marked2000
Text3000: TypeAlias = Plain3000 | Marked3000

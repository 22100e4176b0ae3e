"""Attachments, which were there before Block Kit and which many programs send: shown as blocks that say the same."""

from collections.abc import Iterator, Sequence
from typing import Annotated, Any, Final

import msgspec

from ninefold.systems.messaging.rules.blocks import FIELDS_MAX

ATTACHMENTS_MAX: Final = 100
SECTION_LENGTH_MAX: Final = 3_000
FIELD_LENGTH_MAX: Final = 2_000

Block = dict[str, Any]
Shown = str | int | float


class AttachmentField(msgspec.Struct, frozen=True, kw_only=True):
    """A title and a value; two that are `short` are next to each other in Slack."""

    title: Shown = ""
    value: Shown = ""
    short: bool = False


class Attachment(msgspec.Struct, frozen=True, kw_only=True):
    """What is shown of an attachment. Its colour, its time and small pictures aren't."""

    blocks: list[Block] | None = None
    pretext: str | None = None
    author_name: str | None = None
    title: str | None = None
    title_link: str | None = None
    text: str | None = None
    fields: list[AttachmentField] | None = None
    image_url: str | None = None
    footer: str | None = None
    fallback: str | None = None
    actions: Annotated[list[Any], msgspec.Meta(max_length=0)] | None = None
    """Buttons of the kind that Block Kit has replaced. Nobody could click them."""


def read_attachments(attachments: Sequence[Any]) -> list[Attachment]:
    """Return attachments.

    Raises:
        ValueError: there are too many, or one isn't valid; says what is wrong.
    """
    if len(attachments) > ATTACHMENTS_MAX:
        raise ValueError(f"There are {len(attachments)} attachments, and at most {ATTACHMENTS_MAX} are allowed.")
    return msgspec.convert(attachments, list[Attachment])


def blocks_of(attachments: Sequence[Attachment], *, text: str) -> list[Block]:
    """Return blocks that say what a message with attachments says.

    Args:
        attachments: in their order.
        text: the message's own, above them.
    """
    blocks = list(_sections(text))
    for attachment in attachments:
        blocks += attachment.blocks or _blocks_of(attachment)
    return blocks


def fallback_of(attachments: Sequence[Attachment]) -> str:
    """Return what is shown of attachments where there is only text."""
    return "\n".join(each.fallback or each.title or each.text or "" for each in attachments).strip()


def _blocks_of(attachment: Attachment) -> Iterator[Block]:
    yield from _sections(attachment.pretext)
    yield from _context(attachment.author_name)
    title = attachment.title
    if title and attachment.title_link:
        title = f"<{attachment.title_link}|{title}>"
    yield from _sections("\n".join(part for part in (f"*{title}*" if title else "", attachment.text or "") if part))
    yield from _fields(attachment.fields or ())
    if attachment.image_url:
        alt_text = attachment.fallback or attachment.title or attachment.image_url
        yield {"type": "image", "image_url": attachment.image_url, "alt_text": alt_text[:FIELD_LENGTH_MAX]}
    yield from _context(attachment.footer)


def _sections(text: str | None) -> Iterator[Block]:
    """Yield the sections of a text, which can be longer than one of them."""
    for start in range(0, len(text or ""), SECTION_LENGTH_MAX):
        part = (text or "")[start : start + SECTION_LENGTH_MAX]
        yield {"type": "section", "text": {"type": "mrkdwn", "text": part}}


def _fields(fields: Sequence[AttachmentField]) -> Iterator[Block]:
    texts = [f"*{field.title}*\n{field.value}"[:FIELD_LENGTH_MAX] for field in fields]
    for start in range(0, len(texts), FIELDS_MAX):
        shown = [{"type": "mrkdwn", "text": text} for text in texts[start : start + FIELDS_MAX]]
        yield {"type": "section", "fields": shown}


def _context(text: str | None) -> Iterator[Block]:
    if text:
        yield {"type": "context", "elements": [{"type": "mrkdwn", "text": text[:SECTION_LENGTH_MAX]}]}

"""Mentions: `@name` as people write it, and `<@U…>` as Slack stores it."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

Audience: TypeAlias = Literal["here", "channel"]
"""Whom a message calls besides those it names: those who are active, or everybody in the channel."""

AUDIENCE_WORDS: Final = ("here", "channel", "everyone")

# Code and what is in angle brackets already stays as it is; an @ within a word belongs to a mail address.
_WRITTEN: Final = re.compile(r"```.*?```|`[^`\n]*`|<[^<>\n]*>|(?<![\w@.])@(?P<name>[A-Za-z0-9._-]{1,80})", re.DOTALL)
_STORED: Final = re.compile(r"<@(?P<slack_id>U[0-9A-Z]{10})(?:\|[^<>]*)?>")
_STORED_AUDIENCE: Final = re.compile(r"<!(?P<word>here|channel|everyone)(?:\|[^<>]*)?>")


def find_names(text: str) -> frozenset[str]:
    """Return the names that may be mentioned in a text as people write it, in lower case.

    A full stop or a hyphen at the end can belong to the name or to the sentence, so both are returned.
    """
    found = {match["name"].lower() for match in _WRITTEN.finditer(text) if match["name"]}
    return frozenset(found | {name.rstrip(".-") for name in found}) - {""}


def link_names(text: str, slack_ids: Mapping[str, str]) -> str:
    """Return a text with its mentions as Slack stores them.

    Args:
        text: as people write it.
        slack_ids: the ids of the members, by name; other names stay as they are.
    """

    def link(match: re.Match[str]) -> str:
        if match["name"] is None:
            return match[0]
        for name in (match["name"], match["name"].rstrip(".-")):
            rest = match["name"][len(name) :]
            if name.lower() in AUDIENCE_WORDS:
                return f"<!{name.lower()}>{rest}"
            if (slack_id := slack_ids.get(name.lower())) is not None:
                return f"<@{slack_id}>{rest}"
        return match[0]

    return _WRITTEN.sub(link, text)


def everything_said(text: str, blocks: Sequence[Any] | None) -> str:
    """Return the text of a message with all texts of its blocks, where elements that mention are as in a text.

    In `rich_text`, the elements `user` and `broadcast` mention. Groups of users aren't there yet.
    """
    return "\n".join([text, *_texts_in(blocks)])


def mentioned_ids(text: str) -> frozenset[str]:
    """Return the Slack ids of the members that a stored text names."""
    return frozenset(match["slack_id"] for match in _STORED.finditer(text))


def audience_of(text: str) -> Audience | None:
    """Return whom else a stored text calls; the larger one if it calls both."""
    words = {match["word"] for match in _STORED_AUDIENCE.finditer(text)}
    if not words:
        return None
    return "here" if words == {"here"} else "channel"


def _texts_in(value: Any) -> Iterator[str]:
    match value:
        case str():
            yield value
        case {"type": "user", "user_id": str(slack_id)}:
            yield f"<@{slack_id}>"
        case {"type": "broadcast", "range": str(word)}:
            yield f"<!{word}>"
        case dict():
            for each in value.values():
                yield from _texts_in(each)
        case list():
            for each in value:
                yield from _texts_in(each)

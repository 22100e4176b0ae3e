"""Block Kit: which blocks a message can have, and what is wrong with others.

The blocks are Slack's, with Slack's limits. Those that Ninefold doesn't show are refused, so that nobody sends what
nobody sees.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import Annotated, Any, Final, NamedTuple, TypeAlias

import msgspec

from ninefold.systems.messaging.rules.block_elements import BLOCK_ID_LENGTH_MAX, Clicked, Filled, Url
from ninefold.systems.messaging.rules.block_texts import Plain150, Plain2000, Text2000, Text3000, Typed
from ninefold.systems.messaging.rules.limits import BLOCKS_MAX
from ninefold.systems.messaging.rules.rich_text import RichElement

FIELDS_MAX: Final = 10
CONTEXT_ELEMENTS_MAX: Final = 10
ACTIONS_MAX: Final = 25
RICH_ELEMENTS_MAX: Final = 100
ALT_TEXT_LENGTH_MAX: Final = 2_000

_AltText: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=ALT_TEXT_LENGTH_MAX)]

_STEP: Final = re.compile(r"\[(?P<index>\d+)\]|\.?(?P<name>[A-Za-z0-9_]+)")
_PLACE: Final = " - at `$"
_REASONS: Final[Sequence[tuple[re.Pattern[str], Callable[[str], str]]]] = (
    (re.compile(r"Object missing required field `(.+)`"), "missing required field: {}".format),
    (re.compile(r"Invalid value '(.*)'", re.DOTALL), "unsupported type: {}".format),
    (re.compile(r"Expected `str` of length <= (\d+)"), lambda most: f"must be less than {int(most) + 1} characters"),
    (re.compile(r"Expected `str` of length >= (\d+)"), lambda least: f"must be more than {int(least) - 1} characters"),
    (re.compile(r"Expected `array` of length <= (\d+)"), "no more than {} items allowed".format),
    (re.compile(r"Expected `array` of length >= (\d+)"), "no fewer than {} items allowed".format),
)


class BlockProblem(NamedTuple):
    """What is wrong with a block."""

    reason: str
    """In Slack's words, such as `must be less than 151 characters`."""
    path: tuple[str | int, ...]
    """Where, such as `(0, "text", "text")` in the first block."""

    @property
    def pointer(self) -> str:
        """Where, as Slack says it: `/blocks/0/text/text`."""
        return "/blocks" + "".join(f"/{step}" for step in self.path)

    @property
    def field(self) -> str:
        """Where, as Ninefold's API says it: `blocks[0].text.text`."""
        return "blocks" + "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in self.path)


class _Block(Typed, frozen=True, kw_only=True):
    block_id: Annotated[str, msgspec.Meta(max_length=BLOCK_ID_LENGTH_MAX)] | None = None


class _ImageElement(Typed, frozen=True, kw_only=True, tag="image"):
    image_url: Url
    alt_text: _AltText


class Section(_Block, frozen=True, kw_only=True, tag="section"):
    """A text, with fields in two columns, and with an element at its side."""

    text: Text3000 | None = None
    fields: Annotated[list[Text2000], msgspec.Meta(min_length=1, max_length=FIELDS_MAX)] | None = None
    accessory: Clicked | _ImageElement | None = None
    expand: bool | None = None


class Header(_Block, frozen=True, kw_only=True, tag="header"):
    """A title."""

    text: Plain150


class Divider(_Block, frozen=True, kw_only=True, tag="divider"):
    """A line."""


class Context(_Block, frozen=True, kw_only=True, tag="context"):
    """Small texts and images."""

    elements: Annotated[list[Text3000 | _ImageElement], msgspec.Meta(min_length=1, max_length=CONTEXT_ELEMENTS_MAX)]


class Image(_Block, frozen=True, kw_only=True, tag="image"):
    """An image."""

    image_url: Url
    alt_text: _AltText
    title: Plain2000 | None = None


class Actions(_Block, frozen=True, kw_only=True, tag="actions"):
    """Buttons, menus and the like."""

    elements: Annotated[list[Clicked], msgspec.Meta(min_length=1, max_length=ACTIONS_MAX)]


class Input(_Block, frozen=True, kw_only=True, tag="input"):
    """Something to fill in."""

    label: Plain2000
    element: Filled
    hint: Plain2000 | None = None
    optional: bool | None = None
    dispatch_action: bool | None = None


class RichText(_Block, frozen=True, kw_only=True, tag="rich_text"):
    """Paragraphs, lists, code and quotations, with styles."""

    elements: Annotated[list[RichElement], msgspec.Meta(max_length=RICH_ELEMENTS_MAX)]


_AnyBlock: TypeAlias = Section | Header | Divider | Context | Image | Actions | Input | RichText


def find_problem(blocks: Sequence[Any], *, blocks_max: int = BLOCKS_MAX) -> BlockProblem | None:
    """Return the first thing that is wrong with blocks; None if they are as Block Kit says.

    Args:
        blocks: JSON.
        blocks_max: how many there can be: more in a view than in a message.
    """
    if len(blocks) > blocks_max:
        return BlockProblem(f"no more than {blocks_max} items allowed", ())
    try:
        read = msgspec.convert(blocks, list[_AnyBlock])
    except msgspec.ValidationError as error:
        return _problem_of(str(error))
    return next(_conflicts(read), None)


def fill_ids(blocks: Sequence[dict[str, Any]], *, new_id: Callable[[], str]) -> list[dict[str, Any]]:
    """Return blocks that are as Block Kit says with an id of each block and of each element that members use.

    Args:
        blocks: some of which can have ids of their own.
        new_id: returns a new id.
    """

    def with_action(element: Any) -> Any:
        return element if element["type"] == "image" else {**element, "action_id": element.get("action_id") or new_id()}

    filled = []
    for block in blocks:
        new = {**block, "block_id": block.get("block_id") or new_id()}
        if block["type"] == "actions":
            new["elements"] = [with_action(element) for element in block["elements"]]
        for name in ("accessory", "element"):
            if new.get(name) is not None:
                new[name] = with_action(new[name])
        filled.append(new)
    return filled


def _conflicts(blocks: Sequence[_AnyBlock]) -> Iterator[BlockProblem]:
    known: set[str] = set()
    for index, block in enumerate(blocks):
        if isinstance(block, Section) and block.text is None and block.fields is None:
            yield BlockProblem("missing required field: text", (index,))
        if block.block_id and block.block_id in known:
            yield BlockProblem("block_id has to be unique", (index, "block_id"))
        known.add(block.block_id or "")


def _problem_of(message: str) -> BlockProblem:
    """Return a problem in Slack's words, from a message such as "Expected `str`, got `int` - at `$[0].text`"."""
    reason, _, place = message.partition(_PLACE)
    path = tuple(
        int(match["index"]) if match["index"] is not None else match["name"] for match in _STEP.finditer(place)
    )
    for pattern, say in _REASONS:
        if match := pattern.fullmatch(reason):
            return BlockProblem(say(match[1]), path)
    return BlockProblem(f"failed to match all allowed schemas: {reason[0].lower()}{reason[1:]}", path)

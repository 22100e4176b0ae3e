"""Reads YAML into nodes with positions, with the scalars of YAML 1.2 and within GitHub's limits.

The parser of PyYAML gives events. It reads YAML 1.1 only when it constructs values, which is done here instead. Events
are read one after the other, without recursion, so that deep nesting can't exhaust the stack.
"""

from typing import Any, Final, NamedTuple, TypeAlias

import yaml

from ninefold.systems.workflows.model.templates import Position
from ninefold.systems.workflows.reading.problems import Problems, StopReadingError
from ninefold.systems.workflows.reading.yaml_scalars import read_scalar

FILE_LENGTH_MAX: Final = 1_048_576
"""Characters of a file."""

DEPTH_MAX: Final = 50
"""Nested mappings and sequences."""

EVENTS_MAX: Final = 50_000
"""Events of the parser; those of an alias's anchor count each time."""

RESULT_BYTES_MAX: Final = 10 * 1_048_576
"""Bytes of all scalars; those of an alias's anchor count each time."""

_SCALAR_BYTES: Final = 26
_CHARACTER_BYTES: Final = 2


class ScalarNode(NamedTuple):
    """A scalar."""

    value: bool | float | str | None
    position: Position


class SequenceNode(NamedTuple):
    """A sequence."""

    items: list["Node"]
    position: Position


class MappingNode(NamedTuple):
    """A mapping, with its entries in order; keys can repeat."""

    entries: list[tuple["Node", "Node"]]
    position: Position


Node: TypeAlias = ScalarNode | SequenceNode | MappingNode
"""A node of a file."""


class _Size(NamedTuple):
    """What a node takes, with all that is in it."""

    events: int
    height: int
    bytes: int


class _Part(NamedTuple):
    node: Node
    size: _Size


class _Open:
    """A mapping or sequence whose end wasn't read yet."""

    def __init__(self, *, is_mapping: bool, anchor: str | None, position: Position) -> None:
        self.is_mapping = is_mapping
        self.anchor = anchor
        self.position = position
        self.parts: list[_Part] = []

    def close(self) -> _Part:
        nodes = [part.node for part in self.parts]
        node: Node = (
            MappingNode(list(zip(nodes[::2], nodes[1::2], strict=True)), self.position)
            if self.is_mapping
            else SequenceNode(nodes, self.position)
        )
        sizes = [part.size for part in self.parts]
        return _Part(
            node,
            _Size(
                events=2 + sum(size.events for size in sizes),
                height=1 + max((size.height for size in sizes), default=0),
                bytes=sum(size.bytes for size in sizes),
            ),
        )


def read_nodes(text: str, problems: Problems) -> Node:
    """Return the root node of a file with one YAML document.

    Raises:
        StopReadingError: it isn't YAML, or too large; `problems` says why.
    """
    if len(text) > FILE_LENGTH_MAX:
        raise problems.stop(f"The maximum file size of {FILE_LENGTH_MAX} characters has been exceeded")
    reader = _Reader(problems)
    try:
        for event in yaml.parse(text, Loader=yaml.CSafeLoader):
            reader.take(event)
    except yaml.MarkedYAMLError as error:
        raise problems.stop(_message(error), _position(problems, error.problem_mark)) from error
    except yaml.YAMLError as error:
        raise problems.stop(f"The file isn't text that YAML allows: {str(error).splitlines()[0]}") from error
    return reader.root()


# PyYAML has no types.
def _message(error: Any) -> str:
    return ", ".join(part for part in (error.context, error.problem) if part)


def _position(problems: Problems, mark: Any) -> Position | None:
    return None if mark is None else Position(problems.file, mark.line + 1, mark.column + 1)


class _Reader:
    """Builds nodes from events."""

    def __init__(self, problems: Problems) -> None:
        self._problems = problems
        self._open: list[_Open] = []
        self._anchors: dict[str, _Part] = {}
        self._documents: list[_Part] = []
        self._events = 0
        self._bytes = 0

    def root(self) -> Node:
        """Return the root node of the only document."""
        if not self._documents:
            raise self._problems.stop("Unexpected value ''", Position(self._problems.file, 1, 1), remedy="It is empty.")
        return self._documents[0].node

    # PyYAML has no types.
    def take(self, event: Any) -> None:
        """Take the next event."""
        position = Position(self._problems.file, event.start_mark.line + 1, event.start_mark.column + 1)
        if isinstance(event, yaml.ScalarEvent):
            self._add(self._scalar(event, position), event.anchor)
        elif isinstance(event, yaml.AliasEvent):
            self._add(self._aliased(event.anchor, position), None)
        elif isinstance(event, yaml.CollectionStartEvent):
            self._begin(event, position)
        elif isinstance(event, yaml.CollectionEndEvent):
            closed = self._open.pop()
            part = closed.close()
            # What is in it was already counted.
            self._place(part, closed.anchor)
        elif isinstance(event, yaml.DocumentStartEvent) and self._documents:
            raise self._problems.stop("Expected the end of the file", position, remedy="Keep one document in a file.")

    def _begin(self, event: Any, position: Position) -> None:
        self._count(_Size(events=2, height=1, bytes=0))
        is_mapping = isinstance(event, yaml.MappingStartEvent)
        self._open.append(_Open(is_mapping=is_mapping, anchor=event.anchor, position=position))

    def _scalar(self, event: Any, position: Position) -> _Part:
        value = read_scalar(event, position, self._problems)
        return _Part(ScalarNode(value, position), _Size(1, 0, _SCALAR_BYTES + _CHARACTER_BYTES * len(event.value)))

    def _aliased(self, anchor: str, position: Position) -> _Part:
        if anchor not in self._anchors:
            remedy = "Write the anchor before it, and not around it."
            raise self._problems.stop(f"Unknown anchor '{anchor}'", position, remedy=remedy)
        return self._anchors[anchor]

    def _add(self, part: _Part, anchor: str | None) -> None:
        self._count(part.size)
        self._place(part, anchor)

    def _place(self, part: _Part, anchor: str | None) -> None:
        if anchor is not None:
            self._anchors[anchor] = part
        (self._open[-1].parts if self._open else self._documents).append(part)

    def _count(self, size: _Size) -> None:
        self._events += size.events
        self._bytes += size.bytes
        if len(self._open) + size.height > DEPTH_MAX:
            raise self._too_large("Maximum object depth exceeded")
        if self._events > EVENTS_MAX:
            raise self._too_large("Maximum YAML nodes exceeded")
        if self._bytes > RESULT_BYTES_MAX:
            raise self._too_large("Maximum object size exceeded")

    def _too_large(self, message: str) -> StopReadingError:
        return self._problems.stop(message)

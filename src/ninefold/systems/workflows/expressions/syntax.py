"""The nodes of parsed expressions."""

from typing import Final, NamedTuple, TypeAlias

from ninefold.systems.workflows.model.values import Value

DEPTH_MAX: Final = 50
"""Nested nodes of an expression."""


class Constant(NamedTuple):
    """A literal, or the name of a property."""

    value: Value


class Context(NamedTuple):
    """A context, such as `github`."""

    name: str
    folded: str
    """The `fold` of its name."""


class Index(NamedTuple):
    """`target.name`, `target[key]`; without a key, `target.*`."""

    target: "Node"
    key: "Node | None"


class Call(NamedTuple):
    """A call of a function."""

    name: str
    """In lower case."""
    arguments: tuple["Node", ...]


class Not(NamedTuple):
    """`!operand`."""

    operand: "Node"


class Comparison(NamedTuple):
    """`left operator right`."""

    operator: str
    left: "Node"
    right: "Node"


class Logical(NamedTuple):
    """`a && b && …`, or with `||`."""

    operator: str
    operands: tuple["Node", ...]


Node: TypeAlias = Constant | Context | Index | Call | Not | Comparison | Logical
"""A node of a parsed expression."""


class Expression(NamedTuple):
    """A parsed expression."""

    text: str
    root: Node | None
    """None if the text is empty; its value is null."""


def children_of(node: Node) -> tuple[Node, ...]:
    """Return the nodes that a node consists of; `.*` counts as a constant."""
    match node:
        case Constant() | Context():
            return ()
        case Index(target, key):
            return (target, Constant(None) if key is None else key)
        case Call(_, arguments) | Logical(_, arguments):
            return arguments
        case Not(operand):
            return (operand,)
        case Comparison(_, left, right):
            return (left, right)

"""Templates: values of a workflow or an action as they were written, with expressions that are evaluated later.

A template is a tree of frozen data, so that it can be stored and sent to a runner. `expressions` evaluates it.
"""

from typing import TypeAlias

import msgspec

from ninefold.systems.workflows.model.values import text_of


class Position(msgspec.Struct, frozen=True, array_like=True):
    """A place in a file; lines and columns count from 1."""

    file: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


class ExpressionPart(msgspec.Struct, frozen=True, tag="expression"):
    """An expression in a text: what is between `${{` and `}}`, without the white space around it."""

    text: str
    position: Position
    """Of the `${{`."""


class Literal(msgspec.Struct, frozen=True, tag="literal"):
    """A scalar without an expression, as YAML 1.2 reads it."""

    value: bool | float | str | None
    position: Position


class Interpolation(msgspec.Struct, frozen=True, tag="interpolation"):
    """A text with expressions. If its only part is an expression, its value can be of any kind."""

    parts: tuple[str | ExpressionPart, ...]
    position: Position


class Insertion(msgspec.Struct, frozen=True, tag="insertion"):
    """The key `${{ insert }}`: the keys of its value are inserted into the mapping."""

    position: Position


class TemplateSequence(msgspec.Struct, frozen=True, tag="sequence"):
    """A sequence of templates."""

    items: tuple["Template", ...]
    position: Position


class TemplateMapping(msgspec.Struct, frozen=True, tag="mapping"):
    """A mapping of templates, in its order."""

    entries: tuple[tuple["Template", "Template"], ...]
    position: Position


Template: TypeAlias = Literal | Interpolation | Insertion | TemplateSequence | TemplateMapping
"""A value as it was written."""


def source_text(template: Template) -> str:
    """Return a scalar template as text, with its expressions in `${{ }}`; the empty text for other templates."""
    if isinstance(template, Literal):
        return text_of(template.value)
    if isinstance(template, Interpolation):
        return "".join(part if isinstance(part, str) else f"${{{{ {part.text} }}}}" for part in template.parts)
    return ""


def is_literal(template: Template) -> bool:
    """Return whether a template has no expression anywhere."""
    if isinstance(template, TemplateSequence):
        return all(map(is_literal, template.items))
    if isinstance(template, TemplateMapping):
        return all(is_literal(key) and is_literal(value) for key, value in template.entries)
    return isinstance(template, Literal)

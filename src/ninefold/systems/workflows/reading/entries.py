"""Access to templates that the grammar has already validated."""

from collections.abc import Mapping

from ninefold.systems.workflows.model.templates import Literal, Template, TemplateMapping, TemplateSequence
from ninefold.systems.workflows.model.values import text_of


def entries_of(template: Template | None) -> dict[str, Template]:
    """Return the entries of a mapping whose keys are literal, by key; none of anything else."""
    if not isinstance(template, TemplateMapping):
        return {}
    return {text_of(key.value): value for key, value in template.entries if isinstance(key, Literal)}


def keys_of(template: Template | None) -> dict[str, Literal]:
    """Return the literal keys of a mapping, by their text."""
    if not isinstance(template, TemplateMapping):
        return {}
    return {text_of(key.value): key for key, _ in template.entries if isinstance(key, Literal)}


def items_of(template: Template | None) -> tuple[Template, ...]:
    """Return the items of a sequence, or the only item if it isn't one; none of None and null."""
    if template is None or (isinstance(template, Literal) and template.value is None):
        return ()
    return template.items if isinstance(template, TemplateSequence) else (template,)


def texts_of(template: Template | None) -> tuple[str, ...] | None:
    """Return the literal texts of a sequence or a scalar; None of None."""
    if template is None:
        return None
    return tuple(text_of(item.value) for item in items_of(template) if isinstance(item, Literal))


def text_at(entries: Mapping[str, Template], key: str) -> str | None:
    """Return the literal text of an entry, or None if there is none."""
    value = entries.get(key)
    return text_of(value.value) if isinstance(value, Literal) and value.value is not None else None


def flag_at(entries: Mapping[str, Template], key: str) -> bool:
    """Return the literal Boolean of an entry; false if there is none."""
    value = entries.get(key)
    return isinstance(value, Literal) and value.value is True

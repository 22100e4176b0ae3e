"""Templates: text with placeholders for the parts of a request.

Signed content and the places of ids and types are templates: `{timestamp}.{body}`, `{header X-GitHub-Event}`,
`{json data.id}`. Signed content can't contain `{json …}`, `{form …}` or `{form_json …}`, because a body is parsed
only after it is verified. `{form_json payload.action}` is a value in a form field that has JSON: the field's name, then
the path.
"""

import functools
import re
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import parse_qsl

import msgspec

from ninefold.systems.callbacks.verification.model import HEADER_LENGTH_MAX, ReceivedRequest

TEXT_LENGTH_MAX: Final = 255
"""Characters of an id or a type. A longer one counts as missing."""
FORM_FIELDS_MAX: Final = 1_000

_PLACEHOLDER: Final = re.compile(r"\{(\w+)(?: ([^{}]+))?\}")
_WITHOUT_NAME: Final = frozenset({"body", "timestamp", "method", "url", "decoded_url", "path", "query"})
_WITH_NAME: Final = frozenset({"header", "json", "form", "form_json"})
_AFTER_VERIFICATION: Final = frozenset({"json", "form", "form_json"})


class Part(msgspec.Struct, frozen=True):
    """Literal text (kind `text`) or a placeholder."""

    kind: str
    name: str = ""


@functools.lru_cache(maxsize=1_000)
def parse_template(template: str) -> tuple[Part, ...]:
    """Split a template into literal text and placeholders.

    Raises:
        ValueError: a placeholder is unknown, or a brace is not part of one.
    """
    parts: list[Part] = []
    position = 0
    for match in _PLACEHOLDER.finditer(template):
        parts += _text(template[position : match.start()])
        parts.append(_placeholder(match))
        position = match.end()
    return (*parts, *_text(template[position:]))


def parse_signed_content(template: str) -> tuple[Part, ...]:
    """Split the template of signed content.

    Raises:
        ValueError: the template is malformed, doesn't cover the body, or needs the body to be parsed.
    """
    parts = parse_template(template)
    kinds = {part.kind for part in parts}
    if "body" not in kinds:
        raise ValueError("it must contain {body}")
    if early := sorted(kinds & _AFTER_VERIFICATION):
        raise ValueError(f"it can't contain {{{early[0]} …}}, because the body is parsed only after it is verified")
    return parts


def find_text(request: ReceivedRequest, templates: tuple[str, ...]) -> str | None:
    """Return the text of the first template whose placeholders all have a value, or None.

    Use it only for verified requests: it parses the body.
    """
    body = _ParsedBody(request)
    for template in templates:
        values = [_value(part, request, body) for part in parse_template(template)]
        text = "".join(value for value in values if value is not None)
        if None not in values and is_presentable(text):
            return text
    return None


def is_presentable(text: str) -> bool:
    """Return whether a text can be stored and shown as an id or a type."""
    return 0 < len(text) <= TEXT_LENGTH_MAX and text.isprintable()


def json_at(document: Any, path: str) -> Any:
    """Return the value at a dotted path (`data.items.0.id`), or None."""
    for step in path.split("."):
        if isinstance(document, Mapping):
            document = document.get(step)
        elif isinstance(document, list) and step.isdecimal() and len(step) <= _INDEX_DIGITS_MAX:
            document = document[int(step)] if int(step) < len(document) else None
        else:
            return None
    return document


def scalar_text(value: Any) -> str | None:
    """Return a JSON string or integer as text, or None for anything else."""
    if isinstance(value, str):
        return value
    is_id = isinstance(value, int) and not isinstance(value, bool) and abs(value) < _NUMBER_LIMIT
    return str(value) if is_id else None


def parse_json(body: bytes) -> Any:
    """Return the JSON value of a body, or None if it isn't JSON."""
    try:
        return msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None


def parse_form(body: bytes) -> dict[str, str]:
    """Return the fields of a URL-encoded form, the first of each name; none if it isn't a form."""
    try:
        pairs = parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=FORM_FIELDS_MAX)
    except ValueError:
        return {}
    return dict(reversed(pairs))


_INDEX_DIGITS_MAX: Final = 6
_NUMBER_LIMIT: Final = 2**64


class _ParsedBody:
    """A body that is parsed when a template needs it, and once."""

    def __init__(self, request: ReceivedRequest) -> None:
        self._body = request.body

    @functools.cached_property
    def json(self) -> Any:
        return parse_json(self._body)

    @functools.cached_property
    def form(self) -> dict[str, str]:
        return parse_form(self._body)


def _text(text: str) -> list[Part]:
    if "{" in text or "}" in text:
        raise ValueError(f"{text!r} has a brace that isn't part of a placeholder such as {{body}} or {{header X-Name}}")
    return [Part("text", text)] if text else []


def _placeholder(match: re.Match[str]) -> Part:
    kind, name = match[1], match[2] or ""
    if kind not in (_WITH_NAME if name else _WITHOUT_NAME):
        raise ValueError(f"{match[0]} isn't a placeholder")
    return Part(kind, name)


def _value(part: Part, request: ReceivedRequest, body: _ParsedBody) -> str | None:
    match part.kind:
        case "text":
            return part.name
        case "header":
            return _header_text(request, part.name)
        case "json":
            return scalar_text(json_at(body.json, part.name))
        case "form" | "form_json":
            return _form_text(part, body.form)
        case "method" | "path" | "query":
            return str(getattr(request, part.kind))
        case _:
            return None


def _form_text(part: Part, form: Mapping[str, str]) -> str | None:
    if part.kind == "form":
        return form.get(part.name)
    field, _, path = part.name.partition(".")
    return scalar_text(json_at(parse_json(form.get(field, "").encode()), path))


def _header_text(request: ReceivedRequest, name: str) -> str | None:
    values = request.header_values(name)
    if not values or len(values[0]) > HEADER_LENGTH_MAX:
        return None
    return values[0].decode("utf-8", "replace").strip()

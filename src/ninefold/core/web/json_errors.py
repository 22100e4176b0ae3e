"""What is wrong with a JSON text, as errors that name the field, the reason and the remedy."""

import re
from typing import Any, Final

import msgspec

from ninefold.core.errors import InvalidInputError, NinefoldError
from ninefold.core.web.choices import choices_at
from ninefold.core.web.errors import BadJsonError
from ninefold.core.web.json_parts import find_unpaired_surrogate
from ninefold.core.web.reasons import in_json_words

JSON_DEPTH_MAX: Final = 500
"""Lists and objects inside each other in one JSON text; msgspec's own limit depends on who calls it."""

# The forms of msgspec's messages, such as "Expected `str`, got `int` - at `$.event_types[0]`". A field's name may hold
# anything, backticks and what looks like a path included; only the path at the very end is one.
_PATH: Final = re.compile(r" - at `(?:key in )?\$(?P<path>[^`]*)`$")
_NAMED_FIELD: Final = re.compile(
    r"^Object (?P<what>contains unknown|missing required) field `(?P<name>.*?)`(?: - at `\$(?P<path>[^`]*)`)?$",
    re.DOTALL,
)
_FIELD_NAME_SHOWN_MAX: Final = 100

_TRUNCATED: Final = "Input data was truncated"
# What msgspec says of half a character, which it takes for an escape that is cut off.
_SURROGATE_REASONS: Final = ("surrogate", "hex escape", _TRUNCATED)


def bad_json(error: Exception, content: bytes, *, path: str) -> NinefoldError:
    """Return the error for a text that isn't JSON in UTF-8, or that can't be decoded.

    Args:
        error: what the decoder raised.
        content: the text.
        path: where in the request it stands; empty for a whole body.
    """
    owner, field = path or "The body", path or None
    match error:
        case UnicodeDecodeError():
            return BadJsonError(
                f"{owner} isn't UTF-8 (byte {error.start}).", field=field, remedy="JSON is always sent in UTF-8."
            )
        case RecursionError():
            return nested_too_deeply(path=path)
    reason = str(error).removeprefix("JSON is malformed: ")
    if any(word in reason for word in _SURROGATE_REASONS) and (found := find_unpaired_surrogate(content)):
        position, escape = found
        return BadJsonError(
            f"{owner} has half a character, the unpaired surrogate {escape} (byte {position}), "
            "which no text in UTF-8 can hold.",
            field=field,
            remedy="Send both halves, or neither; a text that is cut may not be cut inside a character.",
        )
    if reason == _TRUNCATED:
        reason = f"it ends too early (byte {len(content)})"
    return BadJsonError(f"{owner} isn't JSON: {reason}.", field=field, remedy="Check its commas, quotes and ends.")


def nested_too_deeply(*, path: str) -> BadJsonError:
    """Return the error for a text with more than `JSON_DEPTH_MAX` levels."""
    return BadJsonError(
        f"{path or 'The body'} is nested deeper than {JSON_DEPTH_MAX} levels.",
        field=path or None,
        remedy=f"Put at most {JSON_DEPTH_MAX} lists and objects inside each other.",
    )


def invalid_input(message: str, kind: Any, *, path: str) -> InvalidInputError:
    """Return the error for a text that doesn't fit its type.

    Args:
        message: msgspec's.
        kind: the type.
        path: where in the request the text stands; empty for a whole body.
    """
    if named := _NAMED_FIELD.match(message):
        return _wrong_field(
            join_path(path, named["path"] or "", named["name"][:_FIELD_NAME_SHOWN_MAX]),
            is_missing=named["what"] == "missing required",
        )
    at = _PATH.search(message)
    inner = at["path"] if at else ""
    reason = in_json_words(_PATH.sub("", message), choices=choices_at(kind, inner))
    field = join_path(path, inner)
    return InvalidInputError(
        f"{field or 'The body'}: {reason}.",
        field=field or None,
        remedy="Correct the value; /docs describes each field.",
    )


def refuse_nul(value: object, *, path: str) -> None:
    """Raise an error for the first text that holds a NUL character.

    Raises:
        InvalidInputError: there is one.
    """
    match value:
        case str():
            if "\0" in value:
                raise InvalidInputError(
                    f"{path or 'The body'} holds a NUL character (\\u0000).",
                    field=path or None,
                    remedy="Take it out; PostgreSQL can't store it in text.",
                )
        case list() | tuple() | set() | frozenset():
            for index, item in enumerate(value):
                refuse_nul(item, path=f"{path}[{index}]")
        case dict():
            for key, item in value.items():
                refuse_nul(key, path=path)
                refuse_nul(item, path=join_path(path, str(key)))
        case msgspec.Struct():
            for name in value.__struct_fields__:
                refuse_nul(getattr(value, name), path=join_path(path, name))


def join_path(*parts: str) -> str:
    """Return the path of a field inside other fields: `events[3]` and `payload` make `events[3].payload`."""
    bare = [part.removeprefix(".") for part in parts if part]
    return "".join(part if part.startswith("[") else f".{part}" for part in bare).removeprefix(".")


def _wrong_field(field: str, *, is_missing: bool) -> InvalidInputError:
    if is_missing:
        return InvalidInputError(f"{field} is missing.", field=field, remedy="Add it.")
    return InvalidInputError(
        f"{field or 'A field without a name'} isn't a field that is known here.",
        field=field or None,
        remedy="Take it out, or correct its name; /docs lists the fields.",
    )

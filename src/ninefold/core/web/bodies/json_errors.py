"""Errors for invalid JSON: each names the field, the reason and the remedy."""

from typing import Any, Final

import msgspec

from ninefold.core.allowed_values import allowed_values_at, pattern_words_at
from ninefold.core.errors import InvalidInputError
from ninefold.core.validation_messages import in_plain_words
from ninefold.core.web.bodies.json_scan import find_unpaired_surrogate, path_of_byte, path_of_level
from ninefold.core.web.errors import BadJsonError

JSON_DEPTH_MAX: Final = 500
"""Nesting levels of lists and objects in one JSON text. msgspec's own limit depends on the depth of the call stack."""

_FIELD_NAME_SHOWN_MAX: Final = 100


def bad_json(error: Exception, content: bytes, *, path: str) -> BadJsonError:
    """Return the error for text that isn't JSON in UTF-8, or can't be decoded.

    Args:
        error: what the decoder raised.
        content: the text.
        path: where the text is in the request; empty for a whole body.
    """
    match error:
        case RecursionError():
            return nested_too_deeply(content, path=path)
        case UnicodeDecodeError():
            position, problem, remedy = error.start, "isn't UTF-8", "Encode the JSON as UTF-8."
        case _:
            position, problem, remedy = _malformed(str(error), content)
    inner = path_of_byte(content, position)
    place = f"byte {position}, at {inner}" if inner else f"byte {position}"
    return BadJsonError(
        f"{path or 'The body'} {problem} ({place}).", field=join_path(path, inner) or None, remedy=remedy
    )


def nested_too_deeply(content: bytes, *, path: str) -> BadJsonError:
    """Return the error for text with more than `JSON_DEPTH_MAX` nesting levels."""
    inner = path_of_level(content, JSON_DEPTH_MAX)
    return BadJsonError(
        f"{path or 'The body'} is nested more than {JSON_DEPTH_MAX} levels deep{f', at {inner}' if inner else ''}.",
        field=join_path(path, inner) or None,
        remedy=f"Nest lists and objects at most {JSON_DEPTH_MAX} levels deep.",
    )


def invalid_input(message: str, kind: Any, *, path: str) -> InvalidInputError:
    """Return the error for JSON that doesn't match its type.

    Args:
        message: the message of msgspec's error, such as "Expected `str`, got `int` - at `$.event_types[0]`".
        kind: the type that was expected.
        path: where the JSON is in the request; empty for a whole body.
    """
    reason, _, at = message.partition(" - at `")
    inner = at.removesuffix("`").removeprefix("key in ").removeprefix("$")
    what, _, name = reason.partition(" field `")
    field = join_path(path, inner, name.removesuffix("`")[:_FIELD_NAME_SHOWN_MAX])
    match what:
        case "Object missing required":
            detail, remedy = f"{field} is missing.", "Add it."
        case "Object contains unknown":
            detail = f"{field or 'A field without a name'} isn't a known field."
            remedy = "Remove it or correct its name; /docs lists the fields."
        case _:
            words = in_plain_words(
                reason, allowed_values=allowed_values_at(kind, inner), pattern_words=pattern_words_at(kind, inner)
            )
            detail, remedy = f"{field or 'The body'}: {words}.", "Correct the value; /docs describes each field."
    return InvalidInputError(detail, field=field or None, remedy=remedy)


def refuse_nul(value: object, *, path: str) -> None:
    """Raise an error if a string in a value contains a NUL character.

    Raises:
        InvalidInputError: a string contains one; names its field.
    """
    match value:
        case str():
            if "\0" in value:
                raise InvalidInputError(
                    f"{path or 'The body'} contains a NUL character (\\u0000).",
                    field=path or None,
                    remedy="Remove it; PostgreSQL can't store it.",
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
    """Join the parts of a field's path: `events[3]` and `payload` become `events[3].payload`."""
    bare = [part.removeprefix(".") for part in parts if part]
    return "".join(part if part.startswith("[") else f".{part}" for part in bare).removeprefix(".")


def _malformed(message: str, content: bytes) -> tuple[int, str, str]:
    """Return position, problem and remedy for a message such as "JSON is malformed: invalid number (byte 24)"."""
    reason, _, byte = message.removeprefix("JSON is malformed: ").removesuffix(")").partition(" (byte ")
    position = int(byte) if byte else len(content)
    surrogate = find_unpaired_surrogate(content)
    # For an unpaired surrogate, msgspec reports a truncated escape or text, at the position after the surrogate.
    if surrogate and surrogate[0] < position:
        position, escape = surrogate
        problem = f"can't be encoded in UTF-8: it has the unpaired surrogate {escape}"
        remedy = "Send both surrogates of the pair or neither; truncate text between characters, not inside one."
        return position, problem, remedy
    reason = "it ends too early" if reason == "Input data was truncated" else reason
    return position, f"isn't JSON: {reason}", "Check its commas, quotes and closing brackets."

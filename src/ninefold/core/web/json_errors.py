"""What is wrong with a JSON text, as errors that name the field, the reason and the remedy."""

from typing import Any, Final

import msgspec

from ninefold.core.errors import InvalidInputError
from ninefold.core.web.choices import choices_at
from ninefold.core.web.errors import BadJsonError
from ninefold.core.web.json_scan import find_unpaired_surrogate, path_of_byte, path_of_level
from ninefold.core.web.reasons import in_json_words

JSON_DEPTH_MAX: Final = 500
"""Lists and objects inside each other in one JSON text; msgspec's own limit depends on who calls it."""

_FIELD_NAME_SHOWN_MAX: Final = 100


def bad_json(error: Exception, content: bytes, *, path: str) -> BadJsonError:
    """Return the error for a text that isn't JSON in UTF-8, or that can't be decoded.

    Args:
        error: what the decoder raised.
        content: the text.
        path: where in the request it stands; empty for a whole body.
    """
    match error:
        case RecursionError():
            return nested_too_deeply(content, path=path)
        case UnicodeDecodeError():
            position, problem, remedy = error.start, "isn't UTF-8", "JSON is always sent in UTF-8."
        case _:
            position, problem, remedy = _malformed(str(error), content)
    inner = path_of_byte(content, position)
    place = f"byte {position}, at {inner}" if inner else f"byte {position}"
    return BadJsonError(
        f"{path or 'The body'} {problem} ({place}).", field=join_path(path, inner) or None, remedy=remedy
    )


def nested_too_deeply(content: bytes, *, path: str) -> BadJsonError:
    """Return the error for a text with more than `JSON_DEPTH_MAX` levels."""
    inner = path_of_level(content, JSON_DEPTH_MAX)
    return BadJsonError(
        f"{path or 'The body'} is nested deeper than {JSON_DEPTH_MAX} levels{f', at {inner}' if inner else ''}.",
        field=join_path(path, inner) or None,
        remedy=f"Put at most {JSON_DEPTH_MAX} lists and objects inside each other.",
    )


def invalid_input(message: str, kind: Any, *, path: str) -> InvalidInputError:
    """Return the error for a text that doesn't fit its type.

    Args:
        message: msgspec's, such as "Expected `str`, got `int` - at `$.event_types[0]`".
        kind: the type.
        path: where in the request the text stands; empty for a whole body.
    """
    reason, _, at = message.partition(" - at `")
    inner = at.removesuffix("`").removeprefix("key in ").removeprefix("$")
    what, _, name = reason.partition(" field `")
    field = join_path(path, inner, name.removesuffix("`")[:_FIELD_NAME_SHOWN_MAX])
    match what:
        case "Object missing required":
            detail, remedy = f"{field} is missing.", "Add it."
        case "Object contains unknown":
            detail = f"{field or 'A field without a name'} isn't a field that is known here."
            remedy = "Remove it, or correct its name; /docs lists the fields."
        case _:
            words = in_json_words(reason, choices=choices_at(kind, inner))
            detail, remedy = f"{field or 'The body'}: {words}.", "Correct the value; /docs describes each field."
    return InvalidInputError(detail, field=field or None, remedy=remedy)


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
                    remedy="Remove it; PostgreSQL can't store it in text.",
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


def _malformed(message: str, content: bytes) -> tuple[int, str, str]:
    """Return the position, the problem and the remedy of msgspec's "JSON is malformed: invalid number (byte 24)"."""
    reason, _, byte = message.removeprefix("JSON is malformed: ").removesuffix(")").partition(" (byte ")
    position = int(byte) if byte else len(content)
    surrogate = find_unpaired_surrogate(content)
    # Of half a character msgspec says that an escape or the text is cut off, and where it would have gone on.
    if surrogate and surrogate[0] < position:
        position, escape = surrogate
        problem = f"has half a character, which no text in UTF-8 can hold: the unpaired surrogate {escape}"
        remedy = "Send both halves, or neither; a text that is cut may not be cut inside a character."
        return position, problem, remedy
    reason = "it ends too early" if reason == "Input data was truncated" else reason
    return position, f"isn't JSON: {reason}", "Check its commas, quotes and ends."

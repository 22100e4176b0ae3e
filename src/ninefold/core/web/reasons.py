"""msgspec's reasons for refusing a value, in the words of JSON: "expected `int`" means nothing to who writes Go."""

import re
from typing import Final

_JSON_TYPE_NAMES: Final = {
    "`str`": "a string",
    "`int`": "an integer",
    "`float`": "a number",
    "`bool`": "a boolean",
    "`array`": "a list",
    "`object`": "an object",
    "`null`": "null",
}
_TYPE_NAME: Final = re.compile("|".join(_JSON_TYPE_NAMES))


def in_json_words(reason: str) -> str:
    """Return a reason with the names of JSON's types, beginning in lower case, without a full stop."""
    words = _TYPE_NAME.sub(_json_type_name, reason).rstrip(".")
    return words[:1].lower() + words[1:]


def _json_type_name(match: re.Match[str]) -> str:
    return _JSON_TYPE_NAMES[match[0]]

"""The forms in which a secret can appear in a log, besides itself.

Follows actions/runner, `Runner.Common/HostContext.cs` and `DTLogging/ValueEncoders.cs`. Each encoder returns a text to
mask, or an empty one.
"""

import json
import re
from base64 import b64encode
from collections.abc import Callable
from functools import partial
from typing import Final
from urllib.parse import quote
from xml.sax.saxutils import escape

_QUOTED_LENGTH_MIN: Final = 9
"""Characters of a secret in double quotes, quotes included, that is also masked without them."""

_PART_LENGTH_MIN: Final = 6
"""Characters of a part of a secret that is masked on its own; shorter ones would hide innocent text."""

_BASE64_LENGTH_MIN: Final = 8
"""Characters of whole base64 groups that are masked without the rest of the secret."""


_JSON_SPECIAL: Final = re.compile(r'["\\\x00-\x1f\x85\u2028\u2029]')
_JSON_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}


def encodings_of(secret: str) -> set[str]:
    """Return all texts to mask for a secret: itself and its encodings."""
    return {text for text in (secret, *[encode(secret) for encode in ENCODERS]) if text}


def _base64(value: str, shift: int) -> str:
    content = value.encode("utf-8", "replace")
    return b64encode(content[shift:] if len(content) > shift else content).decode()


def _base64_groups(value: str, shift: int) -> str:
    """Return the base64 groups that don't depend on what follows the secret, such as a line feed."""
    content = value.encode("utf-8", "replace")[shift:]
    text = b64encode(content[: len(content) - len(content) % 3]).decode()
    return text if len(text) >= _BASE64_LENGTH_MIN else ""


def _command_line_argument(value: str) -> str:
    return value.replace('"', '\\"')


def _expression_string(value: str) -> str:
    return value.replace("'", "''")


def _json_string(value: str) -> str:
    return _JSON_SPECIAL.sub(_json_character, value)


def _json_character(match: re.Match[str]) -> str:
    character = match[0]
    return _JSON_ESCAPES.get(character) or f"\\u{ord(character):04x}"


def _ascii_json_string(value: str) -> str:
    """Return the text in JSON of Python and others, which escape all that isn't ASCII."""
    return json.dumps(value)[1:-1]


def _uri_data(value: str) -> str:
    return quote(value, safe="~", errors="replace")


def _xml_data(value: str) -> str:
    return escape(value, {'"': "&quot;", "'": "&apos;"})


def _without_quotes(value: str) -> str:
    is_quoted = len(value) >= _QUOTED_LENGTH_MIN and value.startswith('"') and value.endswith('"')
    return value[1:-1] if is_quoted else ""


def _before_ampersand(value: str) -> str:
    """Return the first part that PowerShell shows if it takes the secret for a command."""
    before, separator, _ = value.partition("&+") if "&+" in value else value.rpartition("&")
    part = before + separator
    return part if separator and len(part) >= _PART_LENGTH_MIN else ""


def _after_ampersand(value: str) -> str:
    """Return the last part that PowerShell shows if it takes the secret for a command.

    After `&+`, PowerShell colours the first character, so that the part begins with the second.
    """
    after = value.partition("&+")[2][1:] if "&+" in value else value.rpartition("&")[2]
    part = after if "&" in value else ""
    return part if len(part) >= _PART_LENGTH_MIN else ""


ENCODERS: Final[tuple[Callable[[str], str], ...]] = (
    *[partial(_base64, shift=shift) for shift in range(3)],
    *[partial(_base64_groups, shift=shift) for shift in range(3)],
    _command_line_argument,
    _expression_string,
    _json_string,
    _ascii_json_string,
    _uri_data,
    _xml_data,
    _without_quotes,
    _before_ampersand,
    _after_ampersand,
)
"""Those of the runner, and base64 without the end, which differs if the secret is encoded with what follows it."""

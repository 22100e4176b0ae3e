"""New ids as Slack's API shows them: a letter for the kind, and ten random characters."""

import secrets
import string
from typing import Final, Literal

_ALPHABET: Final = string.digits + string.ascii_uppercase
_LENGTH: Final = 10


def new_slack_id(letter: Literal["A", "B", "C", "D", "F", "G", "T", "U", "V"]) -> str:
    """Return a new id with 51 random bits, such as `U…` of a user or `C…` of a channel."""
    return letter + "".join(secrets.choice(_ALPHABET) for _ in range(_LENGTH))

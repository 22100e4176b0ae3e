"""The limits of messaging, and the forms of names."""

import re
from datetime import timedelta
from typing import Final

TEXT_LENGTH_MAX: Final = 40_000
BLOCKS_MAX: Final = 50
CLIENT_MSG_ID_LENGTH_MAX: Final = 64
TOPIC_LENGTH_MAX: Final = 250
PERSON_NAME_LENGTH_MAX: Final = 80

MEMBER_NAME_PATTERN: Final = r"^[a-z0-9._-]{1,80}$"
CHANNEL_NAME_PATTERN: Final = r"^[a-z0-9_-]{1,80}$"
EMOJI_PATTERN: Final = r"^[a-z0-9_+'-]{1,100}(::skin-tone-[2-6])?$"

REACTIONS_OF_MESSAGE_MAX: Final = 50
"""Different emoji on one message."""

GROUP_MEMBERS_MAX: Final = 9
"""Members of a group conversation, with the one who opens it; larger ones are private channels."""

UNREAD_SHOWN_MAX: Final = 1_000
"""Unread messages are counted up to this number."""

FILE_NAME_LENGTH_MAX: Final = 255
FILES_OF_MESSAGE_MAX: Final = 10
FILE_SHARES_MAX: Final = 100
"""Messages that one file can be in."""

READERS_SHOWN_MAX: Final = 50
"""Those who have read a message are named up to this number."""

READERS_COUNTED_MAX: Final = 1_000

READ_SIGNALS_MEMBERS_MAX: Final = 100
"""In larger channels, nobody is told at once who has read something: each message would cause thousands of signals."""

ACTIVE_FOR: Final = timedelta(minutes=10)
"""How long a member counts as there after it has done something: for `@here`, and for its presence."""

PRESENCES_MAX: Final = 100
"""Members whose presence is shown at once."""

MEMBER_NAME: Final = re.compile(MEMBER_NAME_PATTERN)
CHANNEL_NAME: Final = re.compile(CHANNEL_NAME_PATTERN)
EMOJI: Final = re.compile(EMOJI_PATTERN)

_NOT_IN_MEMBER_NAMES: Final = re.compile(r"[^a-z0-9._-]+")


def member_name_from(text: str) -> str:
    """Return a name that is as close as possible to what a person is called; empty if nothing of it is possible."""
    return _NOT_IN_MEMBER_NAMES.sub("_", text.lower()).strip("_")[:80]

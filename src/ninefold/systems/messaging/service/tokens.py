"""The kinds of tokens, with the beginnings that Slack's clients expect."""

import re
from typing import Final

from ninefold.core.tenancy.kinds import PUBLIC_LENGTH, SECRET_LENGTH, CredentialKind, random_text


def _slack_kind(marker: str, *, name: str, label: str, id_prefix: str, remedy: str, is_for_api: bool) -> CredentialKind:
    """Return a kind whose texts are `xoxb-AbC123xy-…`: a marker, a public part, and a secret of 256 random bits."""
    return CredentialKind(
        name=name,
        label=label,
        id_prefix=id_prefix,
        new_text=lambda: f"{marker}-{random_text(PUBLIC_LENGTH)}-{random_text()}",
        pattern=re.compile(rf"(?P<prefix>{marker}-[A-Za-z0-9]{{{PUBLIC_LENGTH}}})-[A-Za-z0-9]{{{SECRET_LENGTH}}}"),
        remedy=remedy,
        is_for_api=is_for_api,
    )


BOT_TOKEN: Final = _slack_kind(
    "xoxb",
    name="slack_bot",
    label="bot token",
    id_prefix="sbot",
    remedy="Create an app with `ninefold messaging apps create`, and send its bot token as `Bearer xoxb-…`.",
    is_for_api=True,
)
"""Acts for the bot of an app."""

USER_TOKEN: Final = _slack_kind(
    "xoxp",
    name="slack_user",
    label="user token",
    id_prefix="susr",
    remedy="Create a member with `ninefold messaging members create`, and send its token as `Bearer xoxp-…`.",
    is_for_api=True,
)
"""Acts for a member."""

APP_TOKEN: Final = _slack_kind(
    "xapp",
    name="slack_app",
    label="app token",
    id_prefix="sapp",
    remedy="Create an app with `ninefold messaging apps create`, and send its app token as `Bearer xapp-…`.",
    is_for_api=False,
)
"""Opens the connection of an app."""

TOKEN_KINDS: Final = (BOT_TOKEN, USER_TOKEN, APP_TOKEN)

"""Kinds of credentials as foreign protocols and sessions have them, for the tests."""

import re

from ninefold.core.tenancy.kinds import CredentialKind, random_text

BOT_TOKEN = CredentialKind(
    name="bot_token",
    label="bot token",
    id_prefix="bot",
    new_text=lambda: f"xoxb-2147483647-{random_text(24)}",
    form=re.compile(r"(?P<prefix>xoxb-[0-9]{10})-[A-Za-z0-9]{24}"),
    remedy="Install the app again.",
)
"""As a chat platform has them: the public part is a number."""

PUBLISHABLE_KEY = CredentialKind(
    name="publishable_key",
    label="publishable key",
    id_prefix="pub",
    new_text=lambda: f"pk_test_{random_text(24)}",
    form=re.compile(r"(?P<prefix>pk_test_[A-Za-z0-9]{24})"),
    remedy="Copy it from the settings page.",
)
"""As a payment processor has them: anybody may see all of it."""

SESSION = CredentialKind(
    name="session",
    label="session",
    id_prefix="ses",
    new_text=lambda: random_text(50),
    form=re.compile(r"(?P<prefix>[A-Za-z0-9]{4})[A-Za-z0-9]{46}"),
    remedy="Sign in.",
)
"""As a cookie has them: no mark, a person, and an end."""

SHORT_KEY = CredentialKind(
    name="short_key",
    label="short key",
    id_prefix="shk",
    new_text=lambda: f"sk-{random_text(40)}",
    form=re.compile(r"(?P<prefix>sk-[A-Za-z0-9]{4})[A-Za-z0-9]{36}"),
    remedy="Make another.",
)
"""As a model provider has them."""

FOREIGN_KINDS = [BOT_TOKEN, PUBLISHABLE_KEY, SESSION, SHORT_KEY]

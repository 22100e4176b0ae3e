"""The kinds of credentials of people: sessions, personal tokens, and one-time links.

A link is a page of the console and the text of its credential, which is after the `#`. Browsers don't send that part to
servers, so it is in no access log.
"""

from typing import Final

from ninefold.core.tenancy.errors import (
    SessionExpiredError,
    SessionInvalidError,
    SessionMissingError,
    SessionRevokedError,
)
from ninefold.core.tenancy.kinds import CredentialErrors, CredentialKind, marked_kind

SESSION: Final = marked_kind(
    "nfs",
    name="session",
    label="session",
    id_prefix="ses",
    remedy="Sign in again.",
    errors=CredentialErrors(
        missing=SessionMissingError,
        invalid=SessionInvalidError,
        revoked=SessionRevokedError,
        expired=SessionExpiredError,
    ),
    is_personal=True,
)
"""The cookie of a person who is signed in in a browser."""

PERSONAL_TOKEN: Final = marked_kind(
    "nfp",
    name="personal_token",
    label="personal token",
    id_prefix="ptk",
    remedy="Create another personal token, and send it as `Authorization: Bearer nfp_…`.",
    is_personal=True,
)
"""The credential of a person's own programs, for one organisation and with a role."""

SETUP_LINK: Final = marked_kind(
    "nfl",
    name="setup_link",
    label="set-up link",
    id_prefix="stl",
    remedy="`ninefold accounts create` creates an account without a link.",
)
"""Creates the first account."""

INVITATION_LINK: Final = marked_kind(
    "nfi",
    name="invitation_link",
    label="invitation",
    id_prefix="inv",
    remedy="Ask for another invitation.",
)
"""Makes a person a member of an organisation."""

PASSWORD_LINK: Final = marked_kind(
    "nfr",
    name="password_link",
    label="password link",
    id_prefix="pwl",
    remedy="Ask the operator for another one: `ninefold accounts reset-link`.",
)
"""Lets a person choose a new password."""

PERSONAL_KINDS: Final[tuple[CredentialKind, ...]] = (
    SESSION,
    PERSONAL_TOKEN,
    SETUP_LINK,
    INVITATION_LINK,
    PASSWORD_LINK,
)
"""All kinds of credentials of people."""

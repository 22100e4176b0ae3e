"""One-time links: they are valid until they are used, are revoked, or expire."""

from datetime import timedelta
from typing import Final

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.errors import LinkInvalidError
from ninefold.core.tenancy.kinds import CredentialKind, digest_text
from ninefold.core.tenancy.personal_kinds import INVITATION_LINK, PASSWORD_LINK, SETUP_LINK
from ninefold.core.tenancy.store.credentials import Link, credential_find_link, credential_use_link

SETUP_LINK_LIFETIME: Final = timedelta(days=7)
PASSWORD_LINK_LIFETIME: Final = timedelta(days=1)

_PAGES: Final = {
    SETUP_LINK.name: "/setup",
    INVITATION_LINK.name: "/invitation",
    PASSWORD_LINK.name: "/password-reset",
}
"""The pages of the console that links lead to."""


async def find_link(connection: Connection, kind: CredentialKind, text: str) -> Link:
    """Return what a link is for, without using it. Do this before costly work, such as hashing a password.

    Raises:
        LinkInvalidError: there is no such link, or it was used, was revoked or has expired.
    """
    found = None
    if kind.prefix_of(text) is not None:
        found = await credential_find_link(connection, kind=kind.name, digest=digest_text(text))
    if found is None:
        raise _invalid(kind)
    return found


async def use_link(connection: Connection, kind: CredentialKind, text: str) -> Link:
    """Use a link, which is then invalid. If the transaction is rolled back, it stays valid.

    Raises:
        LinkInvalidError: as `find_link`.
    """
    used = None
    if kind.prefix_of(text) is not None:
        used = await credential_use_link(connection, kind=kind.name, digest=digest_text(text))
    if used is None:
        raise _invalid(kind)
    return used


def link_url(base_url: str, kind: CredentialKind, text: str) -> str:
    """Return the address of a link: `https://…/invitation#nfi_…`."""
    return f"{base_url.rstrip('/')}{_PAGES[kind.name]}#{text}"


def _invalid(kind: CredentialKind) -> LinkInvalidError:
    return LinkInvalidError(
        f"This {kind.label} doesn't exist, was used already, was revoked or has expired.",
        field="token",
        remedy=kind.remedy,
    )

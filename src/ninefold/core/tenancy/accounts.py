"""Accounts of people: creating and disabling them, their passwords, and their links."""

import re
from typing import Final
from uuid import UUID

from ninefold.core.ids import format_id, new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.errors import (
    AccountExistsError,
    AccountNotFoundError,
    InvalidEmailError,
    SetUpError,
)
from ninefold.core.tenancy.kinds import digest_text
from ninefold.core.tenancy.links import PASSWORD_LINK_LIFETIME, SETUP_LINK_LIFETIME, use_link
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Account, AccountSummary, CreatedLink
from ninefold.core.tenancy.personal_kinds import PASSWORD_LINK, SETUP_LINK
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import LIST_LENGTH_MAX, checked_name, create_credential
from ninefold.core.tenancy.sessions import end_sessions
from ninefold.core.tenancy.store import accounts as store
from ninefold.core.tenancy.store.credentials import (
    credential_insert_of_account,
    credential_revoke_of_account,
    credential_revoke_of_kind,
)
from ninefold.core.tenancy.store.memberships import membership_insert

EMAIL_LENGTH_MAX: Final = 254
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s]{1,253}")


def checked_email(email: str) -> str:
    """Return a mail address in lower case.

    Raises:
        InvalidEmailError: it isn't one.
    """
    stripped = email.strip().lower()
    if not _EMAIL.fullmatch(stripped) or len(stripped) > EMAIL_LENGTH_MAX or not stripped.isprintable():
        raise InvalidEmailError("The mail address is invalid.", field="email", remedy="Write it as name@example.com.")
    return stripped


async def create_account(connection: Connection, *, email: str, name: str | None = None) -> Account:
    """Create an account without a password and without memberships.

    Args:
        connection: a connection to the database.
        email: the mail address, which identifies the account.
        name: the person's name; by default the part of the mail address before the `@`.

    Raises:
        InvalidEmailError: the mail address is invalid.
        InvalidNameError: the name is empty or too long.
        AccountExistsError: another account has the mail address.
    """
    checked = checked_email(email)
    name = checked_name(checked.partition("@")[0] if name is None else name)
    account = await store.account_insert(connection, account_id=new_id(), email=checked, name=name)
    if account is None:
        raise AccountExistsError(
            f"There is an account with the mail address {checked}.",
            field="email",
            remedy="Sign in with it, or use another mail address.",
        )
    return account


async def get_account(connection: Connection, account_id: UUID) -> Account:
    """Return an account.

    Raises:
        AccountNotFoundError: there is none.
    """
    account = await store.account_find(connection, account_id=account_id)
    if account is None:
        raise no_account(account_id)
    return account


async def find_account(connection: Connection, *, email: str) -> Account | None:
    """Return the account with a mail address; None if there is none, or the text isn't a mail address."""
    return await store.account_find_by_email(connection, email=email.strip().lower())


async def list_accounts(connection: Connection) -> list[AccountSummary]:
    """Return all accounts with their memberships, oldest first, at most `LIST_LENGTH_MAX`."""
    return await store.account_list(connection, limit=LIST_LENGTH_MAX)


async def has_accounts(connection: Connection) -> bool:
    """Return whether there is any account."""
    return await store.account_exists(connection)


async def rename_account(connection: Connection, account_id: UUID, *, name: str) -> Account:
    """Change the name of an account.

    Raises:
        InvalidNameError: the name is empty or too long.
    """
    await store.account_set_name(connection, account_id=account_id, name=checked_name(name))
    return await get_account(connection, account_id)


async def set_account_disabled(connection: Connection, account_id: UUID, *, is_disabled: bool) -> Account:
    """Disable an account, which ends its sessions and refuses its tokens; or enable it again.

    Raises:
        AccountNotFoundError: there is none.
    """
    account = await store.account_set_disabled(connection, account_id=account_id, is_disabled=is_disabled)
    if account is None:
        raise no_account(account_id)
    if is_disabled:
        await end_sessions(connection, account_id=account_id)
    return account


async def set_password(
    connection: Connection, account_id: UUID, *, password_hash: str, kept_session_id: UUID | None = None
) -> None:
    """Change the password of an account. All its sessions but one end, and its password links become invalid."""
    await store.account_set_password(connection, account_id=account_id, password_hash=password_hash)
    await credential_revoke_of_account(connection, account_id=account_id, kinds=[PASSWORD_LINK.name])
    await end_sessions(connection, account_id=account_id, kept_id=kept_session_id)


async def create_password_link(connection: Connection, account_id: UUID) -> CreatedLink:
    """Create a one-time link with which a person chooses a new password. Earlier ones become invalid."""
    await credential_revoke_of_account(connection, account_id=account_id, kinds=[PASSWORD_LINK.name])
    text, prefix = PASSWORD_LINK.new_credential()
    link_id = new_id()
    expires_at = await credential_insert_of_account(
        connection,
        credential_id=link_id,
        kind=PASSWORD_LINK.name,
        prefix=prefix,
        digest=digest_text(text),
        organisation_id=None,
        account_id=account_id,
        name=PASSWORD_LINK.label,
        created_from=None,
        expires_in=PASSWORD_LINK_LIFETIME,
    )
    return CreatedLink(text=text, credential_id=link_id, expires_at=expires_at)


async def use_password_link(connection: Connection, text: str, *, password_hash: str) -> Account:
    """Change the password of the account of a link.

    Raises:
        LinkInvalidError: the link isn't valid.
    """
    used = await use_link(connection, PASSWORD_LINK, text)
    assert used.account_id is not None
    await set_password(connection, used.account_id, password_hash=password_hash)
    return await get_account(connection, used.account_id)


async def create_setup_link(connection: Connection, *, organisation_id: UUID) -> CreatedLink:
    """Create the one-time link that creates the first account, as an owner of an organisation."""
    created = await create_credential(
        connection,
        SETUP_LINK,
        organisation_id=organisation_id,
        name=SETUP_LINK.label,
        scopes=frozenset(),
        expires_in=SETUP_LINK_LIFETIME,
    )
    assert created.expires_at is not None
    return CreatedLink(text=created.text, credential_id=created.credential_id, expires_at=created.expires_at)


async def use_setup_link(connection: Connection, text: str, *, email: str, name: str, password_hash: str) -> Account:
    """Create the first account, as an owner of the organisation of a set-up link.

    Raises:
        LinkInvalidError: the link isn't valid.
        SetUpError: there is an account already.
        InvalidEmailError: the mail address is invalid.
        InvalidNameError: the name is empty or too long.
    """
    await store.account_lock_all(connection)
    used = await use_link(connection, SETUP_LINK, text)
    if await store.account_exists(connection):
        raise SetUpError("There is an account already.", remedy="Sign in, or ask an owner for an invitation.")
    assert used.organisation_id is not None
    account = await create_account(connection, email=email, name=name)
    await set_password(connection, account.account_id, password_hash=password_hash)
    await membership_insert(
        connection, organisation_id=used.organisation_id, account_id=account.account_id, role=Role.OWNER
    )
    await credential_revoke_of_kind(connection, kind=SETUP_LINK.name)
    return await get_account(connection, account.account_id)


def no_account(account_id: UUID) -> AccountNotFoundError:
    """Return the error for an account that doesn't exist."""
    return AccountNotFoundError(
        f"There is no account {format_id(ACCOUNT_PREFIX, account_id)}.",
        remedy="`ninefold accounts list` lists the accounts.",
    )

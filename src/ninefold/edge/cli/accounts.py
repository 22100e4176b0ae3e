"""`ninefold accounts …`: like `ninefold keys`, these commands connect to the database."""

import asyncio
import sys
from collections.abc import Awaitable, Callable, Mapping
from getpass import getpass
from typing import Final, TypeVar
from uuid import UUID

import cyclopts

from ninefold.core.commands import print_fields, print_json, print_note, print_table
from ninefold.core.config import CoreSettings, server_url
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import accounts as service
from ninefold.core.tenancy import members, second_factor, sign_in
from ninefold.core.tenancy.errors import AccountNotFoundError
from ninefold.core.tenancy.links import PASSWORD_LINK_LIFETIME, link_url
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, ORGANISATION_PREFIX, Account, AccountSummary
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.tenancy.personal_kinds import PASSWORD_LINK
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import first_organisation_id, get_organisation
from ninefold.edge.cli.auditing import record_command
from ninefold.edge.cli.organisations import parse_organisation_id
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_transaction

T = TypeVar("T")

_APPLICATION_NAME: Final = "ninefold accounts"
_LINK_NOTE: Final = (
    f"The link is shown only once, and is valid for {PASSWORD_LINK_LIFETIME.total_seconds() / 3600:.0f} hours. "
    "With it, the person chooses a password."
)

accounts = cyclopts.App(name="accounts")


@accounts.command
def create(
    email: str,
    /,
    *,
    name: str | None = None,
    organisation: str | None = None,
    role: Role = Role.OWNER,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """Create an account, and print a link with which the person chooses a password.

    Args:
        email: The person's mail address, which is used to sign in. No mail is sent to it.
        name: The person's name; by default the part of the mail address before the @.
        organisation: Organisation that the person becomes a member of; by default the first.
        role: What the person is allowed to do there.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation_id = None if organisation is None else parse_organisation_id(organisation)

    async def run(connection: Connection) -> tuple[Account, UUID, str]:
        joined_id = organisation_id or await first_organisation_id(connection)
        await get_organisation(connection, joined_id)
        account = await service.create_account(connection, email=email, name=name)
        await members.add_member(connection, organisation_id=joined_id, account_id=account.account_id, role=role)
        link = await service.create_password_link(connection, account.account_id)
        await record_command(
            connection, "ninefold accounts create", organisation_id=joined_id, target_id=_id_of(account)
        )
        return account, joined_id, link.text

    settings = read_core_settings(data_dir=data_dir)
    # An organisation that is named can only be in a database that exists.
    account, joined_id, text = _in_transaction(settings, run, may_create=organisation_id is None)
    shown = {
        "account_id": _id_of(account),
        "email": account.email,
        "name": account.name,
        "organisation_id": format_id(ORGANISATION_PREFIX, joined_id),
        "role": role,
        "url": _link_url(settings, text),
    }
    _show(shown, note=_LINK_NOTE, json=json)


@accounts.command(name="list")
def list_(*, data_dir: DataDir = None, json: Json = False) -> None:
    """List accounts with their organisations and roles, oldest first.

    Args:
        data_dir: see DataDir.
        json: see Json.
    """
    found = _in_transaction(read_core_settings(data_dir=data_dir), service.list_accounts)
    if json:
        print_json([_describe(account) for account in found])
        return
    print_table(
        ["Account", "Mail address", "Name", "Roles", "Password", "Authenticator app", "Disabled at"],
        [
            [
                format_id(ACCOUNT_PREFIX, account.account_id),
                account.email,
                account.name,
                ", ".join(account.memberships),
                "yes" if account.has_password else "not chosen yet",
                "yes" if account.has_totp else "no",
                account.disabled_at,
            ]
            for account in found
        ],
        empty="There are no accounts yet. Create one: ninefold accounts create you@example.com",
    )


@accounts.command
def grant(email: str, role: Role, /, *, organisation: str, data_dir: DataDir = None, json: Json = False) -> None:
    """Make an account a member of an organisation, or change its role there.

    Args:
        email: The mail address of the account.
        role: What the person is allowed to do there.
        organisation: The organisation.
        data_dir: see DataDir.
        json: see Json.
    """
    organisation_id = parse_organisation_id(organisation)

    async def run(connection: Connection) -> Account:
        account = await _find(connection, email)
        await get_organisation(connection, organisation_id)
        await members.set_member(connection, organisation_id=organisation_id, account_id=account.account_id, role=role)
        await record_command(
            connection, "ninefold accounts grant", organisation_id=organisation_id, target_id=_id_of(account)
        )
        return account

    account = _in_transaction(read_core_settings(data_dir=data_dir), run)
    _done(
        {"account_id": _id_of(account), "organisation_id": organisation, "role": role},
        note=f"{account.email} is now {role} of {organisation}.",
        json=json,
    )


@accounts.command(name="reset-link")
def reset_link(email: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Print a link with which a person chooses a new password. It also ends the lock-out after failed sign-ins.

    Args:
        email: The mail address of the account.
        data_dir: see DataDir.
        json: see Json.
    """

    async def run(connection: Connection) -> tuple[Account, str]:
        account = await _find(connection, email)
        link = await service.create_password_link(connection, account.account_id)
        await sign_in.forget_failures(connection, email=account.email)
        await record_command(connection, "ninefold accounts reset-link", target_id=_id_of(account))
        return account, link.text

    settings = read_core_settings(data_dir=data_dir)
    account, text = _in_transaction(settings, run)
    _show({"account_id": _id_of(account), "url": _link_url(settings, text)}, note=_LINK_NOTE, json=json)


@accounts.command(name="set-password")
def set_password(email: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Change a password, which is read from standard input or asked for. All sessions of the account end.

    Args:
        email: The mail address of the account.
        data_dir: see DataDir.
        json: see Json.
    """
    password = getpass("New password: ") if sys.stdin.isatty() else sys.stdin.readline().rstrip("\n")

    async def run(connection: Connection) -> Account:
        account = await _find(connection, email)
        password_hash = await Passwords().hash(password)
        await service.set_password(connection, account.account_id, password_hash=password_hash)
        await record_command(connection, "ninefold accounts set-password", target_id=_id_of(account))
        return account

    account = _in_transaction(read_core_settings(data_dir=data_dir), run)
    _done({"account_id": _id_of(account)}, note=f"Changed the password of {account.email}.", json=json)


@accounts.command(name="remove-totp")
def remove_totp(email: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Remove the authenticator app of a person who has lost it and the recovery codes.

    Args:
        email: The mail address of the account.
        data_dir: see DataDir.
        json: see Json.
    """

    async def run(connection: Connection) -> Account:
        account = await _find(connection, email)
        await second_factor.disable_totp(connection, account.account_id)
        await record_command(connection, "ninefold accounts remove-totp", target_id=_id_of(account))
        return account

    account = _in_transaction(read_core_settings(data_dir=data_dir), run)
    _done({"account_id": _id_of(account)}, note=f"Removed the authenticator app of {account.email}.", json=json)


@accounts.command
def disable(email: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Disable an account: its sessions end, and its personal tokens are refused.

    Args:
        email: The mail address of the account.
        data_dir: see DataDir.
        json: see Json.
    """
    account = _set_disabled(email, is_disabled=True, data_dir=data_dir)
    _done({"account_id": _id_of(account)}, note=f"Disabled {account.email}.", json=json)


@accounts.command
def enable(email: str, /, *, data_dir: DataDir = None, json: Json = False) -> None:
    """Enable an account again.

    Args:
        email: The mail address of the account.
        data_dir: see DataDir.
        json: see Json.
    """
    account = _set_disabled(email, is_disabled=False, data_dir=data_dir)
    _done({"account_id": _id_of(account)}, note=f"Enabled {account.email}.", json=json)


def _set_disabled(email: str, *, is_disabled: bool, data_dir: str | None) -> Account:
    async def run(connection: Connection) -> Account:
        account = await _find(connection, email)
        await service.set_account_disabled(connection, account.account_id, is_disabled=is_disabled)
        command = f"ninefold accounts {'disable' if is_disabled else 'enable'}"
        await record_command(connection, command, target_id=_id_of(account))
        return account

    return _in_transaction(read_core_settings(data_dir=data_dir), run)


def _in_transaction(
    settings: CoreSettings, run: Callable[[Connection], Awaitable[T]], *, may_create: bool = False
) -> T:
    async def open_and_run() -> T:
        async with open_transaction(settings, application_name=_APPLICATION_NAME, may_create=may_create) as connection:
            return await run(connection)

    return asyncio.run(open_and_run())


async def _find(connection: Connection, email: str) -> Account:
    account = await service.find_account(connection, email=email)
    if account is None:
        raise AccountNotFoundError(
            f"There is no account with the mail address {email}.",
            field="email",
            remedy="`ninefold accounts list` lists the accounts.",
        )
    return account


def _show(fields: Mapping[str, object], *, note: str, json: bool) -> None:
    if json:
        print_json(fields)
        return
    print_fields(fields)
    print_note(note)


def _done(fields: Mapping[str, object], *, note: str, json: bool) -> None:
    if json:
        print_json(fields)
    else:
        print_note(note)


def _link_url(settings: CoreSettings, text: str) -> str:
    return link_url(settings.public_url or server_url(settings), PASSWORD_LINK, text)


def _describe(account: AccountSummary) -> dict[str, object]:
    return {
        "account_id": format_id(ACCOUNT_PREFIX, account.account_id),
        "email": account.email,
        "name": account.name,
        "memberships": account.memberships,
        "has_password": account.has_password,
        "has_totp": account.has_totp,
        "created_at": account.created_at,
        "disabled_at": account.disabled_at,
    }


def _id_of(account: Account) -> str:
    return format_id(ACCOUNT_PREFIX, account.account_id)

"""Invitations: a one-time link makes the person with a mail address a member of an organisation.

Ninefold sends no mail: who invites gets the link and passes it on.
"""

from datetime import timedelta
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.accounts import checked_email, create_account, find_account, get_account, set_password
from ninefold.core.tenancy.errors import (
    AccountExistsError,
    InvitationForOtherError,
    InvitationNotFoundError,
)
from ninefold.core.tenancy.links import find_link, use_link
from ninefold.core.tenancy.members import add_member, check_may_grant
from ninefold.core.tenancy.model import Account, CreatedCredential, Invitation, Principal
from ninefold.core.tenancy.personal_kinds import INVITATION_LINK
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import create_credential, revoke_credential
from ninefold.core.tenancy.store import memberships as store
from ninefold.core.tenancy.store.credentials import Link

INVITATION_LIFETIME: Final = timedelta(days=7)


class CreatedInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """A new invitation, and the text of its link."""

    invitation: Invitation
    text: str

    def __repr__(self) -> str:
        return f"CreatedInvitation(invitation={self.invitation!r})"


class FoundInvitation(msgspec.Struct, frozen=True, kw_only=True):
    """The invitation of a link, and whether an account has its mail address."""

    invitation: Invitation
    has_account: bool


async def create_invitation(
    connection: Connection, principal: Principal, *, email: str, role: Role, created_from: str | None = None
) -> CreatedInvitation:
    """Invite the person with a mail address. Whether there is such an account isn't checked, and so isn't revealed.

    Raises:
        InvalidEmailError: the mail address is invalid.
        RoleNotGrantableError: the role allows more than the principal.
    """
    check_may_grant(principal, role)
    link = await create_credential(
        connection,
        INVITATION_LINK,
        organisation_id=principal.organisation_id,
        name=INVITATION_LINK.label,
        scopes=frozenset(),
        created_from=created_from,
        expires_in=INVITATION_LIFETIME,
    )
    await store.invitation_insert(
        connection,
        invitation_id=link.credential_id,
        organisation_id=principal.organisation_id,
        email=checked_email(email),
        role=role,
        invited_by=principal.account_id,
    )
    return await _created(connection, link)


async def list_invitations(
    connection: Connection, *, organisation_id: UUID, before: UUID | None, limit: int
) -> list[Invitation]:
    """Return an organisation's invitations, newest first."""
    return await store.invitation_list(connection, organisation_id=organisation_id, before=before, limit=limit)


async def revoke_invitation(connection: Connection, principal: Principal, *, invitation_id: UUID) -> Invitation:
    """Revoke an invitation: its link is invalid. For one that was accepted or has expired, this has no effect.

    Raises:
        InvitationNotFoundError: the organisation has no such invitation.
        RoleNotGrantableError: its role allows more than the principal.
    """
    found = await store.invitation_find(
        connection, invitation_id=invitation_id, organisation_id=principal.organisation_id
    )
    if found is None:
        raise InvitationNotFoundError(
            f"There is no invitation {format_id(INVITATION_LINK.id_prefix, invitation_id)}.",
            remedy="GET /api/v1/invitations lists the invitations.",
        )
    check_may_grant(principal, found.role)
    await revoke_credential(
        connection, INVITATION_LINK, organisation_id=principal.organisation_id, credential_id=invitation_id
    )
    revoked = await store.invitation_find(connection, invitation_id=invitation_id)
    return revoked or found


async def find_invitation(connection: Connection, text: str) -> FoundInvitation:
    """Return the invitation of a link, without using it.

    Raises:
        LinkInvalidError: the link isn't valid.
    """
    used = await find_link(connection, INVITATION_LINK, text)
    invitation = await _invitation_of(connection, used)
    account = await find_account(connection, email=invitation.email)
    return FoundInvitation(invitation=invitation, has_account=account is not None)


async def accept_as_account(connection: Connection, text: str, *, account_id: UUID) -> Invitation:
    """Accept an invitation as a person who is signed in.

    Raises:
        LinkInvalidError: the link isn't valid.
        InvitationForOtherError: it is for another mail address.
        AlreadyMemberError: the account is a member already.
    """
    invitation = await _use_invitation(connection, text)
    account = await get_account(connection, account_id)
    if account.email != invitation.email:
        raise InvitationForOtherError(
            f"The invitation is for {invitation.email}, but you are signed in as {account.email}.",
            remedy="Sign out and open the link again, or ask for an invitation for your mail address.",
        )
    await _join(connection, invitation, account)
    return invitation


async def accept_as_new_account(
    connection: Connection, text: str, *, name: str | None, password_hash: str
) -> tuple[Invitation, Account]:
    """Accept an invitation by creating an account with its mail address.

    Raises:
        LinkInvalidError: the link isn't valid.
        AccountExistsError: there is such an account, which must sign in first.
        InvalidNameError: the name is empty or too long.
    """
    invitation = await _use_invitation(connection, text)
    if await find_account(connection, email=invitation.email) is not None:
        raise AccountExistsError(
            f"There is an account with the mail address {invitation.email}.",
            remedy="Sign in with it, and then open the link again.",
        )
    account = await create_account(connection, email=invitation.email, name=name)
    await set_password(connection, account.account_id, password_hash=password_hash)
    await _join(connection, invitation, account)
    return invitation, await get_account(connection, account.account_id)


async def _use_invitation(connection: Connection, text: str) -> Invitation:
    return await _invitation_of(connection, await use_link(connection, INVITATION_LINK, text))


async def _invitation_of(connection: Connection, link: Link) -> Invitation:
    invitation = await store.invitation_find(connection, invitation_id=link.credential_id)
    assert invitation is not None, "a link and its invitation are created and deleted together"
    return invitation


async def _join(connection: Connection, invitation: Invitation, account: Account) -> None:
    await add_member(
        connection,
        organisation_id=invitation.organisation_id,
        account_id=account.account_id,
        role=invitation.role,
    )
    await store.invitation_accept(connection, invitation_id=invitation.invitation_id, account_id=account.account_id)


async def _created(connection: Connection, link: CreatedCredential) -> CreatedInvitation:
    invitation = await store.invitation_find(connection, invitation_id=link.credential_id)
    assert invitation is not None
    return CreatedInvitation(invitation=invitation, text=link.text)

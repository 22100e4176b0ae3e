"""Members of an organisation: their roles, and how they leave.

Nobody can grant or take away what they don't have themselves: an admin can't make or remove an owner. An organisation
that has an owner always keeps one.
"""

from uuid import UUID

from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.errors import (
    AlreadyMemberError,
    LastOwnerError,
    MemberNotFoundError,
    RoleNotGrantableError,
)
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, Member, Principal
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN
from ninefold.core.tenancy.roles import Role, includes_role
from ninefold.core.tenancy.store import memberships as store
from ninefold.core.tenancy.store.credentials import access_notify, credential_revoke_of_account
from ninefold.core.tenancy.store.organisations import organisation_lock_members


async def add_member(connection: Connection, *, organisation_id: UUID, account_id: UUID, role: Role) -> None:
    """Make an account a member of an organisation.

    Raises:
        AlreadyMemberError: it is one already.
    """
    is_added = await store.membership_insert(
        connection, organisation_id=organisation_id, account_id=account_id, role=role
    )
    if not is_added:
        raise AlreadyMemberError(
            "The account is already a member of the organisation.", remedy="Change its role instead."
        )


async def set_member(connection: Connection, *, organisation_id: UUID, account_id: UUID, role: Role) -> None:
    """Make an account a member of an organisation, or change its role; for the operator.

    Raises:
        LastOwnerError: the account is the last owner, and would get another role.
    """
    await organisation_lock_members(connection, organisation_id=organisation_id)
    member = await store.membership_find_member(connection, organisation_id=organisation_id, account_id=account_id)
    if member is None:
        await add_member(connection, organisation_id=organisation_id, account_id=account_id, role=role)
        return
    await store.membership_set_role(connection, organisation_id=organisation_id, account_id=account_id, role=role)
    await _check_owner_left(connection, organisation_id, was=member.role)
    await access_notify(connection)


async def list_members(
    connection: Connection, *, organisation_id: UUID, after: UUID | None, limit: int
) -> list[Member]:
    """Return the members of an organisation, by their accounts, oldest first."""
    return await store.membership_list_members(connection, organisation_id=organisation_id, after=after, limit=limit)


async def get_member(connection: Connection, *, organisation_id: UUID, account_id: UUID) -> Member:
    """Return a member of an organisation.

    Raises:
        MemberNotFoundError: the account isn't a member, or doesn't exist.
    """
    member = await store.membership_find_member(connection, organisation_id=organisation_id, account_id=account_id)
    if member is None:
        raise MemberNotFoundError(
            f"The organisation has no member {format_id(ACCOUNT_PREFIX, account_id)}.",
            remedy="GET /api/v1/members lists the members.",
        )
    return member


async def change_role(connection: Connection, principal: Principal, *, account_id: UUID, role: Role) -> Member:
    """Change the role of a member; it applies from the next request on.

    Raises:
        MemberNotFoundError: the organisation has no such member.
        RoleNotGrantableError: the old or the new role allows more than the principal.
        LastOwnerError: the member is the last owner.
    """
    await organisation_lock_members(connection, organisation_id=principal.organisation_id)
    member = await get_member(connection, organisation_id=principal.organisation_id, account_id=account_id)
    check_may_grant(principal, member.role)
    check_may_grant(principal, role)
    await store.membership_set_role(
        connection, organisation_id=principal.organisation_id, account_id=account_id, role=role
    )
    await _check_owner_left(connection, principal.organisation_id, was=member.role)
    await access_notify(connection)
    return await get_member(connection, organisation_id=principal.organisation_id, account_id=account_id)


async def remove_member(connection: Connection, principal: Principal, *, account_id: UUID) -> None:
    """Remove a member: the next request for the organisation, by session or personal token, is refused.

    Raises:
        MemberNotFoundError: the organisation has no such member.
        RoleNotGrantableError: the member's role allows more than the principal.
        LastOwnerError: the member is the last owner.
    """
    await organisation_lock_members(connection, organisation_id=principal.organisation_id)
    member = await get_member(connection, organisation_id=principal.organisation_id, account_id=account_id)
    check_may_grant(principal, member.role)
    await store.membership_delete(connection, organisation_id=principal.organisation_id, account_id=account_id)
    # So that they don't become valid again with another invitation.
    await credential_revoke_of_account(
        connection,
        account_id=account_id,
        organisation_id=principal.organisation_id,
        kinds=[PERSONAL_TOKEN.name],
    )
    await _check_owner_left(connection, principal.organisation_id, was=member.role)
    await access_notify(connection)


def check_may_grant(principal: Principal, role: Role) -> None:
    """Make sure that a principal is allowed to do all that a role allows.

    Raises:
        RoleNotGrantableError: it isn't.
    """
    if not includes_role(principal.scopes, role):
        raise RoleNotGrantableError(
            f"Only an {Role.OWNER} can grant, change or remove the role {role}."
            if role is Role.OWNER
            else f"The role {role} allows more than you are allowed to do.",
            field="role",
            remedy="Ask an owner of the organisation.",
        )


async def _check_owner_left(connection: Connection, organisation_id: UUID, *, was: Role) -> None:
    if was is Role.OWNER and await store.membership_count_owners(connection, organisation_id=organisation_id) == 0:
        raise LastOwnerError(
            "The last owner of an organisation can't leave it or take another role.",
            field="role",
            remedy="Make another member an owner first.",
        )

"""The tokens `xoxp-…` that act for members."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.model import CreatedCredential, Credential, Principal
from ninefold.systems.messaging.errors import NotThisMemberError
from ninefold.systems.messaging.model import WRITE_MESSAGES, Member
from ninefold.systems.messaging.service.tokens import USER_TOKEN
from ninefold.systems.messaging.store import members as store

TOKENS_MAX: Final = 100
"""Of one member."""


async def create_member_token(
    connection: Connection,
    member: Member,
    *,
    principal: Principal | None,
    name: str,
    expires_in: timedelta | None = None,
) -> CreatedCredential:
    """Create a token `xoxp-…` that acts for a member; call it in a transaction.

    Args:
        connection: in a transaction.
        member: for whom it acts.
        principal: who asks for it; None for the system itself.
        name: what it is for.
        expires_in: how long it is valid; None if it never expires.

    Raises:
        NotThisMemberError: the member is another person's own.
        InvalidNameError: the name is empty or too long.
        InvalidLifetimeError: `expires_in` is too short or too long.
    """
    if principal is not None and member.account_id not in (None, principal.account_id):
        raise NotThisMemberError(
            f"{member.name} is the member of another person.",
            field="member_id",
            remedy="Create a member of its own for a program.",
        )
    created = await tenancy.create_credential(
        connection,
        USER_TOKEN,
        organisation_id=member.organisation_id,
        name=name,
        scopes=frozenset({WRITE_MESSAGES}),
        expires_in=expires_in,
    )
    await store.token_insert(connection, credential_id=created.credential_id, member_id=member.member_id)
    return created


async def list_member_tokens(connection: Connection, member: Member) -> list[Credential]:
    """Return the tokens `xoxp-…` of a member, oldest first."""
    own = await store.token_list(connection, member_id=member.member_id, limit=TOKENS_MAX)
    return await tenancy.list_credentials(
        connection, USER_TOKEN, organisation_id=member.organisation_id, credential_ids=own
    )


async def revoke_member_token(connection: Connection, member: Member, *, credential_id: UUID) -> Credential:
    """Revoke a token `xoxp-…` of a member: from the next request on it is refused, and its live connections end.

    Raises:
        CredentialNotFoundError: the member has no such token.
    """
    own = await store.token_list(connection, member_id=member.member_id, limit=TOKENS_MAX)
    return await tenancy.revoke_credential(
        connection,
        USER_TOKEN,
        organisation_id=member.organisation_id,
        credential_id=credential_id if credential_id in own else new_id(),
    )

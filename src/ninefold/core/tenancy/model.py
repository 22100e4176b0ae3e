"""Organisations, accounts, memberships, credentials, and principals."""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.tenancy.roles import ROLE_SCOPES, Role, includes

CredentialState: TypeAlias = Literal["active", "expired", "revoked"]
InvitationState: TypeAlias = Literal["pending", "accepted", "expired", "revoked"]

ACCOUNT_PREFIX = "acc"
ORGANISATION_PREFIX = "org"


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation; everything that is stored belongs to one."""

    organisation_id: UUID
    name: str
    created_at: datetime


class Credential(msgspec.Struct, frozen=True, kw_only=True):
    """A credential without its text, which is only shown when it is created."""

    credential_id: UUID
    kind: str
    """The name of its `CredentialKind`."""
    prefix: str
    """The public part of its text."""
    organisation_id: UUID
    account_id: UUID | None
    """The account that it belongs to; None for a credential of the organisation itself."""
    scopes: frozenset[str]
    name: str
    created_at: datetime
    expires_at: datetime | None
    last_used_at: datetime | None
    revoked_at: datetime | None
    is_expired: bool
    """Whether it had expired when it was read, by the database's clock."""

    @property
    def state(self) -> CredentialState:
        """The state; a revoked credential stays `revoked` after it expires."""
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.is_expired else "active"


class CreatedCredential(Credential, frozen=True, kw_only=True):
    """A new credential with its text, which isn't stored anywhere."""

    text: str

    def __repr__(self) -> str:
        return f"CreatedCredential(prefix={self.prefix!r}, credential_id={self.credential_id!r})"


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """On whose behalf a request, a feed or a job acts, whatever kind of credential authenticated it."""

    organisation_id: UUID
    account_id: UUID | None = None
    """The account that the credential belongs to; None for a credential of the organisation itself."""
    scopes: frozenset[str] = frozenset()
    """What the principal is allowed to do; `FULL_ACCESS` is everything."""
    credential_id: UUID

    def allows(self, scope: str) -> bool:
        """Return whether the principal is allowed to do what needs a scope."""
        return includes(self.scopes, scope)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """The account of a person."""

    account_id: UUID
    email: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    password_hash: str | None
    """The argon2id hash; None until the person has chosen a password."""
    password_changed_at: datetime | None
    totp_sealed: bytes | None
    totp_enabled_at: datetime | None
    totp_last_step: int | None

    def __repr__(self) -> str:
        return f"Account(account_id={self.account_id!r}, email={self.email!r})"


class AccountSummary(msgspec.Struct, frozen=True, kw_only=True):
    """An account in the operator's list, with its memberships."""

    account_id: UUID
    email: str
    name: str
    created_at: datetime
    disabled_at: datetime | None
    has_password: bool
    has_totp: bool
    memberships: list[str]
    """The role and the name of each organisation, such as `owner of acme`."""


class Membership(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that an account is a member of."""

    organisation_id: UUID
    organisation_name: str
    role: Role


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """A member of an organisation."""

    account_id: UUID
    email: str
    name: str
    role: Role
    joined_at: datetime
    is_disabled: bool
    has_totp: bool


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A person who is signed in in a browser."""

    session_id: UUID
    account_id: UUID
    organisation_id: UUID | None
    """The organisation that the request is about; None if there is none, or the person isn't a member of it."""
    role: Role | None

    @property
    def principal(self) -> Principal | None:
        """On whose behalf the request acts; None without an organisation."""
        if self.organisation_id is None or self.role is None:
            return None
        return Principal(
            organisation_id=self.organisation_id,
            account_id=self.account_id,
            scopes=ROLE_SCOPES[self.role],
            credential_id=self.session_id,
        )


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """One of a person's sessions, as a list shows it."""

    session_id: UUID
    client: str
    """The name of the browser, as it called itself."""
    created_from: str | None
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime


class CreatedLink(msgspec.Struct, frozen=True, kw_only=True):
    """A one-time link, as the text of its credential."""

    text: str
    credential_id: UUID
    expires_at: datetime

    def __repr__(self) -> str:
        return f"CreatedLink(credential_id={self.credential_id!r})"


class Invitation(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation to an organisation."""

    invitation_id: UUID
    organisation_id: UUID
    organisation_name: str
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime
    invited_by: str | None
    """The mail address of the person who invited."""
    accepted_at: datetime | None
    revoked_at: datetime | None
    is_expired: bool

    @property
    def state(self) -> InvitationState:
        """The state; an invitation that was accepted or revoked keeps that state after it expires."""
        if self.accepted_at is not None:
            return "accepted"
        if self.revoked_at is not None:
            return "revoked"
        return "expired" if self.is_expired else "pending"

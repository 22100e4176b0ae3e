"""The response bodies of people, and the mapping from the model."""

from typing import Annotated, Any, Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.audit import AUDIT_ENTRY_PREFIX, ActorKind, AuditResult, StoredAuditEntry
from ninefold.core.tenancy.invitations import FoundInvitation
from ninefold.core.tenancy.model import (
    ACCOUNT_PREFIX,
    ORGANISATION_PREFIX,
    Account,
    CreatedCredential,
    Credential,
    CredentialState,
    Invitation,
    InvitationState,
    Member,
    Membership,
    Session,
    SessionSummary,
)
from ninefold.core.tenancy.personal_kinds import INVITATION_LINK, PERSONAL_TOKEN, SESSION
from ninefold.core.tenancy.roles import role_of
from ninefold.core.web.ids import EXAMPLE_ID
from ninefold.core.web.people.field_types import (
    AccountIdText,
    CredentialName,
    Email,
    Name,
    OrganisationIdText,
    RoleText,
    SessionIdText,
)
from ninefold.core.web.timestamps import Timestamp

_EXAMPLE_TEXT: Final = "AbC123xy_…"
_TOKEN_LENGTH_MAX: Final = 200


class SetUpState(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the first account has still to be created."""

    is_needed: Annotated[bool, msgspec.Meta(examples=[False])]


class AccountView(msgspec.Struct, frozen=True, kw_only=True):
    """An account, for the person it belongs to."""

    account_id: AccountIdText
    email: Email
    name: Name
    has_totp: Annotated[bool, msgspec.Meta(examples=[False])]
    created_at: Timestamp
    password_changed_at: Timestamp | None


class MembershipView(msgspec.Struct, frozen=True, kw_only=True):
    """An organisation that a person is a member of."""

    organisation_id: OrganisationIdText
    name: Annotated[str, msgspec.Meta(examples=["acme"])]
    role: RoleText


class SessionView(msgspec.Struct, frozen=True, kw_only=True):
    """Who is signed in, where, and with which roles."""

    session_id: SessionIdText
    account: AccountView
    organisation_id: OrganisationIdText | None
    """The current organisation; null if there is none."""
    role: RoleText | None
    """The role in the current organisation."""
    organisations: list[MembershipView]
    csrf_token: Annotated[
        str,
        msgspec.Meta(
            description="The value of `X-CSRF-Token` for methods other than GET.",
            examples=["0R1Tq7mP0hS1uGVV3m0r8xFSs4iLJD1yKBYT5yX3GqE"],
        ),
    ]


class SessionSummaryView(msgspec.Struct, frozen=True, kw_only=True):
    """One of a person's sessions."""

    session_id: SessionIdText
    client: Annotated[str, msgspec.Meta(examples=["Mozilla/5.0 (X11; Linux x86_64) Firefox/148.0"])]
    """The browser, as it called itself."""
    address: Annotated[str | None, msgspec.Meta(examples=["203.0.113.7"])]
    """The address from which the person signed in."""
    is_current: Annotated[bool, msgspec.Meta(examples=[True])]
    created_at: Timestamp
    last_used_at: Timestamp | None
    expires_at: Timestamp


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    """A person's sessions, newest first."""

    items: list[SessionSummaryView]


class TotpView(msgspec.Struct, frozen=True, kw_only=True):
    """An authenticator app that isn't enabled yet."""

    secret: Annotated[str, msgspec.Meta(examples=["JBSWY3DPEHPK3PXPJBSWY3DPEHPK3PXP"])]
    """For apps that can't scan a QR code."""
    uri: Annotated[
        str,
        msgspec.Meta(
            description="The content of the QR code.",
            examples=["otpauth://totp/Ninefold:mia%40example.com?secret=JBSWY3DPEHPK3PXP&issuer=Ninefold"],
        ),
    ]


class RecoveryCodes(msgspec.Struct, frozen=True, kw_only=True):
    """Codes that replace the authenticator app, each once. They aren't shown again."""

    recovery_codes: Annotated[list[str], msgspec.Meta(examples=[["k3j2-mzpq-7wxa-c4tn"]])]


class MemberView(msgspec.Struct, frozen=True, kw_only=True):
    """A member of the organisation."""

    account_id: AccountIdText
    email: Email
    name: Name
    role: RoleText
    joined_at: Timestamp
    is_disabled: Annotated[bool, msgspec.Meta(examples=[False])]
    has_totp: Annotated[bool, msgspec.Meta(examples=[True])]


class InvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation, without its link."""

    invitation_id: Annotated[str, msgspec.Meta(examples=[f"{INVITATION_LINK.id_prefix}_{EXAMPLE_ID}"])]
    organisation_id: OrganisationIdText
    organisation_name: Annotated[str, msgspec.Meta(examples=["acme"])]
    email: Email
    role: RoleText
    state: Annotated[InvitationState, msgspec.Meta(examples=["pending"])]
    invited_by: Annotated[str | None, msgspec.Meta(examples=["noa@example.com"])]
    """The mail address of who invited; null for an API key."""
    created_at: Timestamp
    expires_at: Timestamp
    accepted_at: Timestamp | None


class CreatedInvitationView(InvitationView, frozen=True, kw_only=True):
    """A new invitation, with its link."""

    url: Annotated[str, msgspec.Meta(examples=[f"https://ninefold.example.com/invitation#nfi_{_EXAMPLE_TEXT}"])]
    """The link, which isn't shown again. Ninefold sends no mail: pass it on."""


class FoundInvitationView(msgspec.Struct, frozen=True, kw_only=True):
    """An invitation, for who has its link."""

    organisation_name: Annotated[str, msgspec.Meta(examples=["acme"])]
    email: Email
    role: RoleText
    invited_by: Annotated[str | None, msgspec.Meta(examples=["noa@example.com"])]
    expires_at: Timestamp
    has_account: Annotated[bool, msgspec.Meta(examples=[False])]
    """Whether the person has an account, and so must sign in to accept."""


class ApiKeyView(msgspec.Struct, frozen=True, kw_only=True):
    """An API key, without its text."""

    api_key_id: Annotated[str, msgspec.Meta(examples=[f"{API_KEY.id_prefix}_{EXAMPLE_ID}"])]
    prefix: Annotated[str, msgspec.Meta(examples=["nfk_AbC123xy"])]
    name: CredentialName
    role: RoleText | None
    """What it is allowed to do; `owner` is everything."""
    state: Annotated[CredentialState, msgspec.Meta(examples=["active"])]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    revoked_at: Timestamp | None


class ApiKeyList(msgspec.Struct, frozen=True, kw_only=True):
    """The organisation's API keys, oldest first."""

    items: list[ApiKeyView]


class CreatedApiKeyView(ApiKeyView, frozen=True, kw_only=True):
    """A new API key, with its text, which isn't shown again."""

    api_key: Annotated[str, msgspec.Meta(examples=[f"nfk_{_EXAMPLE_TEXT}"])]


class PersonalTokenView(msgspec.Struct, frozen=True, kw_only=True):
    """A personal token, without its text."""

    personal_token_id: Annotated[str, msgspec.Meta(examples=[f"{PERSONAL_TOKEN.id_prefix}_{EXAMPLE_ID}"])]
    prefix: Annotated[str, msgspec.Meta(examples=["nfp_AbC123xy"])]
    name: CredentialName
    role: RoleText | None
    """What it is allowed to do at most; the person's role is a limit too."""
    state: Annotated[CredentialState, msgspec.Meta(examples=["active"])]
    created_at: Timestamp
    expires_at: Timestamp | None
    last_used_at: Timestamp | None
    revoked_at: Timestamp | None


class PersonalTokenList(msgspec.Struct, frozen=True, kw_only=True):
    """A person's tokens for the current organisation, oldest first."""

    items: list[PersonalTokenView]


class CreatedPersonalTokenView(PersonalTokenView, frozen=True, kw_only=True):
    """A new personal token, with its text, which isn't shown again."""

    personal_token: Annotated[str, msgspec.Meta(examples=[f"nfp_{_EXAMPLE_TEXT}"])]


class AuditEntryView(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the audit log."""

    audit_entry_id: Annotated[str, msgspec.Meta(examples=[f"{AUDIT_ENTRY_PREFIX}_{EXAMPLE_ID}"])]
    occurred_at: Timestamp
    operation: Annotated[str, msgspec.Meta(examples=["create_subscription"])]
    """The `operationId` of this document, or a command."""
    target_id: Annotated[str | None, msgspec.Meta(examples=[f"sub_{EXAMPLE_ID}"])]
    """The id of what was changed."""
    actor: Annotated[str, msgspec.Meta(examples=["mia@example.com"])]
    """Who did it, for people: a mail address, the name of an API key, or `operator`."""
    actor_kind: Annotated[ActorKind, msgspec.Meta(examples=["person"])]
    account_id: AccountIdText | None
    credential_kind: Annotated[str | None, msgspec.Meta(examples=["session"])]
    """`session`, `personal_token` or `api_key`; null if it was deleted, or there was none."""
    address: Annotated[str | None, msgspec.Meta(examples=["203.0.113.7"])]
    """From where; null for a command on the server."""
    request_id: Annotated[str | None, msgspec.Meta(examples=[f"req_{EXAMPLE_ID}"])]
    result: Annotated[AuditResult, msgspec.Meta(examples=["succeeded"])]
    """`denied`: the role didn't allow it, and nothing was changed."""


def show_account(account: Account) -> AccountView:
    """Show an account."""
    return AccountView(
        account_id=format_id(ACCOUNT_PREFIX, account.account_id),
        email=account.email,
        name=account.name,
        has_totp=account.totp_enabled_at is not None,
        created_at=account.created_at,
        password_changed_at=account.password_changed_at,
    )


def show_session(session: Session, account: Account, memberships: list[Membership], *, csrf_token: str) -> SessionView:
    """Show who is signed in."""
    return SessionView(
        session_id=format_id(SESSION.id_prefix, session.session_id),
        account=show_account(account),
        organisation_id=None
        if session.organisation_id is None
        else format_id(ORGANISATION_PREFIX, session.organisation_id),
        role=session.role,
        organisations=[
            MembershipView(
                organisation_id=format_id(ORGANISATION_PREFIX, membership.organisation_id),
                name=membership.organisation_name,
                role=membership.role,
            )
            for membership in memberships
        ],
        csrf_token=csrf_token,
    )


def show_session_summary(summary: SessionSummary, *, current: Session) -> SessionSummaryView:
    """Show a session in a list."""
    return SessionSummaryView(
        session_id=format_id(SESSION.id_prefix, summary.session_id),
        client=summary.client,
        address=summary.created_from,
        is_current=summary.session_id == current.session_id,
        created_at=summary.created_at,
        last_used_at=summary.last_used_at,
        expires_at=summary.expires_at,
    )


def show_member(member: Member) -> MemberView:
    """Show a member."""
    fields = msgspec.structs.asdict(member)
    return MemberView(**{**fields, "account_id": format_id(ACCOUNT_PREFIX, member.account_id)})


def show_invitation(invitation: Invitation) -> InvitationView:
    """Show an invitation without its link."""
    return InvitationView(
        invitation_id=format_id(INVITATION_LINK.id_prefix, invitation.invitation_id),
        organisation_id=format_id(ORGANISATION_PREFIX, invitation.organisation_id),
        organisation_name=invitation.organisation_name,
        email=invitation.email,
        role=invitation.role,
        state=invitation.state,
        invited_by=invitation.invited_by,
        created_at=invitation.created_at,
        expires_at=invitation.expires_at,
        accepted_at=invitation.accepted_at,
    )


def show_created_invitation(invitation: Invitation, *, url: str) -> CreatedInvitationView:
    """Show a new invitation with its link."""
    return CreatedInvitationView(**msgspec.structs.asdict(show_invitation(invitation)), url=url)


def show_found_invitation(found: FoundInvitation) -> FoundInvitationView:
    """Show an invitation to who has its link."""
    return FoundInvitationView(
        organisation_name=found.invitation.organisation_name,
        email=found.invitation.email,
        role=found.invitation.role,
        invited_by=found.invitation.invited_by,
        expires_at=found.invitation.expires_at,
        has_account=found.has_account,
    )


def show_api_key(key: Credential) -> ApiKeyView:
    """Show an API key without its text."""
    return ApiKeyView(api_key_id=format_id(API_KEY.id_prefix, key.credential_id), **_credential_fields(key))


def show_created_api_key(key: CreatedCredential) -> CreatedApiKeyView:
    """Show a new API key with its text."""
    return CreatedApiKeyView(**msgspec.structs.asdict(show_api_key(key)), api_key=key.text)


def show_personal_token(token: Credential) -> PersonalTokenView:
    """Show a personal token without its text."""
    return PersonalTokenView(
        personal_token_id=format_id(PERSONAL_TOKEN.id_prefix, token.credential_id), **_credential_fields(token)
    )


def show_created_personal_token(token: CreatedCredential) -> CreatedPersonalTokenView:
    """Show a new personal token with its text."""
    return CreatedPersonalTokenView(**msgspec.structs.asdict(show_personal_token(token)), personal_token=token.text)


def show_audit_entry(entry: StoredAuditEntry) -> AuditEntryView:
    """Show an entry of the audit log."""
    return AuditEntryView(
        audit_entry_id=format_id(AUDIT_ENTRY_PREFIX, entry.audit_entry_id),
        occurred_at=entry.occurred_at,
        operation=entry.operation,
        target_id=entry.target_id,
        actor=entry.actor,
        actor_kind=entry.actor_kind,
        account_id=None if entry.account_id is None else format_id(ACCOUNT_PREFIX, entry.account_id),
        credential_kind=entry.credential_kind,
        address=entry.address,
        request_id=entry.request_id,
        result=entry.result,
    )


# Any, because it is unpacked into fields of different types, which mypy can't tell apart in a dictionary.
def _credential_fields(credential: Credential) -> dict[str, Any]:
    return {
        "prefix": credential.prefix,
        "name": credential.name,
        "role": role_of(credential.scopes),
        "state": credential.state,
        "created_at": credential.created_at,
        "expires_at": credential.expires_at,
        "last_used_at": credential.last_used_at,
        "revoked_at": credential.revoked_at,
    }

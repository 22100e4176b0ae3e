"""The request bodies of people."""

from typing import Annotated, Final

import msgspec

from ninefold.core.tenancy.roles import Role
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.people.field_types import (
    Code,
    CredentialName,
    Email,
    ExpiresInS,
    LinkToken,
    Name,
    NewPassword,
    OrganisationIdText,
    Password,
    RoleText,
)

_EXAMPLE_TEXT: Final = "AbC123xy_…"
_TOKEN_LENGTH_MAX: Final = 200


class SignIn(RequestBody, frozen=True, kw_only=True):
    """Who signs in."""

    email: Annotated[str, msgspec.Meta(max_length=1_000, examples=["mia@example.com"])]
    password: Password
    code: Code | None = None


class SwitchOrganisation(RequestBody, frozen=True, kw_only=True):
    """The organisation to switch to."""

    organisation_id: OrganisationIdText


class SetUp(RequestBody, frozen=True, kw_only=True):
    """The first account."""

    token: Annotated[LinkToken, msgspec.Meta(examples=[f"nfl_{_EXAMPLE_TEXT}"])]
    email: Email
    name: Name
    password: NewPassword


class ResetPassword(RequestBody, frozen=True, kw_only=True):
    """A new password, with a link instead of the old one."""

    token: Annotated[LinkToken, msgspec.Meta(examples=[f"nfr_{_EXAMPLE_TEXT}"])]
    password: NewPassword


class UpdateAccount(RequestBody, frozen=True, kw_only=True):
    """What to change in one's account."""

    name: Name


class ChangePassword(RequestBody, frozen=True, kw_only=True):
    """A new password."""

    current_password: Password
    password: NewPassword


class ConfirmPassword(RequestBody, frozen=True, kw_only=True):
    """The current password, as a proof that it is still the same person."""

    password: Password


class ConfirmTotp(RequestBody, frozen=True, kw_only=True):
    """The first code of an authenticator app."""

    code: Code


class ChangeRole(RequestBody, frozen=True, kw_only=True):
    """The new role of a member."""

    role: RoleText


class CreateInvitation(RequestBody, frozen=True, kw_only=True):
    """Whom to invite."""

    email: Email
    role: RoleText


class AcceptInvitation(RequestBody, frozen=True, kw_only=True):
    """The link of an invitation."""

    token: Annotated[LinkToken, msgspec.Meta(examples=[f"nfi_{_EXAMPLE_TEXT}"])]


class SignUp(RequestBody, frozen=True, kw_only=True):
    """The link of an invitation, and the account that accepts it."""

    token: Annotated[LinkToken, msgspec.Meta(examples=[f"nfi_{_EXAMPLE_TEXT}"])]
    name: Name
    password: NewPassword


class CreateApiKey(RequestBody, frozen=True, kw_only=True):
    """An API key to create."""

    name: CredentialName
    role: RoleText = Role.DEVELOPER
    expires_in_s: ExpiresInS | None = None


class CreatePersonalToken(RequestBody, frozen=True, kw_only=True):
    """A personal token to create, for the current organisation."""

    name: CredentialName
    role: RoleText
    expires_in_s: ExpiresInS | None = None

"""Errors of organisations, people and credentials."""

from ninefold.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NinefoldError,
    NotFoundError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)


class CredentialMissingError(UnauthorizedError):
    """The request has no credential."""

    code = "credential_missing"
    title = "Credential missing"


class CredentialInvalidError(UnauthorizedError):
    """The credential doesn't exist, or its kind isn't accepted; a caller can't distinguish the two."""

    code = "credential_invalid"
    title = "Credential invalid"


class CredentialRevokedError(UnauthorizedError):
    """The credential was revoked."""

    code = "credential_revoked"
    title = "Credential revoked"


class CredentialExpiredError(UnauthorizedError):
    """The credential has expired."""

    code = "credential_expired"
    title = "Credential expired"


class ApiKeyMissingError(CredentialMissingError):
    """The request has no API key."""

    code = "api_key_missing"
    title = "API key missing"


class ApiKeyInvalidError(CredentialInvalidError):
    """The text isn't an API key, or the key doesn't exist."""

    code = "api_key_invalid"
    title = "API key invalid"


class ApiKeyRevokedError(CredentialRevokedError):
    """The API key was revoked."""

    code = "api_key_revoked"
    title = "API key revoked"


class ApiKeyExpiredError(CredentialExpiredError):
    """The API key has expired."""

    code = "api_key_expired"
    title = "API key expired"


class CredentialNotFoundError(NotFoundError):
    """The organisation has no credential of this kind with this id."""

    code = "credential_not_found"
    title = "Credential not found"


class OrganisationNotFoundError(NotFoundError):
    """There is no organisation with this id."""

    code = "organisation_not_found"
    title = "Organisation not found"


class InvalidNameError(InvalidInputError):
    """The name of an organisation or a credential is empty, too long, or not printable."""


class NotConfirmedError(InvalidInputError):
    """What can't be undone wasn't confirmed."""


class InvalidLifetimeError(InvalidInputError):
    """The lifetime of a credential is too short or too long."""


class SessionMissingError(CredentialMissingError):
    """The request has no session."""

    code = "session_missing"
    title = "Not signed in"


class SessionInvalidError(CredentialInvalidError):
    """There is no such session."""

    code = "session_invalid"
    title = "Session invalid"


class SessionRevokedError(CredentialRevokedError):
    """The session was ended, or its account was disabled."""

    code = "session_revoked"
    title = "Session ended"


class SessionExpiredError(CredentialExpiredError):
    """The session is too old, or was not used for too long."""

    code = "session_expired"
    title = "Session expired"


class LinkInvalidError(NinefoldError):
    """The one-time link doesn't exist, was used, was revoked or has expired; a caller can't distinguish them."""

    code = "link_invalid"
    title = "Link invalid"
    http_status = 410


class SignInFailedError(UnauthorizedError):
    """The mail address or the password is wrong; a caller can't distinguish the two."""

    code = "sign_in_failed"
    title = "Sign in failed"


class SecondFactorRequiredError(UnauthorizedError):
    """The password is right, but the account also needs a code."""

    code = "second_factor_required"
    title = "Code required"


class SecondFactorInvalidError(UnauthorizedError):
    """The code of the authenticator app is wrong or was used before."""

    code = "second_factor_invalid"
    title = "Code invalid"


class TooManySignInsError(TooManyRequestsError):
    """There were too many failed sign-ins with this mail address or from this address."""

    code = "too_many_sign_ins"
    title = "Too many attempts to sign in"


class SignInsBusyError(UnavailableError):
    """Too many passwords are being checked at the moment."""

    code = "sign_ins_busy"
    title = "Too many attempts to sign in at once"


class PasswordWrongError(ForbiddenError):
    """The current password is wrong."""

    code = "password_wrong"
    title = "Password wrong"


class RoleInsufficientError(ForbiddenError):
    """The role doesn't allow this."""

    code = "role_insufficient"
    title = "Role insufficient"


class RoleNotGrantableError(ForbiddenError):
    """The role allows more than the caller, and so can't be granted, changed or removed by it."""

    code = "role_not_grantable"
    title = "Role not grantable"


class OrganisationRequiredError(ForbiddenError):
    """The session has no current organisation."""

    code = "organisation_required"
    title = "Organisation required"


class InvalidEmailError(InvalidInputError):
    """The text isn't a mail address."""

    code = "invalid_email"
    title = "Invalid mail address"


class InvalidPasswordError(InvalidInputError):
    """The password is too short or too long."""

    code = "invalid_password"
    title = "Invalid password"


class AccountNotFoundError(NotFoundError):
    """There is no such account."""

    code = "account_not_found"
    title = "Account not found"


class AccountExistsError(ConflictError):
    """There is an account with this mail address."""

    code = "account_exists"
    title = "Account exists"


class MemberNotFoundError(NotFoundError):
    """The organisation has no such member."""

    code = "member_not_found"
    title = "Member not found"


class AlreadyMemberError(ConflictError):
    """The account is a member of the organisation already."""

    code = "already_member"
    title = "Already a member"


class LastOwnerError(ConflictError):
    """The organisation would have no owner."""

    code = "last_owner"
    title = "Last owner"


class InvitationNotFoundError(NotFoundError):
    """The organisation has no such invitation."""

    code = "invitation_not_found"
    title = "Invitation not found"


class InvitationForOtherError(ForbiddenError):
    """The invitation is for another mail address than that of the session."""

    code = "invitation_for_other"
    title = "Invitation for another person"


class SetUpError(ConflictError):
    """There is an account already, so the set-up is over."""

    code = "already_set_up"
    title = "Already set up"


class TotpCodeInvalidError(InvalidInputError):
    """The first code of an authenticator app is wrong."""

    code = "totp_code_invalid"
    title = "Code invalid"


class TotpStateError(ConflictError):
    """The authenticator app is already enabled, or isn't."""

    code = "totp_state"
    title = "Authenticator app"


class SessionNotFoundError(NotFoundError):
    """The account has no such session."""

    code = "session_not_found"
    title = "Session not found"

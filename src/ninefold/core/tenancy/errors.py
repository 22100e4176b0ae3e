"""Errors of organisations and credentials."""

from ninefold.core.errors import InvalidInputError, NotFoundError, UnauthorizedError


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


class InvalidLifetimeError(InvalidInputError):
    """The lifetime of a credential is too short or too long."""

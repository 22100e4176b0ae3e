"""On whose behalf a git client acts: an API key or a personal token as the password, with any user name."""

import base64
import binascii
from collections.abc import Iterable
from typing import Final

from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.errors import CredentialInvalidError, CredentialMissingError
from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.personal_kinds import PERSONAL_TOKEN
from ninefold.systems.workflows.git.requests import Header, header_of
from ninefold.systems.workflows.model.results import JobCaller
from ninefold.systems.workflows.service.tokens import find_job, is_job_token

REMEDY: Final = "Send an API key or a personal token as the password, with any user name."

_KINDS: Final = (API_KEY, PERSONAL_TOKEN)


async def authenticate(database: Database, headers: Iterable[Header]) -> Principal | JobCaller:
    """Return on whose behalf a request acts: an organisation, or a job that runs.

    Raises:
        UnauthorizedError: it has no valid credential.
    """
    text = password_of(header_of(headers, b"authorization"))
    async with database.connection() as connection:
        if is_job_token(text):
            return await find_job(connection, text)
        return await tenancy.authenticate(connection, text, kinds=_KINDS)


def password_of(header: bytes) -> str:
    """Return the password of `Authorization: Basic …` (RFC 7617), or the token of `Bearer …`.

    Raises:
        CredentialMissingError: there is none; git then asks its user.
        CredentialInvalidError: the header is something else.
    """
    if not header:
        raise CredentialMissingError("The request has no credential.", remedy=REMEDY)
    scheme, _, value = header.strip().partition(b" ")
    if scheme.lower() == b"bearer":
        return value.strip().decode("latin-1")
    if scheme.lower() != b"basic":
        raise _not_basic()
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (ValueError, binascii.Error) as error:
        raise _not_basic() from error
    # Some clients ask for a token as the user name, without a password.
    return password or user


def _not_basic() -> CredentialInvalidError:
    return CredentialInvalidError("The Authorization header isn't `Basic …`.", remedy=REMEDY)

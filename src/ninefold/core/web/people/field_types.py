"""The types of fields and ids that request bodies and response bodies share."""

from typing import Annotated, Final

import msgspec

from ninefold.core.tenancy.accounts import EMAIL_LENGTH_MAX
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.model import (
    ACCOUNT_PREFIX,
    ORGANISATION_PREFIX,
)
from ninefold.core.tenancy.passwords import PASSWORD_LENGTH_MAX, PASSWORD_LENGTH_MIN
from ninefold.core.tenancy.personal_kinds import INVITATION_LINK, PERSONAL_TOKEN, SESSION
from ninefold.core.tenancy.roles import Role
from ninefold.core.tenancy.service import LIFETIME_MAX, NAME_LENGTH_MAX
from ninefold.core.web.ids import EXAMPLE_ID, PathId

_EXAMPLE_TEXT: Final = "AbC123xy_…"
_TOKEN_LENGTH_MAX: Final = 200

# `extra_json_schema` is for the OpenAPI document only. The services enforce these limits, with more helpful errors.
Email = Annotated[
    str,
    msgspec.Meta(
        description="A mail address; upper and lower case don't differ.",
        examples=["mia@example.com"],
        extra_json_schema={"format": "email", "maxLength": EMAIL_LENGTH_MAX},
    ),
]
NewPassword = Annotated[
    str,
    msgspec.Meta(
        description=f"{PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters. There are no other rules.",
        examples=["a sentence that only mia knows"],
        extra_json_schema={"minLength": PASSWORD_LENGTH_MIN, "maxLength": PASSWORD_LENGTH_MAX, "format": "password"},
    ),
]
Password = Annotated[
    str,
    msgspec.Meta(
        max_length=1_000,
        description="The current password.",
        examples=["a sentence that only mia knows"],
        extra_json_schema={"format": "password"},
    ),
]
Code = Annotated[
    str,
    msgspec.Meta(
        max_length=64,
        description="The code of the authenticator app, or a recovery code.",
        examples=["492039"],
    ),
]
Name = Annotated[
    str,
    msgspec.Meta(
        description="A name for people.",
        examples=["Mia Chen"],
        extra_json_schema={"minLength": 1, "maxLength": NAME_LENGTH_MAX},
    ),
]
CredentialName = Annotated[
    str,
    msgspec.Meta(
        description="What it is for.",
        examples=["Deployments"],
        extra_json_schema={"minLength": 1, "maxLength": NAME_LENGTH_MAX},
    ),
]
ExpiresInS = Annotated[
    int,
    msgspec.Meta(
        ge=1,
        le=int(LIFETIME_MAX.total_seconds()),
        description="Seconds after which it expires; by default it is valid until it is revoked.",
    ),
]
LinkToken = Annotated[
    str, msgspec.Meta(max_length=_TOKEN_LENGTH_MAX, description="The part of the link after the `#`.")
]
RoleText = Annotated[Role, msgspec.Meta(examples=[Role.DEVELOPER])]

AccountIdText = Annotated[str, msgspec.Meta(examples=[f"{ACCOUNT_PREFIX}_{EXAMPLE_ID}"])]
OrganisationIdText = Annotated[str, msgspec.Meta(examples=[f"{ORGANISATION_PREFIX}_{EXAMPLE_ID}"])]
SessionIdText = Annotated[str, msgspec.Meta(examples=[f"{SESSION.id_prefix}_{EXAMPLE_ID}"])]


class AccountId(PathId):
    """An account's id in a path or a query."""

    prefix = ACCOUNT_PREFIX


class SessionId(PathId):
    """A session's id in a path."""

    prefix = SESSION.id_prefix


class InvitationId(PathId):
    """An invitation's id in a path."""

    prefix = INVITATION_LINK.id_prefix


class ApiKeyId(PathId):
    """An API key's id in a path."""

    prefix = API_KEY.id_prefix


class PersonalTokenId(PathId):
    """A personal token's id in a path."""

    prefix = PERSONAL_TOKEN.id_prefix

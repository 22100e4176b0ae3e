"""Roles of members, and the scopes that each of them has.

| role | read | write | admin | everything |
|---|---|---|---|---|
| viewer | yes | | | |
| developer | yes | yes | | |
| admin | yes | yes | yes | |
| owner | yes | yes | yes | yes |

`read` shows, and `write` changes, what the organisation has in the systems. `admin` manages members, invitations and
API keys, and reads the audit log. An owner can do everything, also make others owners.
"""

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from enum import StrEnum
from typing import Final

READ: Final = "read"
WRITE: Final = "write"
ADMIN: Final = "admin"

EVERYTHING: Final = "*"

FULL_ACCESS: Final = frozenset({EVERYTHING})
"""The scopes for full access to the organisation. Without scopes, nothing is allowed."""


class Role(StrEnum):
    """What a member of an organisation is allowed to do."""

    OWNER = "owner"
    ADMIN = "admin"
    DEVELOPER = "developer"
    VIEWER = "viewer"


ROLE_SCOPES: Final[Mapping[Role, frozenset[str]]] = {
    Role.OWNER: FULL_ACCESS,
    Role.ADMIN: frozenset({READ, WRITE, ADMIN}),
    Role.DEVELOPER: frozenset({READ, WRITE}),
    Role.VIEWER: frozenset({READ}),
}


def includes(scopes: AbstractSet[str], scope: str) -> bool:
    """Return whether scopes allow what needs one scope."""
    return scope in scopes or EVERYTHING in scopes


def includes_role(scopes: AbstractSet[str], role: Role) -> bool:
    """Return whether scopes allow all that a role allows; only then can they grant it to others."""
    return all(includes(scopes, scope) for scope in ROLE_SCOPES[role])


def limit_scopes(scopes: frozenset[str], limit: frozenset[str]) -> frozenset[str]:
    """Return what both sets of scopes allow."""
    if EVERYTHING in limit:
        return scopes
    return limit if EVERYTHING in scopes else scopes & limit


def role_of(scopes: frozenset[str]) -> Role | None:
    """Return the role that has exactly these scopes, if there is one."""
    return next((role for role, own in ROLE_SCOPES.items() if own == scopes), None)

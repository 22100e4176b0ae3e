"""Roles and scopes."""

import pytest

from ninefold.core.tenancy.roles import ROLE_SCOPES, Role, includes, includes_role, limit_scopes, role_of

RANKS = [Role.VIEWER, Role.DEVELOPER, Role.ADMIN, Role.OWNER]


@pytest.mark.parametrize(
    ("scope", "lowest"), [("read", Role.VIEWER), ("write", Role.DEVELOPER), ("admin", Role.ADMIN), ("any", Role.OWNER)]
)
def test_a_scope_is_allowed_from_a_role_on(scope: str, lowest: Role) -> None:
    allowed = [role for role in RANKS if includes(ROLE_SCOPES[role], scope)]

    assert allowed == RANKS[RANKS.index(lowest) :]


@pytest.mark.parametrize("role", RANKS)
@pytest.mark.parametrize("other", RANKS)
def test_a_role_includes_those_below_it_and_limits_those_above(role: Role, other: Role) -> None:
    rank, other_rank = RANKS.index(role), RANKS.index(other)

    assert includes_role(ROLE_SCOPES[role], other) is (other_rank <= rank)
    assert limit_scopes(ROLE_SCOPES[role], ROLE_SCOPES[other]) == ROLE_SCOPES[RANKS[min(rank, other_rank)]]
    assert role_of(ROLE_SCOPES[role]) is role


def test_scopes_of_other_protocols_are_no_role() -> None:
    assert role_of(frozenset({"chat:write"})) is None
    assert not includes(frozenset({"chat:write"}), "read")

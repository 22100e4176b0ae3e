"""What an operation of Ninefold's own API needs from who calls it, and whether it is in the audit log.

A route declares what differs from the default, which is: an API key, a personal token or a session of the organisation;
the scope `read` for GET and `write` for other methods; and an entry in the audit log for other methods than GET.

    from litestar import delete, post

    @delete("/api/v1/api-keys/{api_key_id:str}", opt=access(scope=ADMIN))
    async def revoke_api_key() -> None: ...

    @post("/api/v1/events", opt=access(not_audited="An event is data, and is listed itself."))
    async def publish_event() -> None: ...
"""

from enum import StrEnum
from typing import Any, Final

import msgspec
from litestar.handlers import BaseRouteHandler

from ninefold.core.tenancy.model import Principal
from ninefold.core.tenancy.roles import READ, WRITE

_KEY: Final = "access"
_SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class Caller(StrEnum):
    """Who can call an operation."""

    ORGANISATION = "organisation"
    """An API key, a personal token, or the session of a member."""
    PERSON = "person"
    """Only a person who is signed in in a browser. Without a scope, the person needn't be a member."""
    ANYONE = "anyone"
    """Anybody, without credentials."""


class Access(msgspec.Struct, frozen=True, kw_only=True):
    """What an operation needs from its caller."""

    caller: Caller = Caller.ORGANISATION
    scope: str | None = None
    """None for the default."""
    also_scope: str | None = None
    """A scope that is enough instead, which credentials of a system's own kind have."""
    is_for_any_scope: bool = False
    """Whether the operation itself decides which scope is enough."""
    not_audited: str | None = None
    """Why an operation that isn't a GET has no entry in the audit log; None if it has one."""

    def scope_for(self, method: str) -> str | None:
        """Return the scope that a request needs; None if it needs none."""
        if self.scope is not None or self.caller is not Caller.ORGANISATION:
            return self.scope
        return READ if is_safe(method) else WRITE

    def admits(self, principal: Principal, method: str) -> bool:
        """Return whether a principal has a scope that is enough."""
        scope = self.scope_for(method)
        if self.is_for_any_scope or scope is None or principal.allows(scope):
            return True
        return self.also_scope is not None and principal.allows(self.also_scope)

    def is_audited(self, method: str) -> bool:
        """Return whether a request gets an entry in the audit log."""
        return self.not_audited is None and not is_safe(method)


def access(
    *,
    caller: Caller = Caller.ORGANISATION,
    scope: str | None = None,
    also_scope: str | None = None,
    is_for_any_scope: bool = False,
    not_audited: str | None = None,
) -> dict[str, Any]:
    """Return the `opt` of a route; see `Access`."""
    return {
        _KEY: Access(
            caller=caller,
            scope=scope,
            also_scope=also_scope,
            is_for_any_scope=is_for_any_scope,
            not_audited=not_audited,
        )
    }


def access_of(handler: BaseRouteHandler) -> Access:
    """Return what a route needs."""
    found: Access = handler.opt.get(_KEY, _DEFAULT)
    return found


def is_safe(method: str) -> bool:
    """Return whether a method changes nothing (RFC 9110 §9.2.1)."""
    return method in _SAFE_METHODS


_DEFAULT: Final = Access()

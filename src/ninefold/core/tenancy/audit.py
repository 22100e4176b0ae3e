"""The audit log: who changed what, when and from where.

An entry is written in the transaction of the change. So no change is without its entry, and the log has no change that
was rolled back. `core/web/auditing.py` writes the entries of requests, and `edge/cli` those of commands.
"""

from datetime import datetime
from typing import Literal, TypeAlias
from uuid import UUID

import msgspec

from ninefold.core.tenancy.model import Principal

AUDIT_ENTRY_PREFIX = "aud"

AuditResult: TypeAlias = Literal["succeeded", "denied"]
"""Whether the change was made, or refused because the role doesn't allow it."""


ActorKind: TypeAlias = Literal["person", "api_key", "operator"]


class AuditEntry(msgspec.Struct, kw_only=True):
    """An entry that is about to be written. The handler of a request can complete it."""

    operation: str
    """The id of the API's operation, such as `create_subscription`, or a command, such as `ninefold keys create`."""
    organisation_id: UUID | None = None
    """None for what isn't about an organisation."""
    target_id: str | None = None
    """The id of what was changed, such as `sub_…`."""
    account_id: UUID | None = None
    """The person who did it; None for an API key or an operator."""
    credential_id: UUID | None = None
    """The API key, personal token or session; None for an operator."""
    address: str | None = None
    """The client's address; None for a command."""
    request_id: str | None = None

    def act_for(self, principal: Principal) -> None:
        """Set who does it."""
        self.organisation_id = principal.organisation_id
        self.account_id = principal.account_id
        self.credential_id = principal.credential_id


class AuditFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which entries to list; None means all."""

    account_id: UUID | None = None
    operation: str | None = None
    target_id: str | None = None
    result: AuditResult | None = None


class StoredAuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of the audit log, with what is still known about who did it."""

    audit_entry_id: UUID
    organisation_id: UUID | None
    occurred_at: datetime
    operation: str
    target_id: str | None
    account_id: UUID | None
    account_email: str | None
    credential_id: UUID | None
    credential_kind: str | None
    """None if the credential was deleted."""
    credential_prefix: str | None
    credential_name: str | None
    address: str | None
    request_id: str | None
    result: AuditResult

    @property
    def actor_kind(self) -> ActorKind:
        """What kind of actor did it."""
        if self.account_id is not None:
            return "person"
        return "operator" if self.credential_id is None else "api_key"

    @property
    def actor(self) -> str:
        """Who did it, for people: a mail address, the name of an API key, or `operator`."""
        if self.account_email is not None:
            return self.account_email
        if self.credential_id is None:
            return "operator"
        if self.credential_name is None:
            return "a credential that was deleted"
        return f"{self.credential_name} ({self.credential_prefix}…)"

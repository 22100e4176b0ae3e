"""`ninefold audit-log`: like `ninefold keys`, it connects to the database. It shows all organisations."""

import asyncio
from typing import Annotated, Final
from uuid import UUID

import cyclopts

from ninefold.core.commands import parse_argument_id, print_json, print_note, print_table
from ninefold.core.ids import format_id
from ninefold.core.tenancy.audit import AUDIT_ENTRY_PREFIX, AuditFilter, AuditResult, StoredAuditEntry
from ninefold.core.tenancy.model import ACCOUNT_PREFIX, ORGANISATION_PREFIX
from ninefold.core.tenancy.store.audit_log import audit_entry_list
from ninefold.edge.cli.organisations import parse_organisation_id
from ninefold.edge.cli.settings import DataDir, Json, read_core_settings
from ninefold.edge.database import open_transaction

Limit = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1, lte=1_000))]

_COLUMNS: Final = {
    "occurred_at": "Time",
    "actor": "Who",
    "operation": "Operation",
    "target_id": "Target",
    "result": "Result",
    "address": "From",
    "organisation_id": "Organisation",
}


def audit_log(
    *,
    organisation: str | None = None,
    account: str | None = None,
    operation: str | None = None,
    target: str | None = None,
    result: AuditResult | None = None,
    limit: Limit = 50,
    before: str | None = None,
    data_dir: DataDir = None,
    json: Json = False,
) -> None:
    """List who changed what, when and from where, newest first.

    Args:
        organisation: List only changes in this organisation.
        account: List only what the person with this account did, such as acc_01h45….
        operation: List only this operation, such as create_subscription or "ninefold keys create".
        target: List only changes of what has this id.
        result: List only changes that succeeded, or requests that were denied.
        limit: Maximum number of entries to list.
        before: List only entries that are older than the one with this id.
        data_dir: see DataDir.
        json: see Json.
    """
    where = AuditFilter(
        account_id=None
        if account is None
        else parse_argument_id(ACCOUNT_PREFIX, account, shown_by="ninefold accounts list"),
        operation=operation,
        target_id=target,
        result=result,
    )
    found = asyncio.run(
        _list(
            None if organisation is None else parse_organisation_id(organisation),
            where=where,
            before=None if before is None else _parse_id(before),
            limit=limit,
            data_dir=data_dir,
        )
    )
    shown = [_describe(entry) for entry in found]
    if json:
        print_json(shown)
        return
    print_table(
        list(_COLUMNS.values()),
        [[entry[column] for column in _COLUMNS] for entry in shown],
        empty="There are no such entries.",
    )
    if len(found) == limit:
        print_note(f"There may be more: --before {shown[-1]['audit_entry_id']}")


def _parse_id(text: str) -> UUID:
    return parse_argument_id(AUDIT_ENTRY_PREFIX, text, shown_by="ninefold audit-log --json")


async def _list(
    organisation_id: UUID | None, *, where: AuditFilter, before: UUID | None, limit: int, data_dir: str | None
) -> list[StoredAuditEntry]:
    settings = read_core_settings(data_dir=data_dir)
    async with open_transaction(settings, application_name="ninefold audit-log", may_create=False) as connection:
        return await audit_entry_list(
            connection, organisation_id=organisation_id, where=where, before=before, limit=limit
        )


def _describe(entry: StoredAuditEntry) -> dict[str, object]:
    return {
        "audit_entry_id": format_id(AUDIT_ENTRY_PREFIX, entry.audit_entry_id),
        "occurred_at": entry.occurred_at,
        "operation": entry.operation,
        "target_id": entry.target_id,
        "actor": entry.actor,
        "actor_kind": entry.actor_kind,
        "account_id": None if entry.account_id is None else format_id(ACCOUNT_PREFIX, entry.account_id),
        "credential_kind": entry.credential_kind,
        "address": entry.address,
        "request_id": entry.request_id,
        "result": entry.result,
        "organisation_id": None
        if entry.organisation_id is None
        else format_id(ORGANISATION_PREFIX, entry.organisation_id),
    }

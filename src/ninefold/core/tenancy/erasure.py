"""Deletes an organisation, and then erases what the audit log says of it."""

from typing import Final
from uuid import UUID

from ninefold.core.erasure import SchemaErasure
from ninefold.core.ids import format_id
from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.errors import NotConfirmedError
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.core.tenancy.personal_kinds import SESSION
from ninefold.core.tenancy.service import get_organisation
from ninefold.core.tenancy.store.credentials import access_notify, credential_leave_organisation
from ninefold.core.tenancy.store.organisations import organisation_delete, organisation_lock_members

erase_audit_log: Final = SchemaErasure(schema="tenancy", kept=("account", "recovery_code", "sign_in_limit"))
"""Erases what is left of an organisation that was deleted. The accounts of people are theirs, and stay."""


async def delete_organisation(connection: Connection, *, organisation_id: UUID, confirmed_name: str) -> None:
    """Delete an organisation: from the commit on, none of its credentials is accepted and no new one can be made.

    Its members stay signed in, but are no longer in it. What systems have of it is erased by a job, which the caller
    enqueues in the same transaction.

    Raises:
        OrganisationNotFoundError: there is no such organisation.
        NotConfirmedError: its name is another one.
    """
    await organisation_lock_members(connection, organisation_id=organisation_id)
    organisation = await get_organisation(connection, organisation_id)
    if organisation.name != confirmed_name:
        raise NotConfirmedError(
            f"The name of {format_id(ORGANISATION_PREFIX, organisation_id)} isn't {confirmed_name!r}.",
            field="--confirm",
            remedy="Confirm with the organisation's exact name, which `ninefold organisations list` shows. "
            "Nothing was erased.",
        )
    await credential_leave_organisation(connection, organisation_id=organisation_id, kind=SESSION.name)
    await organisation_delete(connection, organisation_id=organisation_id)
    await access_notify(connection)

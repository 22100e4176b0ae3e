"""Secrets and variables of organisations and repositories; those of a repository come first."""

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

from ninefold.core.ids import new_id
from ninefold.core.postgres.database import Connection
from ninefold.core.secrets import SealedColumn, Sealer
from ninefold.systems.workflows.errors import (
    InvalidSecretError,
    SecretNotFoundError,
    TooManySecretsError,
    VariableNotFoundError,
)
from ninefold.systems.workflows.model.secrets import Secret, Variable
from ninefold.systems.workflows.service.repositories import get_repository
from ninefold.systems.workflows.store import secrets as store

SECRETS_MAX: Final = 100
"""Of an organisation, and of a repository."""

VARIABLES_MAX: Final = 500
"""Of an organisation, and of a repository."""

VALUE_BYTES_MAX: Final = 48 * 1024
NAME_LENGTH_MAX: Final = 255

_NAME: Final = re.compile(r"[A-Z_][A-Z0-9_]{0,254}")
_RESERVED: Final = "GITHUB_"


async def _delete_lost(connection: Connection, _: Sealer, secret_ids: Sequence[UUID]) -> None:
    await store.secret_delete_many(connection, secret_ids=secret_ids)


SECRETS: Final = SealedColumn(
    table="workflows.secret",
    id_column="secret_id",
    title="secrets of workflows",
    on_loss=_delete_lost,
    loss_remedy="They were deleted. Set them again: ninefold workflows secrets set NAME",
)


async def put_secret(
    connection: Connection,
    sealer: Sealer,
    *,
    organisation_id: UUID,
    repository_id: UUID | None,
    name: str,
    value: str,
    at: datetime,
) -> Secret:
    """Set a secret of a repository, or of the organisation; call it in a transaction.

    Raises:
        InvalidSecretError: its name or its value can't be like this.
        RepositoryNotFoundError: the organisation has no such repository.
        TooManySecretsError: there are `SECRETS_MAX`.
    """
    name = checked_name(name)
    _check_value(value)
    listed = await list_secrets(connection, organisation_id=organisation_id, repository_id=repository_id)
    if len(listed) >= SECRETS_MAX and all(each.name != name for each in listed):
        raise _too_many("secrets", SECRETS_MAX)
    secret_id = new_id()
    return await store.secret_put(
        connection,
        secret_id=secret_id,
        organisation_id=organisation_id,
        repository_id=repository_id,
        name=name,
        sealed=sealer.seal(value, purpose=SECRETS.purpose(secret_id)),
        at=at,
    )


async def delete_secret(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None, name: str
) -> None:
    """Delete a secret.

    Raises:
        SecretNotFoundError: there is none of this name.
    """
    if not await store.secret_delete(
        connection, organisation_id=organisation_id, repository_id=repository_id, name=name.upper()
    ):
        raise SecretNotFoundError(f"There is no secret {name[:80]!r}.", field="secret_name", remedy="List them.")


async def list_secrets(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None
) -> Sequence[Secret]:
    """Return secrets by name, without their values.

    Raises:
        RepositoryNotFoundError: the organisation has no such repository.
    """
    await _check_repository(connection, organisation_id=organisation_id, repository_id=repository_id)
    return await store.secret_list(
        connection, organisation_id=organisation_id, repository_id=repository_id, limit=SECRETS_MAX
    )


async def job_secrets(
    connection: Connection, sealer: Sealer, *, organisation_id: UUID, repository_id: UUID
) -> Mapping[str, str]:
    """Return the secrets that a job of a repository can use, by name; those of the repository win.

    Raises:
        SealError: one was sealed with another key.
    """
    found = await store.secret_list_sealed(connection, organisation_id=organisation_id, repository_id=repository_id)
    return {each.name: sealer.open(each.sealed, purpose=SECRETS.purpose(each.secret_id)) for each in found}


async def put_variable(
    connection: Connection,
    *,
    organisation_id: UUID,
    repository_id: UUID | None,
    name: str,
    value: str,
    at: datetime,
) -> Variable:
    """Set a variable of a repository, or of the organisation; call it in a transaction.

    Raises:
        InvalidSecretError: its name or its value can't be like this.
        RepositoryNotFoundError: the organisation has no such repository.
        TooManySecretsError: there are `VARIABLES_MAX`.
    """
    name = checked_name(name)
    _check_value(value)
    listed = await list_variables(connection, organisation_id=organisation_id, repository_id=repository_id)
    if len(listed) >= VARIABLES_MAX and all(each.name != name for each in listed):
        raise _too_many("variables", VARIABLES_MAX)
    return await store.variable_put(
        connection,
        variable_id=new_id(),
        organisation_id=organisation_id,
        repository_id=repository_id,
        name=name,
        value=value,
        at=at,
    )


async def delete_variable(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None, name: str
) -> None:
    """Delete a variable.

    Raises:
        VariableNotFoundError: there is none of this name.
    """
    if not await store.variable_delete(
        connection, organisation_id=organisation_id, repository_id=repository_id, name=name.upper()
    ):
        raise VariableNotFoundError(f"There is no variable {name[:80]!r}.", field="variable_name", remedy="List them.")


async def list_variables(
    connection: Connection, *, organisation_id: UUID, repository_id: UUID | None
) -> Sequence[Variable]:
    """Return variables by name.

    Raises:
        RepositoryNotFoundError: the organisation has no such repository.
    """
    await _check_repository(connection, organisation_id=organisation_id, repository_id=repository_id)
    return await store.variable_list(
        connection, organisation_id=organisation_id, repository_id=repository_id, limit=VARIABLES_MAX
    )


async def job_variables(connection: Connection, *, organisation_id: UUID, repository_id: UUID) -> Mapping[str, str]:
    """Return the context `vars` of a repository; its own variables win."""
    found = await store.variable_list_effective(
        connection, organisation_id=organisation_id, repository_id=repository_id
    )
    return {each.name: each.value for each in found}


def checked_name(name: str) -> str:
    """Return the name of a secret or a variable as it is kept: in upper case.

    Raises:
        InvalidSecretError: it can't be one.
    """
    upper = name.upper()
    if not _NAME.fullmatch(upper) or upper.startswith(_RESERVED):
        raise InvalidSecretError(
            f"{name[:80]!r} can't be a name.",
            field="name",
            remedy=f"Use letters, digits and _, not with a digit or {_RESERVED} first.",
        )
    return upper


def _check_value(value: str) -> None:
    if not 1 <= len(value.encode()) <= VALUE_BYTES_MAX or "\0" in value:
        raise InvalidSecretError(
            f"A value has 1 to {VALUE_BYTES_MAX:,} bytes, without NUL.", field="value", remedy="Shorten it."
        )


async def _check_repository(connection: Connection, *, organisation_id: UUID, repository_id: UUID | None) -> None:
    if repository_id is not None:
        await get_repository(connection, organisation_id=organisation_id, repository_id=repository_id)


def _too_many(what: str, maximum: int) -> TooManySecretsError:
    return TooManySecretsError(f"There are {maximum} {what}.", remedy="Delete those that aren't needed.")

"""The HTTP routes for secrets: values go in, and only names come out."""

from typing import Annotated, Final

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.secrets import Sealer
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.workflows.model.secrets import Secret
from ninefold.systems.workflows.routes.repositories import REPOSITORY_PATH
from ninefold.systems.workflows.routes.wire import TAGS, RepositoryId
from ninefold.systems.workflows.service import secrets as service

VALUE_BODY_BYTES_MAX: Final = 512 * 1024
"""Of a request: a value whose characters are all escaped fits in."""

_SECRETS: Final = "/api/v1/workflows/secrets"
_SECRET: Final = f"{_SECRETS}/{{secret_name:str}}"
_REPOSITORY_SECRETS: Final = f"{REPOSITORY_PATH}/secrets"
_REPOSITORY_SECRET: Final = f"{_REPOSITORY_SECRETS}/{{secret_name:str}}"

SecretName = Annotated[str, msgspec.Meta(examples=["NPM_TOKEN"])]


class PutSecret(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value of a secret, which nobody can read again."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=service.VALUE_BYTES_MAX, examples=["npm_5X2c…"])]

    def __repr__(self) -> str:
        return "PutSecret()"


class SecretView(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, without its value."""

    name: SecretName
    created_at: Timestamp
    updated_at: Timestamp


class SecretsView(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets by name, without their values."""

    items: list[SecretView]


@get(_SECRETS, tags=TAGS)
async def list_organisation_secrets(
    principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> SecretsView:
    """List the organisation's secrets.

    All its repositories can use them. Only names are shown.
    """
    async with database.snapshot() as connection:
        found = await service.list_secrets(connection, organisation_id=principal.organisation_id, repository_id=None)
    return SecretsView(items=[_show(each) for each in found])


@put(_SECRET, tags=TAGS, request_max_body_size=VALUE_BODY_BYTES_MAX, responses=problem_responses(409))
async def put_organisation_secret(
    *,
    secret_name: FromPath[str],
    data: FromBody[PutSecret],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    clock: NamedDependency[Clock],
) -> SecretView:
    """Set a secret of the organisation.

    Jobs that begin from now on get the new value.
    """
    async with database.transaction() as connection:
        secret = await service.put_secret(
            connection,
            sealer,
            organisation_id=principal.organisation_id,
            repository_id=None,
            name=secret_name,
            value=data.value,
            at=clock.now(),
        )
    return _show(secret)


@delete(_SECRET, tags=TAGS)
async def delete_organisation_secret(
    secret_name: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Delete a secret of the organisation."""
    async with database.transaction() as connection:
        await service.delete_secret(
            connection, organisation_id=principal.organisation_id, repository_id=None, name=secret_name
        )


@get(_REPOSITORY_SECRETS, tags=TAGS)
async def list_repository_secrets(
    repository_id: FromPath[RepositoryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> SecretsView:
    """List a repository's secrets.

    Only names are shown.
    """
    async with database.snapshot() as connection:
        found = await service.list_secrets(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id
        )
    return SecretsView(items=[_show(each) for each in found])


@put(_REPOSITORY_SECRET, tags=TAGS, request_max_body_size=VALUE_BODY_BYTES_MAX, responses=problem_responses(409))
async def put_repository_secret(
    *,
    repository_id: FromPath[RepositoryId],
    secret_name: FromPath[str],
    data: FromBody[PutSecret],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    sealer: NamedDependency[Sealer],
    clock: NamedDependency[Clock],
) -> SecretView:
    """Set a secret of a repository.

    It comes before one of the organisation with the same name.
    """
    async with database.transaction() as connection:
        secret = await service.put_secret(
            connection,
            sealer,
            organisation_id=principal.organisation_id,
            repository_id=repository_id,
            name=secret_name,
            value=data.value,
            at=clock.now(),
        )
    return _show(secret)


@delete(_REPOSITORY_SECRET, tags=TAGS)
async def delete_repository_secret(
    repository_id: FromPath[RepositoryId],
    secret_name: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Delete a secret of a repository."""
    async with database.transaction() as connection:
        await service.delete_secret(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id, name=secret_name
        )


def _show(secret: Secret) -> SecretView:
    return SecretView(name=secret.name, created_at=secret.created_at, updated_at=secret.updated_at)


SECRET_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_organisation_secrets,
    put_organisation_secret,
    delete_organisation_secret,
    list_repository_secrets,
    put_repository_secret,
    delete_repository_secret,
]

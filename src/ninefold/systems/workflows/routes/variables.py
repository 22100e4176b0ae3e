"""The HTTP routes for variables: the context `vars`."""

from typing import Annotated, Final

import msgspec
from litestar import delete, get, put
from litestar.di import NamedDependency
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from ninefold.core.clock import Clock
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy.model import Principal
from ninefold.core.web.bodies import FromBody
from ninefold.core.web.problems import problem_responses
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.workflows.model.secrets import Variable
from ninefold.systems.workflows.routes.repositories import REPOSITORY_PATH
from ninefold.systems.workflows.routes.secrets import VALUE_BODY_BYTES_MAX
from ninefold.systems.workflows.routes.wire import TAGS, RepositoryId
from ninefold.systems.workflows.service import secrets as service

_VARIABLES: Final = "/api/v1/workflows/variables"
_VARIABLE: Final = f"{_VARIABLES}/{{variable_name:str}}"
_REPOSITORY_VARIABLES: Final = f"{REPOSITORY_PATH}/variables"
_REPOSITORY_VARIABLE: Final = f"{_REPOSITORY_VARIABLES}/{{variable_name:str}}"

VariableName = Annotated[str, msgspec.Meta(examples=["REGION"])]


class PutVariable(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The value of a variable."""

    value: Annotated[str, msgspec.Meta(min_length=1, max_length=service.VALUE_BYTES_MAX, examples=["eu-central"])]


class VariableView(msgspec.Struct, frozen=True, kw_only=True):
    """A variable of the context `vars`."""

    name: VariableName
    value: Annotated[str, msgspec.Meta(examples=["eu-central"])]
    created_at: Timestamp
    updated_at: Timestamp


class VariablesView(msgspec.Struct, frozen=True, kw_only=True):
    """Variables by name."""

    items: list[VariableView]


@get(_VARIABLES, tags=TAGS)
async def list_organisation_variables(
    principal: NamedDependency[Principal], database: NamedDependency[Database]
) -> VariablesView:
    """List the organisation's variables.

    All its repositories can use them.
    """
    async with database.snapshot() as connection:
        found = await service.list_variables(connection, organisation_id=principal.organisation_id, repository_id=None)
    return VariablesView(items=[_show(each) for each in found])


@put(_VARIABLE, tags=TAGS, request_max_body_size=VALUE_BODY_BYTES_MAX, responses=problem_responses(409))
async def put_organisation_variable(
    *,
    variable_name: FromPath[str],
    data: FromBody[PutVariable],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> VariableView:
    """Set a variable of the organisation.

    Runs that begin from now on get the new value.
    """
    async with database.transaction() as connection:
        variable = await service.put_variable(
            connection,
            organisation_id=principal.organisation_id,
            repository_id=None,
            name=variable_name,
            value=data.value,
            at=clock.now(),
        )
    return _show(variable)


@delete(_VARIABLE, tags=TAGS)
async def delete_organisation_variable(
    variable_name: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Delete a variable of the organisation."""
    async with database.transaction() as connection:
        await service.delete_variable(
            connection, organisation_id=principal.organisation_id, repository_id=None, name=variable_name
        )


@get(_REPOSITORY_VARIABLES, tags=TAGS)
async def list_repository_variables(
    repository_id: FromPath[RepositoryId],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> VariablesView:
    """List a repository's variables."""
    async with database.snapshot() as connection:
        found = await service.list_variables(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id
        )
    return VariablesView(items=[_show(each) for each in found])


@put(_REPOSITORY_VARIABLE, tags=TAGS, request_max_body_size=VALUE_BODY_BYTES_MAX, responses=problem_responses(409))
async def put_repository_variable(
    *,
    repository_id: FromPath[RepositoryId],
    variable_name: FromPath[str],
    data: FromBody[PutVariable],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
    clock: NamedDependency[Clock],
) -> VariableView:
    """Set a variable of a repository.

    It comes before one of the organisation with the same name.
    """
    async with database.transaction() as connection:
        variable = await service.put_variable(
            connection,
            organisation_id=principal.organisation_id,
            repository_id=repository_id,
            name=variable_name,
            value=data.value,
            at=clock.now(),
        )
    return _show(variable)


@delete(_REPOSITORY_VARIABLE, tags=TAGS)
async def delete_repository_variable(
    repository_id: FromPath[RepositoryId],
    variable_name: FromPath[str],
    principal: NamedDependency[Principal],
    database: NamedDependency[Database],
) -> None:
    """Delete a variable of a repository."""
    async with database.transaction() as connection:
        await service.delete_variable(
            connection, organisation_id=principal.organisation_id, repository_id=repository_id, name=variable_name
        )


def _show(variable: Variable) -> VariableView:
    return VariableView(
        name=variable.name, value=variable.value, created_at=variable.created_at, updated_at=variable.updated_at
    )


VARIABLE_ROUTES: Final[list[HTTPRouteHandler]] = [
    list_organisation_variables,
    put_organisation_variable,
    delete_organisation_variable,
    list_repository_variables,
    put_repository_variable,
    delete_repository_variable,
]

"""`ninefold workflows secrets …` and `ninefold workflows variables …`."""

import sys
from getpass import getpass
from typing import Annotated, Final, TypeAlias
from urllib.parse import quote

import msgspec
from cyclopts import App, Parameter

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    ApiResponse,
    encode_body,
    print_note,
    print_table,
    show_answer,
    show_fields,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.repositories import repository_path

VALUE_BYTES_MAX: Final = 48 * 1024

_ROOT: Final = "/api/v1/workflows"

OfRepository: TypeAlias = Annotated[str | None, Parameter(name="--repository", show_default=False)]

secrets = App(name="secrets", help="Manage secrets, which jobs get and nobody can read again.")
variables = App(name="variables", help="Manage variables, which jobs get as the context vars.")


class SecretAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A secret, without its value."""

    name: str
    updated_at: str


class SecretsAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Secrets by name."""

    items: list[SecretAnswer]


class VariableAnswer(SecretAnswer, frozen=True, kw_only=True):
    """A variable."""

    value: str


class VariablesAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Variables by name."""

    items: list[VariableAnswer]


@secrets.command(name="set")
def set_secret(name: str, *, repository: OfRepository = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Set a secret. Its value comes from standard input, or is asked for.

    Args:
        name: Its name, such as NPM_TOKEN.
        repository: The repository that can use it, by name or id; without one, all of the organisation.
        api: The server and API key to use.
    """
    value = _read_value(name)
    with api.client() as client:
        answer = _put(client, "secrets", name, value, repository)
        show_answer(answer, SecretAnswer, api=api, show=show_fields)


@secrets.command(name="list")
def list_secrets(*, repository: OfRepository = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List secrets by name; their values are never shown.

    Args:
        repository: Those of this repository, by name or id; without one, those of the organisation.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_path(client, "secrets", repository))
        show_answer(answer, SecretsAnswer, api=api, show=_show_secrets)


@secrets.command(name="delete")
def delete_secret(name: str, *, repository: OfRepository = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a secret.

    Args:
        name: Its name.
        repository: The repository that it belongs to, by name or id; without one, the organisation.
        api: The server and API key to use.
    """
    _delete("secrets", name, repository, api)


@variables.command(name="set")
def set_variable(name: str, value: str, *, repository: OfRepository = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Set a variable.

    Args:
        name: Its name, such as REGION.
        value: Its value.
        repository: The repository that can use it, by name or id; without one, all of the organisation.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = _put(client, "variables", name, value, repository)
        show_answer(answer, VariableAnswer, api=api, show=show_fields)


@variables.command(name="list")
def list_variables(*, repository: OfRepository = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List variables by name.

    Args:
        repository: Those of this repository, by name or id; without one, those of the organisation.
        api: The server and API key to use.
    """
    with api.client() as client:
        answer = client.get(_path(client, "variables", repository))
        show_answer(answer, VariablesAnswer, api=api, show=_show_variables)


@variables.command(name="delete")
def delete_variable(name: str, *, repository: OfRepository = None, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Delete a variable.

    Args:
        name: Its name.
        repository: The repository that it belongs to, by name or id; without one, the organisation.
        api: The server and API key to use.
    """
    _delete("variables", name, repository, api)


def _read_value(name: str) -> str:
    """Return the value of a secret from standard input, without the line feed at its end.

    Raises:
        InvalidInputError: there is none, or too much.
    """
    if sys.stdin.isatty():
        value = getpass(f"Value of {name}: ")
    else:
        content = sys.stdin.buffer.read(VALUE_BYTES_MAX + 2)
        try:
            value = content.decode()
        except UnicodeDecodeError as error:
            raise InvalidInputError("The value isn't UTF-8.", remedy="Encode it, such as with base64.") from error
        value = value.removesuffix("\n").removesuffix("\r")
    if not 1 <= len(value.encode()) <= VALUE_BYTES_MAX:
        raise InvalidInputError(
            f"A value has 1 to {VALUE_BYTES_MAX:,} bytes.",
            remedy=f"Write it to standard input: ninefold workflows secrets set {name} < value.txt",
        )
    return value


def _put(client: ApiClient, what: str, name: str, value: str, repository: str | None) -> ApiResponse:
    path = f"{_path(client, what, repository)}/{quote(name, safe='')}"
    return client.request("PUT", path, content=encode_body({"value": value}))


def _delete(what: str, name: str, repository: str | None, api: ApiOptions) -> None:
    with api.client() as client:
        client.delete(f"{_path(client, what, repository)}/{quote(name, safe='')}")
    if not api.json:
        print_note(f"Deleted {name}.")


def _path(client: ApiClient, what: str, repository: str | None) -> str:
    return f"{_ROOT}/{what}" if repository is None else f"{repository_path(client, repository)}/{what}"


def _show_secrets(answer: SecretsAnswer) -> None:
    print_table(
        ["Name", "Updated at"],
        [[each.name, each.updated_at] for each in answer.items],
        empty="No secrets yet. Set one: ninefold workflows secrets set NPM_TOKEN",
    )


def _show_variables(answer: VariablesAnswer) -> None:
    print_table(
        ["Name", "Value", "Updated at"],
        [[each.name, each.value, each.updated_at] for each in answer.items],
        empty="No variables yet. Set one: ninefold workflows variables set REGION eu-central",
    )

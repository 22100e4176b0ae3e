"""`ninefold providers …`."""

from typing import Final

from cyclopts import App

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiOptions,
    print_fields,
    print_gap,
    print_table,
    print_text,
    show_answer,
)
from ninefold.core.errors import InvalidInputError
from ninefold.systems.callbacks.commands.answers import ProviderAnswer, ProvidersAnswer

_PROVIDERS: Final = "/api/v1/providers"

providers = App(name="providers", help="View the third parties whose callbacks can be verified.")


@providers.command(name="list")
def list_providers(*, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """List the providers that a source can have.

    Args:
        api: The server and API key to use.
    """
    with api.client() as client:
        show_answer(client.get(_PROVIDERS), ProvidersAnswer, api=api, show=_show_providers)


@providers.command(name="show")
def show_provider(name: str, *, api: ApiOptions = FROM_ENVIRONMENT) -> None:
    """Show the fields of a provider's sources, and what to do at the provider. With --json, print all providers.

    Args:
        name: The provider's name, such as github.
        api: The server and API key to use.
    """

    def show(found: ProvidersAnswer) -> None:
        provider = next((each for each in found.items if each.name == name), None)
        if provider is None:
            raise InvalidInputError(
                f"There is no provider {name!r}.", field="name", remedy="`ninefold providers list` lists them."
            )
        _show_provider(provider)

    with api.client() as client:
        show_answer(client.get(_PROVIDERS), ProvidersAnswer, api=api, show=show)


def _show_providers(found: ProvidersAnswer) -> None:
    print_table(
        ["Name", "Provider", "How it proves a callback"],
        [[item.name, item.title, item.scheme] for item in found.items],
        empty="There are no providers.",
    )


def _show_provider(provider: ProviderAnswer) -> None:
    print_fields(
        {"name": provider.name, "title": provider.title, "scheme": provider.scheme, "docs_url": provider.docs_url}
    )
    print_gap()
    print_table(
        ["Field", "Required", "Default", "Meaning"],
        [
            [field.name, "yes" if field.is_required else "no", field.default or None, field.description]
            for field in provider.fields
        ],
        empty="Its sources have no fields.",
    )
    print_gap()
    for number, step in enumerate(provider.setup_steps, start=1):
        print_text(f"{number}. {step}")

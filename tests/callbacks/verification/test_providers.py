import re
from collections.abc import Iterable
from typing import Final

import pytest

from callbacks.verification.provider_table import provider_table
from ninefold.systems.callbacks.verification import (
    SECRETS_FIELD,
    Provider,
    UnknownProviderError,
    find_provider,
    list_providers,
)
from ninefold.systems.callbacks.verification.checks import CHECKS
from ninefold.systems.callbacks.verification.schemes import AnyScheme, SignatureScheme
from tidy.tree import DOCS

PROVIDERS: Final = list_providers()
every_provider = pytest.mark.parametrize("provider", PROVIDERS, ids=lambda provider: provider.name)

NEEDED: Final = """
    api_key basic bitbucket discord github gitlab hmac hubspot jwt linear meta paddle pagerduty sendgrid sentry shopify
    slack square standard_webhooks stripe svix twilio typeform x zendesk zoom
"""


def names(providers: Iterable[Provider]) -> list[str]:
    return [provider.name for provider in providers]


def test_all_providers_are_listed_by_name() -> None:
    assert names(PROVIDERS) == NEEDED.split()


def test_an_unknown_provider_is_refused_with_the_known_ones() -> None:
    with pytest.raises(UnknownProviderError, match=r"'stripes'.* stripe,"):
        find_provider("stripes")


@every_provider
def test_a_provider_says_how_it_is_set_up(provider: Provider) -> None:
    assert any("{ingest_url}" in step for step in provider.setup_steps)
    assert provider.docs_url.startswith("https://")
    assert all(source.startswith(("https://", "SDK ")) for source in provider.sources)
    assert provider.sources
    assert provider.schemes
    for text in (provider.summary, *provider.setup_steps, *(field.description for field in provider.fields)):
        assert re.search(r"[.!?]$|\{ingest_url\}$", text), text


@every_provider
def test_a_secret_is_masked_and_required(provider: Provider) -> None:
    secrets = [field for field in provider.fields if field.name == SECRETS_FIELD]

    assert all(field.is_secret and field.is_required for field in secrets)
    assert (secrets == []) is (provider.name == "jwt")


@every_provider
def test_an_hmac_is_at_least_of_sha256(provider: Provider) -> None:
    # Twilio's SHA-1 is its own scheme.
    algorithms = {scheme.algorithm for scheme in provider.schemes if isinstance(scheme, SignatureScheme)}

    assert "hmac-sha1" not in algorithms


def test_every_kind_of_scheme_has_a_check_and_a_provider() -> None:
    assert set(CHECKS) == set(AnyScheme.__args__)
    assert set(CHECKS) == {type(scheme) for provider in PROVIDERS for scheme in provider.schemes}


def test_only_shopify_sends_the_same_content_for_several_types() -> None:
    assert names(provider for provider in PROVIDERS if provider.has_types_of_same_content) == ["shopify"]


def test_the_table_of_the_documentation_is_that_of_the_data_files() -> None:
    document = (DOCS / "systems" / "callbacks-providers.md").read_text(encoding="utf-8")

    assert provider_table() in document, f"replace the table of the page with this one:\n{provider_table()}"

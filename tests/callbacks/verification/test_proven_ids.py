import pytest

from ninefold.systems.callbacks.verification.proven_ids import is_id_proven
from ninefold.systems.callbacks.verification.providers import find_provider, list_providers

GENERIC = ("api_key", "basic", "hmac", "jwt")


def test_providers_whose_id_is_not_signed() -> None:
    unproven = {
        provider.name
        for provider in list_providers()
        if provider.name not in GENERIC
        for scheme in provider.schemes
        if not is_id_proven(scheme, provider.id_templates(scheme), provider.complete({}))
    }

    assert unproven == {"bitbucket", "github", "linear", "sentry", "shopify", "twilio", "zendesk"}


@pytest.mark.parametrize(
    ("provider", "options", "event_id", "is_proven"),
    [
        ("basic", {}, "{header X-Id}", True),
        ("api_key", {}, "{header X-Id}", True),
        ("jwt", {}, "{header X-Id}", True),
        ("jwt", {"body_sha256_claim": "hash"}, "{header X-Id}", False),
        ("jwt", {"body_sha256_claim": "hash"}, "{json id}", True),
        ("hmac", {"header": "X-Signature"}, "{header X-Id}", False),
        ("hmac", {"header": "X-Signature"}, "{json id}", True),
        ("hmac", {"header": "X-Signature", "signed_content": "{header X-Id}.{body}"}, "{header X-Id}", True),
        ("hmac", {"header": "X-Signature"}, "{query}", False),
    ],
)
def test_the_id_of_a_generic_provider(
    provider: str, options: dict[str, str], event_id: str, *, is_proven: bool
) -> None:
    found = find_provider(provider)

    assert is_id_proven(found.schemes[0], [event_id], found.complete(options)) is is_proven

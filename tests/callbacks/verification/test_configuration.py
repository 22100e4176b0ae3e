import base64
import json

import pytest

from callbacks.verification.signing import JWKS
from ninefold.systems.callbacks.verification import SECRETS_MAX, Secret, find_problems, find_provider


def fields_with_problems(provider: str, secrets: list[str], options: dict[str, str]) -> list[str]:
    problems = find_problems(find_provider(provider), [Secret(secret) for secret in secrets], options)
    assert all(problem.message.endswith(".") for problem in problems)
    return [problem.field for problem in problems]


@pytest.mark.parametrize(
    ("provider", "secrets", "options", "expected"),
    [
        ("github", ["s"], {}, []),
        ("github", [], {}, ["secrets"]),
        ("github", ["  "], {}, ["secrets"]),
        ("github", ["s"] * SECRETS_MAX, {}, []),
        ("github", ["s"] * (SECRETS_MAX + 1), {}, ["secrets"]),
        ("github", ["s"], {"header": "X-A"}, ["header"]),
        ("github", ["s"], {"secrets": "s"}, ["secrets"]),
        ("meta", ["s"], {}, ["verify_token"]),
        ("meta", ["s"], {"verify_token": "v"}, []),
        ("discord", ["ab" * 32], {}, []),
        ("discord", ["ab" * 31], {}, ["secrets"]),
        ("discord", ["not hex"], {}, ["secrets"]),
        ("sendgrid", ["AAAA"], {}, ["secrets"]),
        ("svix", ["whsec_AAAA"], {}, []),
        ("svix", ["AAAA"], {}, ["secrets"]),
        ("svix", ["whsec_!"], {}, ["secrets"]),
        ("stripe", ["whsec_any text"], {}, []),
        ("stripe", ["sk_live_AAAA"], {}, ["secrets"]),
        ("standard_webhooks", ["AAAA"], {}, ["secrets"]),
        ("standard_webhooks", ["whsec_!"], {}, ["secrets"]),
        ("standard_webhooks", ["whpk_AAAA"], {}, ["secrets"]),
        ("standard_webhooks", ["whpk_" + base64.b64encode(bytes(32)).decode()], {}, []),
        ("gitlab", ["any text", "whsec_AAAA"], {}, []),
        ("gitlab", ["whsec_!"], {}, ["secrets"]),
        ("basic", ["p"], {"username": "u"}, []),
        ("basic", ["p"], {"username": "a:b"}, ["username"]),
        ("basic", ["p"], {}, ["username"]),
        ("api_key", ["k"], {"event_type": "{json type}"}, []),
        ("api_key", ["k"], {"event_type": "{json"}, ["event_type"]),
        ("api_key", ["k"], {"event_id": "{cookie a}"}, ["event_id"]),
        ("api_key", ["k"], {"header": "two words"}, ["header"]),
        ("hmac", ["k"], {}, ["header"]),
        ("hmac", ["k"], {"header": "X-Sig"}, []),
        ("hmac", ["k"], {"header": "X-Sig", "algorithm": "md5"}, ["algorithm", "signed_content"]),
        ("hmac", ["k"], {"header": "X-Sig", "signed_content": "{json id}{body}"}, ["signed_content"]),
        ("hmac", ["k"], {"header": "X-Sig", "signed_content": "{timestamp}"}, ["signed_content"]),
        ("hmac", ["k"], {"header": "X-Sig", "signed_content": "{timestamp}.{body}"}, ["signed_content"]),
        ("hmac", ["k"], {"header": "X-Sig", "timestamp_header": "X-Time"}, ["signed_content"]),
        (
            "hmac",
            ["k"],
            {"header": "X-Sig", "timestamp_header": "X-Time", "signed_content": "{timestamp}{body}"},
            [],
        ),
        (
            "hmac",
            ["k"],
            {"header": "X-S", "timestamp_item": "t=", "signed_content": "{timestamp}{body}", "tolerance_s": "0"},
            ["tolerance_s", "signed_content"],
        ),
        ("hmac", ["k"], {"header": "X-S", "tolerance_s": "soon"}, ["tolerance_s"]),
        ("hmac", ["k"], {"header": "X-S", "tolerance_s": "86401"}, ["tolerance_s"]),
        (
            "hmac",
            ["k"],
            {"header": "X-S", "timestamp_item": "t=", "timestamp_header": "X-T", "signed_content": "{timestamp}{body}"},
            ["timestamp_item", "signed_content"],
        ),
        ("jwt", [], {}, ["jwks"]),
        ("jwt", [], {"jwks_url": "https://issuer.example/jwks"}, []),
        ("jwt", [], {"jwks": JWKS}, []),
        ("jwt", ["s"], {"jwks": JWKS}, ["secrets"]),
        ("jwt", [], {"jwks": "{}"}, ["jwks"]),
        ("jwt", [], {"jwks": json.dumps({"keys": [{"kty": "oct", "k": "c2VjcmV0"}]})}, ["jwks"]),
    ],
)
def test_each_problem_of_a_configuration_names_its_field(
    provider: str, secrets: list[str], options: dict[str, str], expected: list[str]
) -> None:
    assert fields_with_problems(provider, secrets, options) == expected


@pytest.mark.parametrize(
    ("provider", "secret", "message", "remedy"),
    [
        ("svix", "a text", "A secret begins with whsec_.", "put that before it"),
        ("standard_webhooks", "whpk_AAAA", "A public key for ed25519 is expected.", "a public key with whpk_"),
        ("discord", "a text", "A secret is hexadecimal.", "64 hexadecimal digits"),
        (
            "sendgrid",
            "AAAA",
            "A public key for ecdsa-p256-sha256 is expected.",
            "public key on the page of the webhook",
        ),
    ],
)
def test_a_secret_of_a_wrong_shape_is_explained(provider: str, secret: str, message: str, remedy: str) -> None:
    (problem,) = find_problems(find_provider(provider), [Secret(secret)], {})

    assert problem.message == message
    assert problem.remedy is not None
    assert remedy in problem.remedy


def test_no_problem_has_the_secret() -> None:
    problems = find_problems(find_provider("discord"), [Secret("hunter2")], {})

    assert "hunter2" not in repr(problems)
    assert "hunter2" not in repr(Secret("hunter2"))

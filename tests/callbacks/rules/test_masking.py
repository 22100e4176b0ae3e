"""What is shown of requests has no secret, and everything else as it was."""

from datetime import UTC, datetime
from urllib.parse import quote, quote_plus
from uuid import UUID

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.callbacks.model import Answer, Source
from ninefold.systems.callbacks.rules.masking import Masking

KEY = "k€y of & the shop"


def source(provider: str, *secrets: str, **options: str) -> Source:
    return Source(
        source_id=UUID(int=1),
        organisation_id=UUID(int=2),
        provider=provider,
        name="Shop",
        token="in_x",
        secrets=secrets,
        options=options,
        answer=Answer(),
        version=1,
        created_at=datetime.now(UTC),
        updated_at=datetime.now(UTC),
    )


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        (b"", b""),
        (b"a=1&&b=%20&c", b"a=1&&b=%20&c"),
        (b"a=1&key=s3cret&b=2", b"a=1&key=***&b=2"),
        (b"key=an+earlier+one", b"key=***"),
        (b"%6Bey=wrong", b"%6Bey=***"),
        (b"other=s3cret", b"other=***"),
        (b"other=%73%33cret", b"other=***"),
        (b"s3cret", b"***"),
        (b"x=\xff&key=1", b"x=\xff&key=***"),
    ],
)
def test_a_query_is_shown_without_the_key(query: bytes, shown: bytes) -> None:
    assert Masking(source("api_key", "s3cret", query_parameter="key")).query(query) == shown


@given(st.binary(max_size=20), st.sampled_from([KEY, quote(KEY), quote_plus(KEY)]), st.binary(max_size=20))
def test_a_key_is_shown_nowhere_in_a_query(before: bytes, key: str, after: bytes) -> None:
    shown = Masking(source("api_key", KEY, query_parameter="key")).query(before + key.encode() + after)

    assert all(text.encode() not in shown for text in (KEY, quote(KEY), quote_plus(KEY)))


@pytest.mark.parametrize(
    ("provider", "options", "name"),
    [
        ("api_key", {}, b"x-api-key"),
        ("api_key", {"header": "X-Own"}, b"x-own"),
        ("basic", {"username": "shop"}, b"authorization"),
        ("gitlab", {}, b"x-gitlab-token"),
        ("jwt", {"jwks_url": "https://example.com"}, b"authorization"),
    ],
)
def test_a_header_with_a_credential_is_masked_whatever_it_has(
    provider: str, options: dict[str, str], name: bytes
) -> None:
    masking = Masking(source(provider, "s3cret", **options))

    assert masking.headers([(name, b"something wrong"), (b"x-event", b"push")]) == (
        (name, b"***"),
        (b"x-event", b"push"),
    )


def test_a_secret_in_any_header_is_masked_and_a_signature_is_shown() -> None:
    masking = Masking(source("github", "s3cret"))

    assert masking.headers([(b"x-copy", b"my s3cret"), (b"x-hub-signature-256", b"sha256=00")]) == (
        (b"x-copy", b"***"),
        (b"x-hub-signature-256", b"sha256=00"),
    )


def test_the_verify_token_of_meta_is_masked() -> None:
    masking = Masking(source("meta", "app secret", verify_token="t0ken"))

    assert masking.query(b"hub.mode=subscribe&hub.verify_token=typo&x=t0ken") == (
        b"hub.mode=subscribe&hub.verify_token=***&x=***"
    )


def test_nothing_is_shown_while_it_is_unknown_what_is_secret() -> None:
    masking = Masking(msgspec.structs.replace(source("hmac"), is_broken=True))

    assert (masking.query(b"a=s3cret"), masking.query(b"")) == (b"***", b"")
    assert masking.headers([(b"x-own", b"s3cret")]) == ((b"x-own", b"***"),)

"""Secrets in log lines are masked, whatever kind of credential they are."""

import re

import msgspec
import pytest

from core.tenancy.foreign_kinds import BOT_TOKEN, FOREIGN_KINDS, PUBLISHABLE_KEY, SESSION, SHORT_KEY
from ninefold.core.telemetry.masking import LineMask
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.personal_kinds import PERSONAL_KINDS


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        (b"key nfk_AbC123xy_abcDEF123 end", b"key nfk_AbC123xy_[masked] end"),
        (b"secret whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw end", b"secret whsec_[masked] end"),
        (b"token nlt_eyJhIjoxfQ.x4we9_c-Rt end", b"token nlt_[masked] end"),
        (b"at postgresql://me:hunter2@db.test/x", b"at postgresql://me:[masked]@db.test/x"),
        (b"at https://example.test:8443/path?a=b", b"at https://example.test:8443/path?a=b"),
        (b"nothing here", b"nothing here"),
    ],
)
def test_secrets_are_masked_by_pattern(text: bytes, masked: bytes) -> None:
    assert LineMask()(text) == masked


@pytest.mark.parametrize("kind", [API_KEY, *PERSONAL_KINDS, BOT_TOKEN, SESSION, SHORT_KEY], ids=lambda kind: kind.label)
@pytest.mark.parametrize(("before", "after"), [("", ""), ("token=", "&a=b"), ('{"error":"bad\\n', '\\n"}'), ("(", ")")])
def test_only_the_public_part_of_a_credential_is_shown(kind: CredentialKind, before: str, after: str) -> None:
    text = kind.new_text()
    line = f"{before}{text}{after}".encode()

    masked = LineMask([*PERSONAL_KINDS, *FOREIGN_KINDS])(line).decode()

    assert re.sub(r"_?\[masked\]", "[masked]", masked) == f"{before}{kind.prefix_of(text)}[masked]{after}"


def test_several_credentials_in_a_line_are_masked() -> None:
    line = f"{BOT_TOKEN.new_text()} {SHORT_KEY.new_text()} {BOT_TOKEN.new_text()}"

    assert LineMask(FOREIGN_KINDS)(line.encode()).count(b"[masked]") == 3


def test_a_public_credential_is_shown() -> None:
    line = f"key {PUBLISHABLE_KEY.new_text()}".encode()

    assert LineMask([PUBLISHABLE_KEY])(line) == line


@pytest.mark.parametrize(
    ("line", "masked"),
    [
        (b"xoxb-2147483647-" + b"s" * 23, b"xoxb-2147483647[masked]"),
        (b"xoxb-2147483647-" + b"s" * 30, b"xoxb-2147483647[masked]"),
        (b"the marker xoxb-2147483647- alone", b"the marker xoxb-2147483647- alone"),
    ],
)
def test_an_incomplete_or_longer_credential_is_masked_too(line: bytes, masked: bytes) -> None:
    assert LineMask([BOT_TOKEN])(line) == masked


def test_words_of_another_length_are_not_taken_for_credentials_without_a_marker() -> None:
    line = b'{"sha256":"' + b"a1" * 32 + b'"}'

    assert LineMask([SESSION])(line) == line


def test_a_line_without_a_marker_is_not_searched() -> None:
    kinds = [msgspec.structs.replace(BOT_TOKEN, name=f"bot_{number}") for number in range(9)]
    line = b'{"event":"webhooks.delivery.delivered","delivery_id":"dlv_01kdvp0800e008000000000072"}'

    assert LineMask(kinds)(line) is line

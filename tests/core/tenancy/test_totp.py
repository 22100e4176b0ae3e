"""Codes of authenticator apps, by the test vectors of RFC 6238, and recovery codes."""

import base64
from datetime import UTC, datetime, timedelta

import pytest

from ninefold.core.tenancy.totp import (
    accepted_step,
    digest_recovery_code,
    new_recovery_codes,
    new_totp_secret,
    totp_uri,
)

RFC_SECRET = base64.b32encode(b"12345678901234567890").decode()


@pytest.mark.parametrize(
    ("unix_time", "code"),
    [
        (1111111109, "081804"),
        (1111111111, "050471"),
        (1234567890, "005924"),
        (2000000000, "279037"),
        (20000000000, "353130"),
    ],
)
def test_the_codes_of_rfc_6238_are_accepted_in_their_step_and_those_around(unix_time: int, code: str) -> None:
    step, now = unix_time // 30, datetime.fromtimestamp(unix_time, UTC)

    for offset, expected in ((-60, None), (-30, step), (0, step), (30, step), (60, None)):
        moved = now + timedelta(seconds=offset)
        assert accepted_step(RFC_SECRET, code, last_step=None, now=moved) == expected


def test_no_code_is_accepted_twice_nor_an_earlier_one() -> None:
    now = datetime.fromtimestamp(59, UTC)

    assert accepted_step(RFC_SECRET, "287082", last_step=0, now=now) == 1
    assert accepted_step(RFC_SECRET, "287082", last_step=1, now=now) is None
    assert accepted_step(RFC_SECRET, "287082", last_step=2, now=now) is None


@pytest.mark.parametrize("code", ["", "28708", "2870820", "287083", "\uff12\uff18\uff17\uff10\uff18\uff12", "abcdef"])
def test_other_texts_are_no_codes(code: str) -> None:
    assert accepted_step(RFC_SECRET, code, last_step=None, now=datetime.fromtimestamp(59, UTC)) is None


def test_a_secret_has_160_bits_and_is_part_of_the_uri() -> None:
    secret = new_totp_secret()

    assert len(base64.b32decode(secret)) == 20
    assert totp_uri(secret, email="mia@example.com") == (
        f"otpauth://totp/Ninefold:mia%40example.com?secret={secret}&issuer=Ninefold"
    )


def test_recovery_codes_differ_and_are_read_however_they_are_written() -> None:
    codes = new_recovery_codes()

    assert len(set(codes)) == 10
    assert all(len(code.replace("-", "")) == 16 for code in codes)
    digests = {digest_recovery_code(form) for form in (codes[0], codes[0].upper(), codes[0].replace("-", " "))}
    assert len(digests) == 1

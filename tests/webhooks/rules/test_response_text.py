"""The text of a response body: decompressed and decoded by what its bytes are, within bounds."""

import gzip
import zlib
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.systems.webhooks.rules.response_text import ResponseText, read_response_text

BYTES_MAX = 16_384
TEXT = "Größe: 12 € … ungültig"
LATIN = "Größe ungültig"


def read(body: bytes, *, is_truncated: bool = False, bytes_max: int = BYTES_MAX) -> ResponseText:
    return read_response_text(body, is_truncated=is_truncated, bytes_max=bytes_max)


@pytest.mark.parametrize(
    ("body", "text"),
    [
        (b"", ""),
        (b"ok", "ok"),
        (TEXT.encode(), TEXT),
        (TEXT.encode("utf-8-sig"), TEXT),
        (TEXT.encode("utf-16"), TEXT),
        (b"\xfe\xff" + TEXT.encode("utf-16-be"), TEXT),
        (TEXT.encode("cp1252"), TEXT),
        (LATIN.encode("latin-1"), LATIN),
        (b"\xe9\x81", "é\x81"),
        (b"\x1b[31m\xe9\x1b[0m", "\x1b[31mé\x1b[0m"),
        (gzip.compress(TEXT.encode(), mtime=0), TEXT),
        (gzip.compress(LATIN.encode("latin-1"), mtime=0), LATIN),
        (gzip.compress(b"", mtime=0), ""),
        (zlib.compress(TEXT.encode()), TEXT),
        (zlib.compress(TEXT.encode(), level=1), TEXT),
        (b"x^2 + y^2", "x^2 + y^2"),
        ("x^é".encode("latin-1"), "x^é"),
        (b"\x1f\x8b\x08 no gzip \xff", "\x1f�\x08 no gzip �"),
        (b"\x89PNG\r\n\x1a\n\x00\xff", "�PNG\r\n\x1a\n\x00�"),
    ],
)
def test_a_body_is_read_as_what_its_bytes_are(body: bytes, text: str) -> None:
    assert read(body) == ResponseText(text=text, is_truncated=False)


@pytest.mark.parametrize("cut", [1, 2])
def test_a_character_that_was_cut_is_left_out(cut: int) -> None:
    assert read("ab€".encode()[:-cut], is_truncated=True) == ResponseText(text="ab", is_truncated=True)


def test_the_beginning_of_a_compressed_body_is_decompressed() -> None:
    whole = "".join(f"line {number}\n" for number in range(2_000))
    shown = read(gzip.compress(whole.encode(), mtime=0)[:1_000], is_truncated=True)

    assert shown.is_truncated
    assert len(shown.text) > 1_000
    assert whole.startswith(shown.text)


def test_a_compressed_body_that_ends_early_is_marked_as_truncated() -> None:
    shown = read(gzip.compress(TEXT.encode() * 100, mtime=0)[:-9])

    assert shown.is_truncated
    assert shown.text.startswith(TEXT)


@pytest.mark.parametrize("compress", [gzip.compress, zlib.compress])
def test_a_decompression_bomb_is_cut_at_the_limit(compress: Callable[[bytes], bytes]) -> None:
    shown = read(compress(b"0" * 10_000_000))

    assert shown == ResponseText(text="0" * BYTES_MAX, is_truncated=True)


def test_only_one_layer_is_decompressed() -> None:
    inner = gzip.compress(TEXT.encode(), mtime=0)
    assert TEXT not in read(gzip.compress(inner, mtime=0)).text


@given(st.binary(max_size=200), st.booleans())
def test_any_bytes_give_a_text_within_the_limit(body: bytes, is_truncated: bool) -> None:  # noqa: FBT001  # Hypothesis passes it by position.
    for given_body in (body, gzip.compress(body, mtime=0), b"\x1f\x8b\x08" + body, b"\x78\x9c" + body):
        shown = read(given_body, is_truncated=is_truncated, bytes_max=1_000)
        assert len(shown.text) <= max(1_000, len(given_body))
        assert shown.is_truncated or not is_truncated


@given(st.text(max_size=200))
def test_text_in_utf8_is_shown_as_it_is(text: str) -> None:
    assert read(text.encode()).text == text.removeprefix("\ufeff")

import base64
import json
from collections.abc import Callable, Sequence
from urllib.parse import quote
from xml.sax.saxutils import escape

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ninefold.systems.workflows.execution.encoders import encodings_of
from ninefold.systems.workflows.execution.masking import MASK, Masker, MaskingStream

TEXT = st.text("ab&+\"'\n", max_size=12)


def mask_naively(texts: Sequence[str], text: str) -> str:
    """Mark each character of each occurrence, and replace each run of them; touching occurrences are one run."""
    matches = sorted(
        (start, start + len(each)) for each in texts for start in range(len(text)) if text.startswith(each, start)
    )
    result, end = "", -1
    position = 0
    for start, match_end in matches:
        if start > end:
            result += text[position:start] + MASK
        end = max(end, match_end)
        position = end
    return result + text[position:]


@given(secrets=st.lists(TEXT, max_size=4), text=st.text("ab&+\"'\n=\\YW", max_size=60))
@example(secrets=[""], text="nothing is masked")
@example(secrets=["aa"], text="aaaa")
@example(secrets=["ab", "ba"], text="abab")
def test_masking_equals_a_naive_replacement(secrets: list[str], text: str) -> None:
    masker = Masker(secrets)
    values = {
        part
        for secret in secrets
        for part in (secret, *[line.strip() for line in secret.split("\n") if len(line.strip()) >= 3], secret.strip())
        if part.strip() and ("\n" not in part or part == secret)
    }
    assert masker.mask(text) == mask_naively([each for value in values for each in encodings_of(value)], text)


@given(
    secrets=st.lists(TEXT, max_size=3),
    pieces=st.lists(st.text("ab&+", max_size=7), max_size=12),
)
@example(secrets=["abab"], pieces=["ab", "ab", "ab"])
@example(secrets=["aaa"], pieces=["aa", "aa"])
def test_pieces_never_change_what_is_masked(secrets: list[str], pieces: list[str]) -> None:
    masker = Masker(secrets)
    stream = MaskingStream(masker)
    assert "".join([*map(stream.feed, pieces), stream.finish()]) == masker.mask("".join(pieces))


@pytest.mark.parametrize("prefix", ["", "u:", "us:", "user:"])
@pytest.mark.parametrize("suffix", ["", "\n", "\n\n", "@host/path"])
def test_a_secret_is_masked_in_base64_with_any_text_around_it(prefix: str, suffix: str) -> None:
    masker = Masker(["correct horse battery"])
    encoded = base64.b64encode(f"{prefix}correct horse battery{suffix}".encode()).decode()
    masked = masker.mask(encoded)
    assert MASK in masked
    assert b"horse" not in base64.b64decode(masked.split(MASK)[0] + "==")
    assert len(masked.split(MASK)[1]) <= len(encoded) - len(base64.b64encode(f"{prefix}correct horse b".encode()))


@pytest.mark.parametrize(
    "encode",
    [
        lambda secret: json.dumps(secret)[1:-1],
        lambda secret: quote(secret, safe=""),
        lambda secret: escape(secret, {'"': "&quot;", "'": "&apos;"}),
        lambda secret: secret.replace("'", "''"),
        lambda secret: secret.replace('"', '\\"'),
    ],
)
def test_a_secret_is_masked_in_each_encoding(encode: Callable[[str], str]) -> None:
    secret = 'a<b>&"c\'d"\\é f'
    assert Masker([secret]).mask(f"x{encode(secret)}y") == f"x{MASK}y"


def test_quotes_around_a_secret_are_optional() -> None:
    assert Masker(['"correct horse"']).mask("correct horse") == MASK


def test_the_parts_that_powershell_shows_are_masked() -> None:
    masker = Masker(["secretpart1&secretpart2&secretpart3"])
    assert masker.mask("secretpart1&secretpart2& then secretpart3") == f"{MASK} then {MASK}"


def test_each_line_of_a_secret_is_masked_but_not_its_braces() -> None:
    masker = Masker(['{\n  "key": "hunter2"\n}'])
    assert masker.mask('{ "key": "hunter2" }') == "{ *** }"
    assert masker.mask('{\n  "key": "hunter2"\n}') == MASK


def test_blank_secrets_mask_nothing() -> None:
    masker = Masker(["", " ", "\n"])
    assert masker.mask("a b\nc") == "a b\nc"


def test_many_secrets_that_come_one_after_the_other_are_all_masked() -> None:
    masker = Masker()
    for number in range(300):
        masker.add(f"secret-{number:04}")
        assert masker.mask(f"it is secret-{number:04}!") == f"it is {MASK}!"
    assert masker.mask("secret-0000 secret-0150 secret-0299") == f"{MASK} {MASK} {MASK}"


def test_a_secret_that_is_added_later_is_masked_in_what_a_stream_holds() -> None:
    masker = Masker(["a long secret that makes the stream hold text"])
    stream = MaskingStream(masker)
    first = stream.feed("the word is late")
    masker.add("latecomer")
    assert first + stream.feed("comer.") + stream.finish() == f"the word is {MASK}."

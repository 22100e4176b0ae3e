"""The words of a search, and the terms by which titles are found.

`video.search_terms` in the migration 0003_watching makes the same terms of titles.
"""

import re
import unicodedata
from collections.abc import Iterator
from itertools import combinations
from typing import Final

import msgspec

WORDS_MAX: Final = 6
WORD_LENGTH_MAX: Final = 24
QUERY_LENGTH_MAX: Final = 100
TYPO_LENGTH_MIN: Final = 4
"""Shorter words have too many others that differ by one letter."""
TWO_TYPOS_LENGTH_MIN: Final = 8

_DELETES_LENGTH: Final = 12
_PREFIX_LENGTH_MAX: Final = 10
_TYPO_PREFIX_LENGTH: Final = 5
_DESCRIPTION_PREFIX_LENGTH: Final = 4

_DROPPED: Final = re.compile("[\u0300-\u036f'\u2019]")
_SEPARATORS: Final = re.compile("[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+")


class Term(msgspec.Struct, frozen=True, kw_only=True):
    """A term to look for."""

    word: int
    """Which word of the search it comes from."""
    rank: int
    """How good a title with it is: 3 has the word, 2 has its beginning, 1 has something similar."""
    text: str


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents, each once."""
    plain = _DROPPED.sub("", unicodedata.normalize("NFKD", text)).lower()
    found = (word[:WORD_LENGTH_MAX] for word in _SEPARATORS.split(plain) if word)
    return list(dict.fromkeys(found))


def typos_max(word: str) -> int:
    """Return by how many letters a word that is meant can differ."""
    if len(word) < TYPO_LENGTH_MIN:
        return 0
    return 1 if len(word) < TWO_TYPOS_LENGTH_MIN else 2


def terms_of(words: list[str], *, has_typos: bool) -> list[Term]:
    """Return the terms of a search. The last word can be the beginning of one: searches run while people type.

    Args:
        words: at most `WORDS_MAX` words.
        has_typos: whether words are found despite typing errors.
    """
    last = len(words) - 1
    return [
        Term(word=number, rank=rank, text=text)
        for number, word in enumerate(words)
        for rank, text in _terms_of_word(word, is_last=number == last, has_typos=has_typos)
    ]


def _terms_of_word(word: str, *, is_last: bool, has_typos: bool) -> Iterator[tuple[int, str]]:
    yield 3, f"w{word}"
    yield 2, f"o{word}"
    if is_last:
        yield 2, f"p{word[:_PREFIX_LENGTH_MAX]}"
        if len(word) >= _DESCRIPTION_PREFIX_LENGTH:
            yield 1, f"q{word[:_DESCRIPTION_PREFIX_LENGTH]}"
    if not has_typos or not typos_max(word):
        return
    for form in _deletes(word[:_DELETES_LENGTH], typos_max(word)):
        yield 1, f"d{form}"
    if is_last and len(word) >= _TYPO_PREFIX_LENGTH:
        for form in _deletes(word[:_TYPO_PREFIX_LENGTH], 1):
            yield 1, f"e{form}"


def _deletes(word: str, deletes: int) -> set[str]:
    """Return a word, and what remains of it without some of its letters."""
    places = range(len(word))
    return {
        "".join(word[place] for place in places if place not in removed)
        for count in range(deletes + 1)
        for removed in combinations(places, count)
    }

"""The words of a search, and the forms by which words with typing errors are found.

`video.search_words` and `video.search_forms` in the migration 0003_watching do the same with titles.
"""

import re
import unicodedata
from collections.abc import Sequence
from itertools import combinations
from typing import Final

WORDS_MAX: Final = 6
WORD_LENGTH_MAX: Final = 24
QUERY_LENGTH_MAX: Final = 100
TYPO_LENGTH_MIN: Final = 4
"""Shorter words have too many others that differ by one letter."""
TWO_TYPOS_LENGTH_MIN: Final = 8

_DELETES_LENGTH: Final = 12
_BEGINNING_LENGTH: Final = 5

_DROPPED: Final = re.compile("[\u0300-\u036f'\u2019]")
_SEPARATORS: Final = re.compile("[\u0000-\u002f\u003a-\u0040\u005b-\u0060\u007b-\u00bf\u2000-\u206f\u3000-\u303f]+")


def words_of(text: str) -> list[str]:
    """Return the words of a text in lower case, without accents, each once."""
    decomposed = text if text.isascii() else unicodedata.normalize("NFKD", text)
    plain = _DROPPED.sub("", decomposed).lower()
    found = (word[:WORD_LENGTH_MAX] for word in _SEPARATORS.split(plain) if word)
    return list(dict.fromkeys(found))


def typos_max(word: str) -> int:
    """Return by how many letters a word that is meant can differ."""
    if len(word) < TYPO_LENGTH_MIN:
        return 0
    return 1 if len(word) < TWO_TYPOS_LENGTH_MIN else 2


def forms_of(words: Sequence[str]) -> list[str]:
    """Return the forms that words with typing errors have in common with those that are meant.

    Args:
        words: those of a search. The last one can be the beginning of a word: searches run while people type.
    """
    forms = {
        f"d{form}" for word in words if typos_max(word) for form in _deletes(word[:_DELETES_LENGTH], typos_max(word))
    }
    if words and len(words[-1]) >= _BEGINNING_LENGTH:
        forms |= {f"e{form}" for form in _deletes(words[-1][:_BEGINNING_LENGTH], 1)}
    return sorted(forms)


def _deletes(word: str, deletes: int) -> set[str]:
    """Return a word, and what remains of it without some of its letters."""
    places = range(len(word))
    return {
        "".join(word[place] for place in places if place not in removed)
        for count in range(deletes + 1)
        for removed in combinations(places, count)
    }

"""How well words and titles fit a search, and what of a title matched."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, Literal

import msgspec

from ninefold.systems.video.model.watching import Match, SearchCandidate
from ninefold.systems.video.rules.words import typos_max, words_of

Distance = Callable[[str, str], int]
"""By how many letters two words differ."""

Field = Literal["name", "tags", "description"]

NAME_WORDS_MAX: Final = 40
DESCRIPTION_WORDS_MAX: Final = 80

_TYPO_CLOSENESS: Final = 0.7
_FIELD_WEIGHTS: Final[Mapping[Field, float]] = {"name": 1.0, "tags": 0.8, "description": 0.4}
"""How much a word of a field counts."""

_WHOLE_NAME_BONUS: Final = 0.5
"""For a name that begins with the words of the search."""


class Meant(msgspec.Struct, frozen=True, kw_only=True):
    """A word of titles that a word of a search could mean."""

    word: str
    closeness: float
    """From 0 to 1, for the same word."""
    is_exact: bool
    """Whether it is without typing errors."""


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A title with its score."""

    candidate: SearchCandidate
    words: int
    """How many words of the search it has."""
    score: float
    matches: list[Match]


def meanings_of(
    words: Sequence[str], known: Sequence[str], *, distance: Distance | None, limit: int
) -> list[dict[str, Meant]]:
    """Return for each word of a search which of the known words it could mean, the closest ones.

    Args:
        words: those of the search; the last one can be the beginning of a word.
        known: words that titles have.
        distance: counts typing errors; None to find none.
        limit: how many meanings a word can have.
    """
    meanings = []
    for number, word in enumerate(words):
        is_last = number == len(words) - 1
        found = [
            meant for text in known if (meant := _meant(word, text, is_last=is_last, distance=distance)) is not None
        ]
        closest = sorted(found, key=lambda each: -each.closeness)[:limit]
        meanings.append({each.word: each for each in closest})
    return meanings


def rank(candidates: Sequence[SearchCandidate], meanings: Sequence[Mapping[str, Meant]]) -> list[Ranked]:
    """Return the titles that fit best, best first; those with fewer words than the best are left out.

    Args:
        candidates: the first wins among equals.
        meanings: what each word of the search could mean.
    """
    ranked = [each for each in (_rank(candidate, meanings) for candidate in candidates) if each.words]
    most = max((each.words for each in ranked), default=0)
    return sorted((each for each in ranked if each.words == most), key=lambda each: -each.score)


def _meant(word: str, text: str, *, is_last: bool, distance: Distance | None) -> Meant | None:
    if word == text:
        return Meant(word=text, closeness=1.0, is_exact=True)
    if is_last and text.startswith(word):
        return Meant(word=text, closeness=0.8 + 0.1 * len(word) / len(text), is_exact=True)
    typos = None if distance is None else _typos(word, text, is_last=is_last, distance=distance)
    if typos is None:
        return None
    closeness = _TYPO_CLOSENESS - 0.15 * typos - 0.01 * abs(len(text) - len(word))
    return Meant(word=text, closeness=closeness, is_exact=False)


def _typos(word: str, text: str, *, is_last: bool, distance: Distance) -> int | None:
    """Return how many typing errors turn a text into a word; None if there are more than are allowed."""
    allowed = typos_max(word)
    forms = [text]
    if is_last and len(text) > len(word):
        forms += [text[: len(word)], text[: len(word) - 1]]
    counts = [distance(word, form) for form in forms if abs(len(form) - len(word)) <= allowed]
    fewest = min(counts, default=allowed + 1)
    return fewest if fewest <= allowed else None


def _rank(candidate: SearchCandidate, meanings: Sequence[Mapping[str, Meant]]) -> Ranked:
    name = words_of(candidate.name)
    tags = words_of(" ".join(candidate.tags))
    best = [max(_found("name", name, meaning), _found("tags", tags, meaning), key=_closeness) for meaning in meanings]
    if any(closeness < _FIELD_WEIGHTS["description"] for closeness, _ in best):
        # Descriptions are long, and are read only if one of their words can count more.
        description = words_of(candidate.description)[:DESCRIPTION_WORDS_MAX]
        best = [
            max(found, _found("description", description, meaning), key=_closeness)
            for found, meaning in zip(best, meanings, strict=True)
        ]
    found = [(closeness, match) for closeness, match in best if match is not None]
    score = sum(closeness for closeness, _ in found)
    if len(name) >= len(meanings) and all(
        word in meaning and meaning[word].closeness == 1.0 for word, meaning in zip(name, meanings, strict=False)
    ):
        score += _WHOLE_NAME_BONUS
    # Of two names with the same words, the shorter one has less that wasn't searched for.
    score += 0.1 / (1 + len(name))
    matches = list(dict.fromkeys(match for _, match in found))
    return Ranked(candidate=candidate, words=len(found), score=score, matches=matches)


def _found(field: Field, words: Sequence[str], meaning: Mapping[str, Meant]) -> tuple[float, Match | None]:
    """Return the closest of the words of a field that a word of the search could mean; 0 and None if there is none."""
    meant = max((meaning[word] for word in words if word in meaning), key=lambda each: each.closeness, default=None)
    if meant is None:
        return 0.0, None
    return meant.closeness * _FIELD_WEIGHTS[field], Match(field=field, text=meant.word, is_exact=meant.is_exact)


def _closeness(found: tuple[float, Match | None]) -> float:
    return found[0]

"""How well a title fits a search, and what of it matched."""

from collections.abc import Callable, Sequence
from typing import Final, Literal

import msgspec

from ninefold.systems.video.model.watching import Match, SearchCandidate
from ninefold.systems.video.rules.words import typos_max, words_of

Distance = Callable[[str, str], int]
"""By how many letters two words differ."""

_FIELD_WEIGHTS: Final = (("name", 1.0), ("tags", 0.8), ("description", 0.4))
_DESCRIPTION_WORDS_MAX: Final = 40
_WHOLE_NAME_BONUS: Final = 0.5


class Ranked(msgspec.Struct, frozen=True, kw_only=True):
    """A candidate with its score."""

    candidate: SearchCandidate
    words: int
    """How many words of the search it has."""
    score: float
    matches: list[Match]


class _Found(msgspec.Struct, frozen=True, kw_only=True):
    match: Match
    score: float


def rank(candidates: Sequence[SearchCandidate], words: Sequence[str], *, distance: Distance | None) -> list[Ranked]:
    """Return the candidates that fit best, best first; those with fewer words than the best are left out.

    Args:
        candidates: the latest first, which wins among equals.
        words: those of the search; the last one can be the beginning of a word.
        distance: counts typing errors; None to find none.
    """
    ranked = [each for each in (_rank(candidate, words, distance) for candidate in candidates) if each.words]
    most = max((each.words for each in ranked), default=0)
    return sorted((each for each in ranked if each.words == most), key=lambda each: -each.score)


def _rank(candidate: SearchCandidate, words: Sequence[str], distance: Distance | None) -> Ranked:
    fields: list[tuple[Literal["name", "tags", "description"], list[str]]] = [
        ("name", words_of(candidate.name)),
        ("tags", words_of(" ".join(candidate.tags))),
        ("description", words_of(candidate.description)[:_DESCRIPTION_WORDS_MAX]),
    ]
    weights = dict(_FIELD_WEIGHTS)
    best = []
    for number, word in enumerate(words):
        found = [
            _Found(match=Match(field=field, text=text, is_exact=is_exact), score=closeness * weights[field])
            for field, texts in fields
            if (closest := _closest(word, texts, is_last=number == len(words) - 1, distance=distance)) is not None
            for text, closeness, is_exact in [closest]
        ]
        if found:
            best.append(max(found, key=lambda each: each.score))
    score = sum(each.score for each in best)
    if fields[0][1][: len(words)] == list(words):
        score += _WHOLE_NAME_BONUS
    # Of two names with the same words, the shorter one has less that wasn't searched for.
    score += 0.1 / (1 + len(fields[0][1]))
    matches = list(dict.fromkeys(each.match for each in best))
    return Ranked(candidate=candidate, words=len(best), score=score, matches=matches)


def _closest(
    word: str, texts: list[str], *, is_last: bool, distance: Distance | None
) -> tuple[str, float, bool] | None:
    """Return the text that is closest to a word, how close from 0 to 1, and whether it is without typing errors."""
    if word in texts:
        return word, 1.0, True
    if is_last:
        begun = [text for text in texts if text.startswith(word)]
        if begun:
            text = min(begun, key=len)
            return text, 0.8 + 0.1 * len(word) / len(text), True
    allowed = typos_max(word)
    if distance is None or not allowed:
        return None
    closest: tuple[str, int] | None = None
    for text in texts:
        typos = _typos(word, text, is_last=is_last, allowed=allowed, distance=distance)
        if typos is not None and (closest is None or typos < closest[1]):
            closest = text, typos
    if closest is None:
        return None
    text, typos = closest
    return text, 0.7 - 0.15 * typos - 0.01 * abs(len(text) - len(word)), False


def _typos(word: str, text: str, *, is_last: bool, allowed: int, distance: Distance) -> int | None:
    """Return how many typing errors turn a text into a word; None if there are more than are allowed."""
    forms = [text]
    if is_last and len(text) > len(word):
        forms += [text[: len(word)], text[: len(word) - 1]]
    counts = [distance(word, form) for form in forms if abs(len(form) - len(word)) <= allowed]
    fewest = min(counts, default=allowed + 1)
    return fewest if fewest <= allowed else None

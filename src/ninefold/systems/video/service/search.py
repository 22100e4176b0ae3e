"""Search for titles by what people type, with typing errors, while they type."""

from typing import Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.watching import Hit, Profile
from ninefold.systems.video.rules.search_ranking import Distance, meanings_of, rank
from ninefold.systems.video.rules.words import WORDS_MAX, forms_of, words_of
from ninefold.systems.video.service.cards import list_cards, maturity_max_of
from ninefold.systems.video.store.cards import card_list_ids_new, search_word_list, title_search_list

SIMILAR_WORDS_MAX: Final = 300
BEGUN_MAX: Final = 50
"""Words that begin with what was typed."""
MEANINGS_MAX: Final = 20
"""Words of titles that one word of a search can mean."""
EXACT_MAX: Final = 5_000
"""Titles with a word of the search that it looks at: frequent words must not hide the title that has all of them."""
HITS_MAX: Final = 200
"""Titles with one other word that it could mean."""
CANDIDATES_MAX: Final = 100
"""Titles that a search ranks."""


async def search(
    connection: Connection, *, organisation_id: UUID, profile: Profile | None, text: str, limit: int
) -> list[Hit]:
    """Return the titles that fit a text best, best first, each with what matched.

    Args:
        connection: to the database.
        organisation_id: whose titles.
        profile: who searches; None for an operator, who finds titles for viewers of any age.
        text: what was typed; the first `WORDS_MAX` words count. Without anything, the latest titles are found.
        limit: how many titles to return.
    """
    words = words_of(text)[:WORDS_MAX]
    if not words:
        # Before anything is typed, the latest titles are a better page than none.
        return [] if text.strip() else await _list_newest(connection, organisation_id, profile, limit=limit)
    known = await search_word_list(
        connection,
        organisation_id=organisation_id,
        words=words,
        forms=forms_of(words) if finds_typos() else [],
        begun_max=BEGUN_MAX,
        limit=SIMILAR_WORDS_MAX,
    )
    meanings = meanings_of(words, known, distance=_distance, limit=MEANINGS_MAX)
    candidates = await title_search_list(
        connection,
        organisation_id=organisation_id,
        maturity_max=maturity_max_of(profile),
        meanings=[
            (number, meant.closeness, meant.word)
            for number, meaning in enumerate(meanings)
            for meant in meaning.values()
        ],
        exact_max=EXACT_MAX,
        hits_max=HITS_MAX,
        limit=CANDIDATES_MAX,
    )
    best = rank(candidates, meanings)[:limit]
    cards = await list_cards(
        connection,
        organisation_id=organisation_id,
        profile=profile,
        title_ids=[each.candidate.title_id for each in best],
    )
    matches = {each.candidate.title_id: each.matches for each in best}
    return [Hit(card=card, matches=matches[card.title_id]) for card in cards]


async def _list_newest(
    connection: Connection, organisation_id: UUID, profile: Profile | None, *, limit: int
) -> list[Hit]:
    title_ids = await card_list_ids_new(
        connection, organisation_id=organisation_id, maturity_max=maturity_max_of(profile), limit=limit
    )
    cards = await list_cards(connection, organisation_id=organisation_id, profile=profile, title_ids=title_ids)
    return [Hit(card=card, matches=[]) for card in cards]


def finds_typos() -> bool:
    """Return whether words are found despite typing errors, which needs an extra of the package."""
    return _distance is not None


def _load_distance() -> Distance | None:
    try:
        from rapidfuzz.distance import OSA  # noqa: PLC0415 - an extra, which can be missing.
    except ImportError:
        return None
    return OSA.distance


_distance: Final = _load_distance()

"""What a profile might like: by the model of its organisation, or by tags where there is none."""

import asyncio
from collections import OrderedDict
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Final
from uuid import UUID

from ninefold.core.postgres.database import Connection
from ninefold.systems.video.model.recommendations import Recommendation, Report, Watch
from ninefold.systems.video.model.watching import Card, Profile, Row, RowItem, RowKind
from ninefold.systems.video.rules.reason_ranking import best_reasons
from ninefold.systems.video.service.cards import list_cards, list_similar
from ninefold.systems.video.store import recommendations as store

if TYPE_CHECKING:
    from ninefold.systems.video.rules.fold_in import Recommender

INSTALL: Final = 'Run `pip install "ninefold[video]"`, or `make up`, which installs all extras.'

MODELS_MAX: Final = 64
MODELS_BYTES_MAX: Final = 256 * 1024**2
"""Factors that a server keeps in memory."""

WATCHES_MAX: Final = 200
"""The latest titles of a profile, from which its recommendations follow."""
RECOMMENDED_MAX: Final = 120
"""Of these, those are shown that the profile may see."""
ROWS_MAX: Final = 2
ITEMS_MIN: Final = 3
"""A row with fewer titles isn't worth its place."""
ITEMS_MAX: Final = 20
TAGS_MAX: Final = 3


class Models:
    """The models of organisations that this server has used last."""

    def __init__(self) -> None:
        self._loaded: Final[OrderedDict[UUID, tuple[datetime, Recommender]]] = OrderedDict()

    async def get(self, connection: Connection, organisation_id: UUID) -> "Recommender | None":
        """Return the model of an organisation; None if popularity recommends, or an extra is missing."""
        report = await store.recommendation_model_find(connection, organisation_id=organisation_id)
        if report is None or report.kind != "als":
            self._loaded.pop(organisation_id, None)
            return None
        loaded = self._loaded.get(organisation_id)
        if loaded is not None and loaded[0] == report.trained_at:
            self._loaded.move_to_end(organisation_id)
            return loaded[1]
        return await self._load(connection, organisation_id)

    async def _load(self, connection: Connection, organisation_id: UUID) -> "Recommender | None":
        found = await store.recommendation_model_find_factors(connection, organisation_id=organisation_id)
        if found is None:
            return None
        trained_at, factors, title_ids, title_factors = found
        try:
            recommender = await asyncio.to_thread(_open, title_ids, title_factors, factors)
        except ImportError:
            # The worker that has trained it has the extra, and this server hasn't.
            return None
        self._loaded[organisation_id] = trained_at, recommender
        self._loaded.move_to_end(organisation_id)
        while len(self._loaded) > 1 and (len(self._loaded) > MODELS_MAX or self._bytes_used() > MODELS_BYTES_MAX):
            self._loaded.popitem(last=False)
        return recommender

    def _bytes_used(self) -> int:
        return sum(recommender.bytes_used for _, recommender in self._loaded.values())


def can_train() -> bool:
    """Return whether models can be trained, which needs an extra of the package."""
    try:
        import implicit  # type: ignore[import-untyped] # noqa: F401, PLC0415 - this is what finds out.
    except ImportError:
        return False
    return True


async def get_report(connection: Connection, *, organisation_id: UUID) -> Report | None:
    """Return what is known of the model of an organisation; None if none was trained yet."""
    return await store.recommendation_model_find(connection, organisation_id=organisation_id)


async def list_because_rows(connection: Connection, profile: Profile, models: Models) -> list[Row]:
    """Return rows of what a profile might like, each because of something that it has watched."""
    watches = await store.watch_list_of_profile(connection, profile_id=profile.profile_id, limit=WATCHES_MAX)
    if not watches:
        return []
    model = await models.get(connection, profile.organisation_id)
    recommended = [] if model is None else model.recommend(watches, limit=RECOMMENDED_MAX)
    cards = await list_cards(
        connection,
        organisation_id=profile.organisation_id,
        profile=profile,
        title_ids=[*(each.title_id for each in recommended), *(watch.title_id for watch in watches)],
    )
    by_id = {card.title_id: card for card in cards}
    if not recommended:
        return await _list_by_tags(connection, profile, watches, by_id)
    return _rows_of(recommended, watches, by_id)


async def list_like(
    connection: Connection, models: Models, *, organisation_id: UUID, profile: Profile | None, card: Card
) -> list[Card]:
    """Return the titles that are like a title: those that the same profiles like, then those that share tags."""
    by_tags = await list_similar(connection, organisation_id=organisation_id, profile=profile, card=card)
    model = await models.get(connection, organisation_id)
    if model is None:
        return by_tags
    title_ids = model.similar(card.title_id, limit=ITEMS_MAX)
    liked = await list_cards(connection, organisation_id=organisation_id, profile=profile, title_ids=title_ids)
    return list({each.title_id: each for each in (*liked, *by_tags)}.values())[:ITEMS_MAX]


async def _list_by_tags(
    connection: Connection, profile: Profile, watches: Sequence[Watch], by_id: dict[UUID, Card]
) -> list[Row]:
    """Return rows for the latest watches, finished ones first, of titles that share tags with them."""
    begun = {watch.title_id for watch in watches}
    rows: list[Row] = []
    shown: set[UUID] = set()
    for watch in sorted(watches, key=lambda each: not each.is_finished)[: 2 * ROWS_MAX]:
        seed = by_id.get(watch.title_id)
        if seed is None or len(rows) == ROWS_MAX:
            continue
        similar = await list_similar(connection, organisation_id=profile.organisation_id, profile=profile, card=seed)
        found = [card for card in similar if card.title_id not in begun | shown]
        if len(found) >= ITEMS_MIN:
            shown |= {card.title_id for card in found}
            rows.append(_row(seed, found, is_finished=watch.is_finished))
    return rows


def _rows_of(recommended: Sequence[Recommendation], watches: Sequence[Watch], by_id: dict[UUID, Card]) -> list[Row]:
    """Return rows of recommendations by what they are because of; the rows with the best ones first."""
    is_finished = {watch.title_id: watch.is_finished for watch in watches}
    shown = [each for each in recommended if each.title_id in by_id and each.because_of in by_id]
    rows = []
    for because_of in best_reasons([each.because_of for each in shown], items_min=ITEMS_MIN, count=ROWS_MAX):
        cards = [by_id[each.title_id] for each in shown if each.because_of == because_of]
        rows.append(_row(by_id[because_of], cards[:ITEMS_MAX], is_finished=is_finished[because_of]))
    return rows


def _row(seed: Card, cards: Sequence[Card], *, is_finished: bool) -> Row:
    because = f"Because you {'finished' if is_finished else 'watched'} {seed.name}"
    # The tags of it that most of them have.
    counts = {tag: sum(tag in card.tags for card in cards) for tag in seed.tags}
    common = [tag for tag, count in sorted(counts.items(), key=lambda each: -each[1]) if count][:TAGS_MAX]
    return Row(
        kind=RowKind.BECAUSE,
        title=because,
        reason=", ".join(common) or "others who watched it like these",
        items=[RowItem(card=card, reason=because) for card in cards[:ITEMS_MAX]],
    )


def _open(title_ids: bytes, title_factors: bytes, factors: int) -> "Recommender":
    from ninefold.systems.video.rules.fold_in import Recommender  # noqa: PLC0415 - NumPy is in an extra.

    return Recommender(title_ids, title_factors, factors=factors)

"""How the API shows titles to viewers, each with the address of its picture."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.video.model.titles import TITLE_PREFIX
from ninefold.systems.video.model.watching import Card, Hit, Row
from ninefold.systems.video.routes.watching_wire import (
    CardList,
    CardView,
    HitList,
    HitView,
    MatchView,
    RowList,
    RowView,
)
from ninefold.systems.video.service.posters import PosterUrls

NEW_FOR: Final = timedelta(days=14)


class CardShower(msgspec.Struct, frozen=True, kw_only=True):
    """Shows titles as the API does.

    Args:
        posters: makes the addresses of pictures.
        now: the time that says what is new.
    """

    posters: PosterUrls
    now: datetime

    def show_card(self, card: Card, reason: str | None = None) -> CardView:
        """Return a title as lists show it."""
        position_s = None if card.position is None else card.position.position_ms / 1000
        is_finished = card.position is not None and card.position.is_finished
        return CardView(
            title_id=format_id(TITLE_PREFIX, card.title_id),
            name=card.name,
            tags=card.tags,
            maturity=card.maturity,
            poster_url=self.posters.url_of(card.title_id) if card.has_poster else None,
            duration_s=card.duration_s,
            position_s=position_s,
            left_s=None
            if position_s is None or card.duration_s is None
            else 0.0
            if is_finished
            else round(max(card.duration_s - position_s, 0.0), 3),
            is_finished=is_finished,
            is_listed=card.is_listed,
            is_new=card.playable_at > self.now - NEW_FOR,
            reason=reason,
        )

    def show_cards(self, cards: Sequence[Card]) -> CardList:
        """Return titles as lists show them."""
        return CardList(items=[self.show_card(card) for card in cards])

    def show_rows(self, rows: Sequence[Row]) -> RowList:
        """Return rows of titles."""
        return RowList(
            rows=[
                RowView(
                    kind=row.kind,
                    title=row.title,
                    reason=row.reason,
                    items=[self.show_card(item.card, item.reason) for item in row.items],
                )
                for row in rows
            ]
        )

    def show_hits(self, hits: Sequence[Hit]) -> HitList:
        """Return what a search has found."""
        return HitList(
            items=[
                HitView(
                    title=self.show_card(hit.card),
                    matches=[
                        MatchView(field=match.field, text=match.text, is_exact=match.is_exact) for match in hit.matches
                    ],
                )
                for hit in hits
            ]
        )

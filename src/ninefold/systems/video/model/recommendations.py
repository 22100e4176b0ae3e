"""Recommendations: what was watched, what was learned from it, and what follows."""

from datetime import datetime
from typing import Literal
from uuid import UUID

import msgspec


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """How much of a title a profile has watched."""

    title_id: UUID
    weight: float
    """From 0 to 1, for a title that was finished."""
    is_finished: bool


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a model."""

    trained_at: datetime
    kind: Literal["als", "popularity"]
    why: str | None
    """Why the model doesn't recommend."""
    profiles: int
    titles: int
    watches: int
    factors: int = 0
    held_out: int = 0
    recall_model: float | None = None
    recall_popularity: float | None = None


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """A model, and what is known of it."""

    report: Report
    title_ids: bytes | None = None
    title_factors: bytes | None = None


class Recommendation(msgspec.Struct, frozen=True, kw_only=True):
    """A title that somebody might like."""

    title_id: UUID
    because_of: UUID
    """What the profile has watched that speaks most for it."""

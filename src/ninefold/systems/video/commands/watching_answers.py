"""The fields that the commands of profiles and models read from the API's responses."""

from datetime import datetime

import msgspec


class ProfileAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """Who watches."""

    profile_id: str
    name: str
    maturity_max: int
    external_id: str | None
    created_at: datetime


class ModelAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What recommends, and how well."""

    kind: str
    why: str | None
    trained_at: datetime | None
    profiles: int
    titles: int
    watches: int
    factors: int
    held_out: int
    recall_k: int
    recall_model: float | None
    recall_popularity: float | None

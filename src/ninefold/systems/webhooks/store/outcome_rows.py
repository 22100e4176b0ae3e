"""Outcomes and attempts as rows: as COPY and the queries take them, and as they are read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final
from uuid import UUID

import asyncpg
import msgspec

from ninefold.systems.webhooks.model.attempts import Attempt, AttemptTimings, Outcome

_encoder = msgspec.json.Encoder()
_PHASES: Final = AttemptTimings.__struct_fields__
"""The order of the durations in the database's arrays."""

DELIVERED_COLUMNS: Final = (
    "delivery_id",
    "organisation_id",
    "event_id",
    "subscription_id",
    "status",
    "attempt_count",
    "round_attempt_count",
    "round_started_at",
    "last_attempted_at",
    "last_duration_ms",
    "last_response_status",
    "last_response_body",
    "is_last_response_body_truncated",
    "last_url_revision",
    "last_timings_ms",
    "created_at",
    "tier",
    "retention",
)
"""The columns of `delivered_record`. `finished_at` is missing, because its default is the database's time."""


def delivered_record(outcome: Outcome, attempt: Attempt) -> tuple[object, ...]:
    """Return the row of a delivery that succeeded at its first attempt, for COPY."""
    return (
        outcome.delivery_id,
        outcome.organisation_id,
        outcome.event_id,
        outcome.subscription_id,
        outcome.status,
        attempt.attempt_number,
        outcome.round_attempt_count,
        outcome.round_started_at,
        attempt.attempted_at,
        attempt.duration_ms,
        attempt.response_status,
        attempt.response_body,
        attempt.is_response_body_truncated,
        outcome.url_revision,
        _timings_ms(attempt),
        outcome.round_started_at,
        outcome.tier,
        outcome.retention,
    )


def encode_outcomes(outcomes: Sequence[Outcome]) -> str:
    """Return outcomes as the JSON array that the queries take."""
    return _encoder.encode([_row(outcome, outcome.attempt) for outcome in outcomes]).decode()


def read_attempt(record: asyncpg.Record) -> Attempt:
    """Return the attempt of a row."""
    timings_ms: Sequence[float | None] | None = record["timings_ms"]
    return Attempt(
        attempt_number=record["attempt_number"],
        attempted_at=record["attempted_at"],
        duration_ms=record["duration_ms"],
        response_status=record["response_status"],
        response_body=record["response_body"],
        is_response_body_truncated=record["is_response_body_truncated"],
        error_class=record["error_class"],
        error_detail=record["error_detail"],
        url=record["url"],
        timings=None if timings_ms is None else AttemptTimings(**dict(zip(_PHASES, timings_ms, strict=True))),
    )


class _OutcomeRow(msgspec.Struct, frozen=True):
    """An outcome as the queries take it: flat, with the columns of the type `webhooks.outcome`."""

    delivery_id: UUID
    organisation_id: UUID
    event_id: UUID
    subscription_id: UUID
    status: str
    round_attempt_count: int
    round_started_at: datetime
    retry_delay_s: float | None
    attempt_number: int
    attempted_at: datetime
    duration_ms: float
    response_status: int | None
    response_body: bytes | None
    is_response_body_truncated: bool
    error_class: str | None
    error_detail: str | None
    url_revision: int
    timings_ms: Sequence[float | None] | None
    tier: int
    retention: int


def _row(outcome: Outcome, attempt: Attempt) -> _OutcomeRow:
    return _OutcomeRow(
        outcome.delivery_id,
        outcome.organisation_id,
        outcome.event_id,
        outcome.subscription_id,
        outcome.status,
        outcome.round_attempt_count,
        outcome.round_started_at,
        outcome.retry_delay_s,
        attempt.attempt_number,
        attempt.attempted_at,
        attempt.duration_ms,
        attempt.response_status,
        attempt.response_body,
        attempt.is_response_body_truncated,
        attempt.error_class,
        attempt.error_detail,
        outcome.url_revision,
        _timings_ms(attempt),
        outcome.tier,
        outcome.retention,
    )


def _timings_ms(attempt: Attempt) -> Sequence[float | None] | None:
    """Return the durations in the order of `_PHASES`."""
    return None if attempt.timings is None else msgspec.structs.astuple(attempt.timings)

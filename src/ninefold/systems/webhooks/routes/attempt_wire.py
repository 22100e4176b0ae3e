"""The wire types of a delivery's attempts, and the mapping from the model."""

from datetime import datetime
from typing import Annotated

import msgspec

from ninefold.systems.webhooks.model.attempts import Attempt, AttemptTimings
from ninefold.systems.webhooks.rules.response_text import read_response_text


class TimingsView(msgspec.Struct, frozen=True, kw_only=True):
    """The durations of an attempt's phases in milliseconds; null for a phase that it didn't have or didn't get to.

    `lookup_ms`, `connect_ms` and `tls_ms` are null if the connection was open already. What is missing from
    `duration_ms` is time that the attempt waited inside Ninefold.
    """

    lookup_ms: Annotated[float | None, msgspec.Meta(description="The DNS lookup.", examples=[1.9])]
    connect_ms: Annotated[float | None, msgspec.Meta(description="The TCP connection.", examples=[8.4])]
    tls_ms: Annotated[float | None, msgspec.Meta(description="The TLS handshake.", examples=[17.6])]
    send_ms: Annotated[float | None, msgspec.Meta(description="Sending the request.", examples=[0.0])]
    wait_ms: Annotated[float | None, msgspec.Meta(description="Waiting for the response, to its end.", examples=[20.3])]


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One attempt of a delivery."""

    attempt_number: int
    url: Annotated[
        str | None,
        msgspec.Meta(
            description="Where the request was sent, whatever the subscription's URL is now.",
            examples=["https://example.com/hooks"],
        ),
    ]
    # With `tz=True`, msgspec adds the format `date-time` to the schema.
    attempted_at: Annotated[datetime, msgspec.Meta(tz=True)]
    duration_ms: Annotated[float, msgspec.Meta(examples=[48.2])]
    timings: Annotated[
        TimingsView | None,
        msgspec.Meta(
            description="The phases; null for a success over a connection that was open already, which was all waiting."
        ),
    ]
    response_code: Annotated[int | None, msgspec.Meta(examples=[503])]
    """The status that arrived; also with an error, if a status line came before it."""
    response_body: Annotated[str | None, msgspec.Meta(examples=["Down for maintenance"])]
    is_response_body_truncated: Annotated[bool, msgspec.Meta(examples=[False])]
    error_class: Annotated[str | None, msgspec.Meta(examples=["unsuccessful_status"])]
    error_detail: Annotated[str | None, msgspec.Meta(examples=["The receiver answered 503."])]


def show_attempt(attempt: Attempt, *, body_bytes_max: int) -> AttemptView:
    """Show an attempt, with as much of the response body as the answer has room for."""
    body, is_truncated = attempt.response_body, attempt.is_response_body_truncated
    shown = None if body is None else read_response_text(body, is_truncated=is_truncated, bytes_max=body_bytes_max)
    return AttemptView(
        attempt_number=attempt.attempt_number,
        url=attempt.url,
        attempted_at=attempt.attempted_at,
        duration_ms=attempt.duration_ms,
        timings=None if attempt.timings is None else _show_timings(attempt.timings),
        response_code=attempt.response_status,
        response_body=None if shown is None else shown.text,
        is_response_body_truncated=is_truncated if shown is None else shown.is_truncated,
        error_class=attempt.error_class,
        error_detail=attempt.error_detail,
    )


def _show_timings(timings: AttemptTimings) -> TimingsView:
    return TimingsView(
        lookup_ms=_rounded(timings.lookup_ms),
        connect_ms=_rounded(timings.connect_ms),
        tls_ms=_rounded(timings.tls_ms),
        send_ms=_rounded(timings.send_ms),
        wait_ms=_rounded(timings.wait_ms),
    )


def _rounded(duration_ms: float | None) -> float | None:
    """Round to microseconds: the database's type `real` isn't exact."""
    return None if duration_ms is None else round(duration_ms, 3)

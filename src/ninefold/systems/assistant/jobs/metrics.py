"""The Prometheus metrics of the assistant."""

from typing import Final

from prometheus_client import Counter, Gauge, Histogram

from ninefold.systems.assistant.model import Ending, Response

ENDED: Final = Counter("ninefold_assistant_responses_total", "Responses that have ended, by status.", ["status"])
TOKENS: Final = Counter("ninefold_assistant_tokens_total", "Tokens of responses that have ended.", ["kind"])
CONTINUED: Final = Counter(
    "ninefold_assistant_continued_total", "Attempts that continued a response, by what happened before.", ["reason"]
)
RUNNING: Final = Gauge(
    "ninefold_assistant_responses_running",
    "Responses that are being generated, over all workers.",
    multiprocess_mode="livesum",
)
QUEUED: Final = Gauge(
    "ninefold_assistant_responses_queued",
    "Responses that wait for a worker, counted up to 100,000.",
    multiprocess_mode="livemostrecent",
)
WAIT: Final = Histogram(
    "ninefold_assistant_wait_seconds",
    "Time from the request until a worker began.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300),
)
FIRST_TOKEN: Final = Histogram(
    "ninefold_assistant_first_token_seconds",
    "Time from the beginning of an attempt until its first token.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60),
)
APPENDED: Final = Histogram(
    "ninefold_assistant_append_seconds",
    "Duration of appending events to logs, of many responses at once.",
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 1),
)


def count_ended(response: Response, ending: Ending) -> None:
    """Update the metrics with a response that has ended in this worker; `response` is as it was claimed."""
    ENDED.labels(ending.status.value).inc()
    TOKENS.labels("input").inc(ending.usage.input_tokens)
    TOKENS.labels("output").inc(ending.usage.output_tokens)
    if response.attempt_count == 1 and response.started_at is not None:
        WAIT.observe((response.started_at - response.created_at).total_seconds())

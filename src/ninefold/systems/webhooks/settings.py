"""The settings of webhook delivery."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from ninefold.core.config import read_settings
from ninefold.core.errors import SettingError

PREFIX = "NINEFOLD_WEBHOOKS_"
RETRY_DELAYS_COUNT_MAX = 20


class WebhooksSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for attempts, retries, and what is kept of them; prefix `NINEFOLD_WEBHOOKS_`."""

    attempt_timeout_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=300, description="Time limit of one attempt in seconds, including the connection."),
    ] = 30.0
    retry_delays_s: Annotated[
        tuple[float, ...],
        msgspec.Meta(
            max_length=RETRY_DELAYS_COUNT_MAX,
            description="Seconds to wait before each retry, comma-separated; one retry per entry.",
        ),
    ] = (1.0, 2.0, 4.0, 8.0, 16.0)
    retry_jitter_ratio: Annotated[
        float,
        msgspec.Meta(ge=0, le=0.5, description="Fraction by which each delay is randomly lengthened or shortened."),
    ] = 0.2
    retry_horizon_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=2_592_000, description="Seconds after the start of a round during which retries are made."
        ),
    ] = 86_400.0
    rate_limit_per_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=1_000_000, description="Attempts per second to one subscription, of all workers together."
        ),
    ] = 100.0
    subscription_in_flight_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=100_000, description="Attempts in flight to one subscription, of all workers together."),
    ] = 100
    circuit_failures_max: Annotated[
        int,
        msgspec.Meta(ge=1, le=10_000, description="Consecutive failed attempts that open a subscription's circuit."),
    ] = 10
    circuit_retry_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=86_400, description="Seconds after which an open circuit is probed with one attempt."),
    ] = 300.0
    pause_after_s: Annotated[
        float,
        msgspec.Meta(
            gt=0, le=31_536_000, description="Seconds of failed attempts only, after which a subscription is paused."
        ),
    ] = 432_000.0
    in_flight_max: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=100_000,
            description="Attempts in flight per worker; one organisation can use at most two thirds of them.",
        ),
    ] = 3_000
    tier_shares: Annotated[
        tuple[float, ...],
        msgspec.Meta(
            min_length=3,
            max_length=3,
            description="Shares of a worker for the tiers critical, standard and bulk, comma-separated.",
        ),
    ] = (50.0, 40.0, 10.0)
    response_body_kept_bytes: Annotated[
        int, msgspec.Meta(ge=0, le=16_384, description="Bytes of each response body to keep with its attempt.")
    ] = 16_384

    @property
    def attempts_per_round(self) -> int:
        """The first attempt, and one for each retry delay."""
        return 1 + len(self.retry_delays_s)


def read_webhooks_settings(environment: Mapping[str, str]) -> WebhooksSettings:
    """Build the settings from `NINEFOLD_WEBHOOKS_*`.

    Raises:
        SettingError: a value is invalid; the error names the variable.
    """
    settings = read_settings(WebhooksSettings, prefix=PREFIX, environment=environment)
    # Written this way, the condition also rejects NaN.
    if not all(delay > 0 for delay in settings.retry_delays_s):
        raise SettingError(
            f"{PREFIX}RETRY_DELAYS_S has a delay that isn't greater than zero.",
            field=f"{PREFIX}RETRY_DELAYS_S",
            remedy="Give a positive number of seconds for each retry, such as 1,2,4,8,16.",
        )
    if not all(0 < share < float("inf") for share in settings.tier_shares):
        raise SettingError(
            f"{PREFIX}TIER_SHARES has a share that isn't greater than zero.",
            field=f"{PREFIX}TIER_SHARES",
            remedy="Give a positive number for each of the tiers critical, standard and bulk, such as 50,40,10.",
        )
    return settings

"""The settings of payments."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from ninefold.core.config import read_settings

PREFIX: Final = "NINEFOLD_PAYMENTS_"

_SERVER_PORT: Final = "NINEFOLD_PORT"
_SERVER_PORT_DEFAULT: Final = "8900"
WEBHOOK_PATH: Final = "/processors/simulator/webhooks"


class PaymentsSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of payments; prefix `NINEFOLD_PAYMENTS_`."""

    processor_timeout_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=120, description="Seconds that a processor has to answer; then the outcome is in doubt."),
    ] = 10.0
    in_doubt_deadline_s: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=2_592_000,
            description="Seconds for which a processor is asked about a doubt; then a person has to close it.",
        ),
    ] = 86_400
    authorisation_s: Annotated[
        int,
        msgspec.Meta(ge=1, le=2_678_400, description="Seconds within which an authorised payment can be captured."),
    ] = 604_800
    simulator_seed: Annotated[
        int, msgspec.Meta(ge=0, le=2**31, description="Seed of what the simulated processor does by chance.")
    ] = 1
    simulator_latency_ms: Annotated[
        int, msgspec.Meta(ge=0, le=60_000, description="Milliseconds that the simulated processor takes to answer.")
    ] = 0
    simulator_decline_per_mille: Annotated[
        int,
        msgspec.Meta(ge=0, le=1_000, description="Payments of 1,000 that the simulated processor declines by chance."),
    ] = 0
    simulator_lost_per_mille: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_000,
            description="Answers of 1,000 that the simulated processor loses by chance, after the effect.",
        ),
    ] = 0
    simulator_webhook_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Where the simulated processor sends its webhooks; by default, the server of this machine."
        ),
    ] = None


def read_payments_settings(environment: Mapping[str, str]) -> PaymentsSettings:
    """Read the settings of payments.

    Raises:
        SettingError: a value is invalid.
    """
    settings = read_settings(PaymentsSettings, prefix=PREFIX, environment=environment)
    if settings.simulator_webhook_url is not None:
        return settings
    port = environment.get(_SERVER_PORT, _SERVER_PORT_DEFAULT)
    return msgspec.structs.replace(settings, simulator_webhook_url=f"http://127.0.0.1:{port}{WEBHOOK_PATH}")

"""The settings of the assistant."""

from collections.abc import Mapping
from typing import Annotated, Final, Literal

import msgspec

from ninefold.core.config import read_settings

PREFIX: Final = "NINEFOLD_ASSISTANT_"


class AssistantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for generating responses, and for who may ask for how many; prefix `NINEFOLD_ASSISTANT_`."""

    engine: Annotated[
        Literal["scripted"],
        msgspec.Meta(description="What runs the models; `scripted` answers by a script, for tests."),
    ] = "scripted"
    model: Annotated[str, msgspec.Meta(min_length=1, description="Model that answers if a request names none.")] = (
        "smollm2-135m-instruct"
    )
    concurrency: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, description="Responses that one worker generates at once.")
    ] = 4
    queued_max: Annotated[
        int, msgspec.Meta(ge=1, le=10_000, description="Responses that an account or an API key can have waiting.")
    ] = 100
    organisation_queued_max: Annotated[
        int, msgspec.Meta(ge=1, le=100_000, description="Responses that an organisation can have waiting.")
    ] = 1_000
    tokens_per_minute: Annotated[
        int,
        msgspec.Meta(
            ge=0,
            le=1_000_000_000,
            description="Tokens that an account or an API key can use per minute, and at once; 0 for any number.",
        ),
    ] = 200_000
    output_tokens_max: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Tokens of a response; a request can ask for fewer.")
    ] = 1_024
    history_tokens_max: Annotated[
        int,
        msgspec.Meta(
            ge=64,
            le=10_000_000,
            description="Tokens of a conversation that the model gets, about; earlier messages are left out.",
        ),
    ] = 1_024
    queue_timeout_s: Annotated[
        float, msgspec.Meta(ge=1, le=86_400, description="Seconds that a response can wait for a worker.")
    ] = 300.0
    first_token_timeout_s: Annotated[
        float, msgspec.Meta(ge=0.1, le=3_600, description="Seconds until the first token, or another attempt.")
    ] = 60.0
    gap_timeout_s: Annotated[
        float, msgspec.Meta(ge=0.1, le=3_600, description="Seconds between two tokens, or another attempt.")
    ] = 20.0
    stalled_after_s: Annotated[
        float, msgspec.Meta(ge=0.05, le=600, description="Seconds without a token after which people are told.")
    ] = 4.0
    attempts_max: Annotated[
        int, msgspec.Meta(ge=1, le=100, description="Attempts, including continuations, before a response fails.")
    ] = 8
    log_kept_s: Annotated[
        int, msgspec.Meta(ge=60, le=315_360_000, description="Seconds for which the events of a response are kept.")
    ] = 604_800
    responses_kept_s: Annotated[
        int,
        msgspec.Meta(
            ge=3_600, le=315_360_000, description="Seconds for which responses outside of conversations are kept."
        ),
    ] = 2_592_000


def read_assistant_settings(environment: Mapping[str, str]) -> AssistantSettings:
    """Build the settings from `NINEFOLD_ASSISTANT_*`.

    Raises:
        SettingError: a value is invalid; the error names the variable.
    """
    return read_settings(AssistantSettings, prefix=PREFIX, environment=environment)

"""The settings of the assistant."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from ninefold.core.config import read_settings
from ninefold.core.egress import InvalidTargetError, count_authorities, parse_target
from ninefold.core.errors import SettingError

PREFIX: Final = "NINEFOLD_ASSISTANT_"


class AssistantSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for generating responses, and for who may ask for how many; prefix `NINEFOLD_ASSISTANT_`."""

    engine: Annotated[
        Literal["llama", "url", "scripted"],
        msgspec.Meta(
            description="What runs the models: llama.cpp on this machine, a server at a URL, or for tests a script."
        ),
    ] = "llama"
    model: Annotated[
        str,
        msgspec.Meta(
            description="Model that answers if a request names none; by default, the one of the engine or of the file."
        ),
    ] = ""
    llama_model: Annotated[
        Path | None,
        msgspec.Meta(
            description="GGUF file of the model that `llama` runs, instead of the small one that is included."
        ),
    ] = None
    llama_slots: Annotated[int, msgspec.Meta(ge=1, le=64, description="Responses that `llama` generates at once.")] = 4
    llama_context_tokens: Annotated[
        int,
        msgspec.Meta(
            ge=256, le=1_000_000, description="Tokens that `llama` keeps of a prompt and its response together."
        ),
    ] = 2_048
    llama_threads: Annotated[
        int, msgspec.Meta(ge=0, le=256, description="Threads that `llama` computes with; 0: half as many as cores.")
    ] = 0
    url: Annotated[
        str | None,
        msgspec.Meta(
            description="Base URL of a server that speaks OpenAI's API, such as http://127.0.0.1:11434/v1; "
            "makes `url` the engine."
        ),
    ] = None
    url_server: Annotated[
        Literal["vllm", "llamacpp", "ollama", "openai", "other"] | None,
        msgspec.Meta(description="Which server it is; by default, it is asked."),
    ] = None
    url_ca_file: Annotated[
        Path | None,
        msgspec.Meta(description="PEM file of authorities to trust for the URL, in addition to the system's."),
    ] = None
    api_key: Annotated[
        str | None,
        msgspec.Meta(description="API key for the server at the URL.", extra={"is_secret": True}),
    ] = None
    embedding_model: Annotated[
        str, msgspec.Meta(description="Model for embeddings at the URL; `llama` has its own.")
    ] = ""
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


SCRIPTED_MODEL: Final = "scripted"
SCRIPTED_EMBEDDING_MODEL: Final = "scripted-embedding"
LLAMA_MODEL: Final = "smollm2-135m-instruct"
LLAMA_EMBEDDING_MODEL: Final = "all-minilm-l6-v2"


def read_assistant_settings(environment: Mapping[str, str]) -> AssistantSettings:
    """Build the settings from `NINEFOLD_ASSISTANT_*`.

    Raises:
        SettingError: a value is invalid or missing; the error names the variable.
    """
    settings = read_settings(AssistantSettings, prefix=PREFIX, environment=environment)
    if settings.url is not None and not environment.get(f"{PREFIX}ENGINE"):
        settings = msgspec.structs.replace(settings, engine="url")
    if settings.engine == "url":
        return _check_url(settings)
    if settings.engine == "scripted":
        return _with_models(settings, SCRIPTED_MODEL, SCRIPTED_EMBEDDING_MODEL)
    if settings.llama_model is None:
        return _with_models(settings, LLAMA_MODEL, LLAMA_EMBEDDING_MODEL)
    if not settings.llama_model.is_file():
        raise SettingError(
            f"{PREFIX}LLAMA_MODEL is {settings.llama_model}, which isn't a file that this user can see.",
            field=f"{PREFIX}LLAMA_MODEL",
            remedy="Name a GGUF file, or unset it to use the model that is included.",
        )
    return _with_models(settings, settings.llama_model.stem, LLAMA_EMBEDDING_MODEL)


def _with_models(settings: AssistantSettings, model: str, embedding_model: str) -> AssistantSettings:
    return msgspec.structs.replace(settings, model=settings.model or model, embedding_model=embedding_model)


def _check_url(settings: AssistantSettings) -> AssistantSettings:
    if settings.url is None:
        raise SettingError(
            f"{PREFIX}ENGINE is url, but {PREFIX}URL isn't set.",
            field=f"{PREFIX}URL",
            remedy="Set it to the base URL of the server, such as http://127.0.0.1:11434/v1.",
        )
    try:
        parse_target(settings.url)
    except InvalidTargetError as error:
        raise SettingError(f"{PREFIX}URL: {error.detail}", field=f"{PREFIX}URL", remedy=error.remedy) from error
    if settings.url_ca_file is not None:
        count_authorities(settings.url_ca_file)
    if not settings.model:
        raise SettingError(
            f"{PREFIX}URL is set, but {PREFIX}MODEL isn't.",
            field=f"{PREFIX}MODEL",
            remedy="Set it to the model of that server that answers if a request names none.",
        )
    return settings

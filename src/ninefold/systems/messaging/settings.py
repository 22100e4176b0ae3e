"""The settings of messaging."""

from collections.abc import Mapping
from typing import Annotated, Final

import msgspec

from ninefold.core.blobs import BLOB_BYTES_MAX
from ninefold.core.config import read_settings

PREFIX: Final = "NINEFOLD_MESSAGING_"


class MessagingSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of messaging; prefix `NINEFOLD_MESSAGING_`."""

    file_bytes_max: Annotated[
        int, msgspec.Meta(ge=1, le=BLOB_BYTES_MAX, description="Bytes that one file can have.")
    ] = 1024**3
    unshared_files_kept_s: Annotated[
        int,
        msgspec.Meta(
            ge=3_600, le=31_536_000, description="Seconds for which an upload is kept that no message shares."
        ),
    ] = 86_400
    slack_rate_factor: Annotated[
        int,
        msgspec.Meta(
            ge=1,
            le=100_000,
            description="How many times as often as in Slack a token can call a method of Slack's API.",
        ),
    ] = 60


def read_messaging_settings(environment: Mapping[str, str]) -> MessagingSettings:
    """Read the settings of messaging.

    Raises:
        SettingError: a value is invalid.
    """
    return read_settings(MessagingSettings, prefix=PREFIX, environment=environment)

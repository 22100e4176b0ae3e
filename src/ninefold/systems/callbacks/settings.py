"""The settings of callbacks."""

from collections.abc import Mapping
from typing import Annotated, Final
from urllib.parse import urlsplit

import msgspec

from ninefold.core.config import read_settings
from ninefold.core.errors import SettingError

PREFIX: Final = "NINEFOLD_CALLBACKS_"


class CallbacksSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings for receiving callbacks, and for how long they are kept; prefix `NINEFOLD_CALLBACKS_`."""

    public_url: Annotated[
        str | None,
        msgspec.Meta(
            description="URL at which providers reach this server, such as https://hooks.example.com; by default, the "
            "Host header of each request."
        ),
    ] = None
    rate_per_s: Annotated[
        float,
        msgspec.Meta(gt=0, le=100_000, description="Callbacks per second that a server accepts for one organisation."),
    ] = 500.0
    burst_max: Annotated[
        int,
        msgspec.Meta(
            ge=1, le=1_000_000, description="Callbacks that a server accepts at once for an organisation after a pause."
        ),
    ] = 2_000
    body_timeout_s: Annotated[
        float,
        msgspec.Meta(ge=1, le=600, description="Seconds within which the whole body of a callback must arrive."),
    ] = 30.0
    dedupe_window_s: Annotated[
        int,
        msgspec.Meta(
            ge=0, le=31_536_000, description="Seconds during which a callback that comes again is a duplicate."
        ),
    ] = 604_800
    kept_s: Annotated[
        int, msgspec.Meta(ge=3_600, le=315_360_000, description="Seconds for which a callback is kept.")
    ] = 2_592_000


def read_callbacks_settings(environment: Mapping[str, str]) -> CallbacksSettings:
    """Build the settings from `NINEFOLD_CALLBACKS_*`.

    Raises:
        SettingError: a value is invalid; the error names the variable.
    """
    settings = read_settings(CallbacksSettings, prefix=PREFIX, environment=environment)
    if settings.public_url is None:
        return settings
    url = urlsplit(settings.public_url)
    if url.scheme not in ("http", "https") or not url.netloc or url.query or url.fragment:
        raise SettingError(
            f"{PREFIX}PUBLIC_URL is {settings.public_url!r}, which isn't an http or https URL without a query.",
            field=f"{PREFIX}PUBLIC_URL",
            remedy="Give the URL that providers use for this server, such as https://hooks.example.com.",
        )
    return msgspec.structs.replace(settings, public_url=settings.public_url.rstrip("/"))

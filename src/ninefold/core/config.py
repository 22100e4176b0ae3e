"""Settings: one frozen object per owner, built once at the start from the environment.

A settings class is a `msgspec.Struct` whose fields carry their bounds and their description:

    class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
        port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Port of the mail server.")] = 25

`read_settings(MailSettings, prefix="NINEFOLD_MAIL_")` reads `NINEFOLD_MAIL_PORT`, or the file that
`NINEFOLD_MAIL_PORT_FILE` names, so that a secret needs no environment variable.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal, TypeVar

import msgspec
import platformdirs

from ninefold.core.errors import SettingError

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)


def default_data_dir() -> Path:
    """Return the platform's data folder: `/var/lib/ninefold` for root, the user's own one otherwise."""
    if os.geteuid() == 0:
        return Path("/var/lib/ninefold")
    return platformdirs.user_data_path("ninefold")


class CoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """What every process of Ninefold needs to know."""

    host: Annotated[str, msgspec.Meta(description="Address that the HTTP server listens on.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Port of the HTTP server.")] = 8900
    data_dir: Annotated[
        Path, msgspec.Meta(description="Folder of the embedded PostgreSQL and of all that Ninefold keeps.")
    ] = msgspec.field(default_factory=default_data_dir)
    database_url: Annotated[
        str | None, msgspec.Meta(description="Your own PostgreSQL; without it the embedded one is used.")
    ] = None
    database_connections_max: Annotated[
        int, msgspec.Meta(ge=2, le=1000, description="Connections to PostgreSQL, per process.")
    ] = 10
    workers: Annotated[int, msgspec.Meta(ge=1, le=256, description="Worker processes that `ninefold up` starts.")] = (
        max(1, (os.cpu_count() or 1) - 1)
    )
    egress_allow: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="CIDRs that outgoing requests may reach although the deny list has them."),
    ] = ()
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], msgspec.Meta(description="Least level that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"], msgspec.Meta(description="`json` for machines, `console` for people.")
    ] = "json"


def setting_names(settings_class: type[msgspec.Struct], *, prefix: str) -> list[str]:
    """Return the environment variable of each field, in order."""
    return [f"{prefix}{field.name.upper()}" for field in msgspec.structs.fields(settings_class)]


def read_settings(
    settings_class: type[SettingsT], *, prefix: str, environment: Mapping[str, str], **overrides: Any
) -> SettingsT:
    """Build a settings object from environment variables.

    Args:
        settings_class: the frozen struct to build.
        prefix: what each variable's name starts with; the rest is the field's name in upper case.
        environment: usually `os.environ`.
        overrides: values that win over the environment, by field name; None means "not given".

    Raises:
        SettingError: a value has the wrong form, or a `*_FILE` can't be read; names the variable.
    """
    chosen = {}
    for field in msgspec.structs.fields(settings_class):
        variable = f"{prefix}{field.name.upper()}"
        value = overrides.get(field.name)
        if value is None:
            value = _read_variable(variable, environment)
        if value is not None:
            chosen[field.name] = _convert(value, field.type, variable=variable)
    return settings_class(**chosen)


def _read_variable(variable: str, environment: Mapping[str, str]) -> str | None:
    text = environment.get(variable)
    path = environment.get(f"{variable}_FILE")
    if path is None or text is not None:
        return text or None
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{variable}_FILE names a file that can't be read: {error}.",
            field=f"{variable}_FILE",
            remedy="Make the file readable for this user and plain UTF-8, or take the variable out.",
        ) from error


def _convert(value: object, kind: Any, *, variable: str) -> object:
    if isinstance(value, str) and _is_list(kind):
        value = [part.strip() for part in value.split(",") if part.strip()]
    try:
        return msgspec.convert(value, kind, strict=False, dec_hook=_decode_path)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"{variable} has a value that doesn't fit: {error}.",
            field=variable,
            remedy="Correct it, or take it out to use the default; docs/operations.md lists every setting.",
        ) from error


def _is_list(kind: Any) -> bool:
    # Annotated[tuple[...], ...] carries its real type as the first argument.
    inner = kind.__origin__ if hasattr(kind, "__metadata__") else kind
    return getattr(inner, "__origin__", None) is tuple


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path:
        return Path(value).expanduser()
    raise NotImplementedError(f"A setting can't be of type {kind}")

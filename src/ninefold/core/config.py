"""Settings: one frozen object per owner, built once at the start from the environment.

A settings class is a `msgspec.Struct` whose fields carry their bounds and their description:

    class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
        port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Port of the mail server.")] = 25

    settings = read_settings(MailSettings, prefix="NINEFOLD_MAIL_", environment={"NINEFOLD_MAIL_PORT": "2525"})
    assert settings.port == 2525

`NINEFOLD_MAIL_PORT_FILE` may name a file with the value, so that a secret needs no environment variable. A command
hands over its options, which win: `port=…` is what `--port` gave. A field whose option has another name says so, with
`extra={"option": "--server"}`.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
import platformdirs
from msgspec.structs import FieldInfo

from ninefold.core.errors import SettingError

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

# A server that listens on every address is reached on this machine by the loopback address.
_EVERYWHERE: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound.


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


def server_url(settings: CoreSettings) -> str:
    """Return the address under which this machine reaches the server: scheme, host and port."""
    host = _EVERYWHERE.get(settings.host, settings.host)
    return f"http://[{host}]:{settings.port}" if ":" in host else f"http://{host}:{settings.port}"


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
        overrides: what a command's options gave, by field name; wins over the environment. None means "not given".

    Raises:
        SettingError: a value has the wrong form, an option is empty, or a `*_FILE` gives nothing; names the option or
            the variable.
    """
    chosen = {}
    for field in msgspec.structs.fields(settings_class):
        variable = f"{prefix}{field.name.upper()}"
        given = overrides.get(field.name)
        if given is not None:
            chosen[field.name] = _convert_option(given, field, variable=variable)
        elif (text := _read_variable(variable, environment)) is not None:
            chosen[field.name] = _convert_variable(text, field, variable=variable)
    return settings_class(**chosen)


def _read_variable(variable: str, environment: Mapping[str, str]) -> str | None:
    """Return the text of a variable or of its file; an empty variable counts as not set."""
    if text := environment.get(variable):
        return text
    path = environment.get(f"{variable}_FILE")
    if not path:
        return None
    try:
        content = Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(
            f"{variable}_FILE names a file that can't be read: {error}.",
            field=f"{variable}_FILE",
            remedy="Make the file readable for this user and plain UTF-8, or take the variable out.",
        ) from error
    if not content:
        # Whoever names a file has a value in mind: going on without it could start on an empty database.
        raise SettingError(
            f"{variable}_FILE names a file that is empty: {path}.",
            field=f"{variable}_FILE",
            remedy="Write the value into the file, or take the variable out.",
        )
    return content


def _convert_option(value: object, field: FieldInfo, *, variable: str) -> object:
    option = _option_of(field)
    if value == "":
        raise SettingError(
            f"{option} was given without a value.",
            field=option,
            remedy=f"Give it one, or leave it out to use {variable} or the default; a shell variable may be unset.",
        )
    try:
        return _convert(value, field.type)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"{option} has a value that doesn't fit: {error}.",
            field=option,
            remedy=f"Correct it, or leave it out to use {variable} or the default.",
        ) from error


def _convert_variable(text: str, field: FieldInfo, *, variable: str) -> object:
    try:
        return _convert(text, field.type)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"{variable} has a value that doesn't fit: {error}.",
            field=variable,
            remedy="Correct it, or take it out to use the default; docs/operations.md lists every setting.",
        ) from error


def _convert(value: object, kind: Any) -> object:
    if isinstance(value, str) and _is_list(kind):
        value = [part.strip() for part in value.split(",") if part.strip()]
    return msgspec.convert(value, kind, strict=False, dec_hook=_decode_path)


def _option_of(field: FieldInfo) -> str:
    default = f"--{field.name.replace('_', '-')}"
    notes = [note for note in getattr(field.type, "__metadata__", ()) if isinstance(note, msgspec.Meta)]
    return next((note.extra["option"] for note in notes if note.extra), default)


def _is_list(kind: Any) -> bool:
    # Annotated[tuple[...], ...] carries its real type as the first argument.
    inner = kind.__origin__ if hasattr(kind, "__metadata__") else kind
    return getattr(inner, "__origin__", None) is tuple


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path:
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError(f"no home folder is known for {value!r}") from error
    raise NotImplementedError(f"A setting can't be of type {kind}")

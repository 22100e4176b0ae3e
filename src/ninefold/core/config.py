"""Settings: each part of Ninefold reads its settings once, at the start, from the environment into a frozen object.

A settings class is a `msgspec.Struct`. Its fields have a description and, if needed, bounds:

    class MailSettings(msgspec.Struct, frozen=True, kw_only=True):
        port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Port of the mail server.")] = 25

    settings = read_settings(MailSettings, prefix="NINEFOLD_MAIL_", environment={"NINEFOLD_MAIL_PORT": "2525"})
    assert settings.port == 2525

`NINEFOLD_MAIL_PORT_FILE` can name a file with the value, so that a secret doesn't have to be in the environment. A
command passes its options, which take precedence: `port=…` is the value of `--port`. If the option of a field has
another name, the field declares it with `extra={"option": "--server"}`. The error for an invalid value shows the value,
unless the field declares `extra={"is_secret": True}`.
"""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Final, Literal, TypeVar

import msgspec
import platformdirs
from msgspec.structs import FieldInfo

from ninefold.core.allowed_values import allowed_values_at
from ninefold.core.errors import SettingError
from ninefold.core.validation_messages import alternatives, in_plain_words, shorten

SettingsT = TypeVar("SettingsT", bound=msgspec.Struct)

# A client on this machine uses the loopback address for a server that listens on all addresses.
_LOOPBACK_OF_WILDCARD: Final = {"0.0.0.0": "127.0.0.1", "::": "::1"}  # noqa: S104 - compared, not bound.


def default_data_dir() -> Path:
    """Return the default data folder: `/var/lib/ninefold` for root, otherwise one in the user's home folder."""
    if os.geteuid() == 0:
        return Path("/var/lib/ninefold")
    return platformdirs.user_data_path("ninefold")


class CoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings that every process of Ninefold uses."""

    host: Annotated[str, msgspec.Meta(description="Address that the HTTP server listens on.")] = "127.0.0.1"
    port: Annotated[int, msgspec.Meta(ge=1, le=65535, description="Port of the HTTP server.")] = 8900
    data_dir: Annotated[Path, msgspec.Meta(description="Folder for the embedded PostgreSQL and all other data.")] = (
        msgspec.field(default_factory=default_data_dir)
    )
    database_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Address of your own PostgreSQL; without it, the embedded one is used.",
            extra={"is_secret": True},
        ),
    ] = None
    database_connections_max: Annotated[
        int, msgspec.Meta(ge=2, le=1000, description="Connections to PostgreSQL, per process.")
    ] = 10
    workers: Annotated[int, msgspec.Meta(ge=1, le=256, description="Worker processes that `ninefold up` starts.")] = (
        max(1, (os.cpu_count() or 1) - 1)
    )
    jobs_concurrency: Annotated[
        int, msgspec.Meta(ge=1, le=1000, description="Durable jobs that one worker runs at once.")
    ] = 20
    jobs_finished_kept_s: Annotated[
        int, msgspec.Meta(ge=0, le=315_360_000, description="Seconds for which a job is kept that succeeded.")
    ] = 604_800
    jobs_failed_kept_s: Annotated[
        int, msgspec.Meta(ge=0, le=315_360_000, description="Seconds for which a failed job is kept.")
    ] = 2_592_000
    blobs_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Where blobs are stored: s3://bucket, gs://bucket, az://container or file:///folder.",
            # Somebody may have put a password into it, which is refused.
            extra={"is_secret": True},
        ),
    ] = None
    blobs_organisation_bytes_max: Annotated[
        int, msgspec.Meta(ge=0, le=2**60, description="Bytes that the blobs of one organisation can have together.")
    ] = 107_374_182_400
    blobs_pending_kept_s: Annotated[
        int,
        msgspec.Meta(ge=7_200, le=31_536_000, description="Seconds for which an upload is kept that nothing uses."),
    ] = 86_400
    secrets_key: Annotated[
        str | None,
        msgspec.Meta(
            description="Key that seals secrets, 32 bytes in base64, and earlier keys; by default, in the data folder.",
            extra={"is_secret": True},
        ),
    ] = None
    live_connections_max: Annotated[
        int, msgspec.Meta(ge=1, le=1_000_000, description="Clients of live feeds that can be connected to one server.")
    ] = 10_000
    live_buffer_bytes_max: Annotated[
        int,
        msgspec.Meta(
            ge=16_384,
            le=67_108_864,
            description="Bytes that can wait to be sent to one client of live feeds before it is disconnected.",
        ),
    ] = 1_048_576
    public_url: Annotated[
        str | None,
        msgspec.Meta(
            description="Address at which people reach this server, such as https://ninefold.example.com.",
        ),
    ] = None
    trusted_proxies: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="CIDRs of reverse proxies, whose X-Forwarded-For names the client's address."),
    ] = ()
    sessions_lifetime_s: Annotated[
        int, msgspec.Meta(ge=60, le=31_536_000, description="Seconds after which a person has to sign in again.")
    ] = 2_592_000
    sessions_idle_max_s: Annotated[
        int, msgspec.Meta(ge=60, le=31_536_000, description="Seconds without a request after which a session ends.")
    ] = 604_800
    audit_log_kept_s: Annotated[
        int, msgspec.Meta(ge=0, le=315_360_000, description="Seconds for which an entry of the audit log is kept.")
    ] = 31_536_000
    egress_allow: Annotated[
        tuple[str, ...],
        msgspec.Meta(description="CIDRs that outgoing requests can reach although they are on the deny list."),
    ] = ()
    egress_ca_file: Annotated[
        Path | None,
        msgspec.Meta(description="PEM file of authorities to trust in TLS, in addition to the system's."),
    ] = None
    log_level: Annotated[
        Literal["debug", "info", "warning", "error"], msgspec.Meta(description="Lowest level that is logged.")
    ] = "info"
    log_format: Annotated[
        Literal["json", "console"], msgspec.Meta(description="`json` for machines, `console` for people.")
    ] = "json"


def server_url(settings: CoreSettings) -> str:
    """Return the URL of the server for clients on this machine: scheme, host and port."""
    host = _LOOPBACK_OF_WILDCARD.get(settings.host, settings.host)
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
        prefix: the start of each variable's name; the rest is the field's name in upper case.
        environment: usually `os.environ`.
        overrides: the values of a command's options, by field name; they take precedence. None means "not given".

    Raises:
        SettingError: a value is invalid, an option is empty, or a `*_FILE` is empty or unreadable; names the option
            or the variable.
    """
    values = {}
    for field in msgspec.structs.fields(settings_class):
        variable = f"{prefix}{field.name.upper()}"
        given = overrides.get(field.name)
        if given is not None:
            values[field.name] = _convert_option(given, field, variable=variable)
        elif (text := _read_variable(variable, environment)) is not None:
            values[field.name] = _convert_variable(text, field, variable=variable)
    return settings_class(**values)


def _read_variable(variable: str, environment: Mapping[str, str]) -> str | None:
    """Return the value of a variable or the content of its file; an empty variable counts as not set."""
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
            remedy="Make it a UTF-8 text file that this user can read, or unset the variable.",
        ) from error
    if not content:
        # An operator who names a file means to set a value. Starting without it could use an empty database.
        raise SettingError(
            f"{variable}_FILE names a file that is empty: {path}.",
            field=f"{variable}_FILE",
            remedy="Write the value into the file, or unset the variable.",
        )
    return content


def _convert_option(value: object, field: FieldInfo, *, variable: str) -> object:
    option = _option_of(field)
    if value == "":
        raise SettingError(
            f"{option} was given without a value.",
            field=option,
            remedy=f"Pass a value, or omit the option to use {variable} or the default. Is a shell variable unset?",
        )
    try:
        return _convert(value, field.type)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"{option} has an invalid value{_shown(value, field)}: {_reason(error, field)}.",
            field=option,
            remedy=f"Correct it, or omit the option to use {variable} or the default.",
        ) from error


def _convert_variable(text: str, field: FieldInfo, *, variable: str) -> object:
    try:
        return _convert(text, field.type)
    except msgspec.ValidationError as error:
        raise SettingError(
            f"{variable} has an invalid value{_shown(text, field)}: {_reason(error, field)}.",
            field=variable,
            remedy="Correct it, or unset it to use the default; docs/operations.md lists every setting.",
        ) from error


def _reason(error: msgspec.ValidationError, field: FieldInfo) -> str:
    """Return in plain words what a setting must be; the value itself is shown elsewhere."""
    message, _, path = str(error).partition(" - at `$")
    if choices := allowed_values_at(field.type):
        return f"expected {alternatives([str(choice) for choice in choices])}"
    if _is_boolean(field):
        return "expected true or false"
    words = in_plain_words(message).partition(", got ")[0]
    item = re.fullmatch(r"\[(?P<index>\d+)\]`", path)
    return f"item {int(item['index']) + 1}: {words}" if item else words


def _shown(value: object, field: FieldInfo) -> str:
    """Return the value for an error message, unless it is secret."""
    return "" if _extra_of(field, "is_secret", default=False) else f" {shorten(str(value))!r}"


def _is_boolean(field: FieldInfo) -> bool:
    return bool in {field.type, getattr(field.type, "__origin__", None)}


def _convert(value: object, kind: Any) -> object:
    if isinstance(value, str) and _is_list(kind):
        value = [part.strip() for part in value.split(",") if part.strip()]
    return msgspec.convert(value, kind, strict=False, dec_hook=_decode_path)


def _option_of(field: FieldInfo) -> str:
    return str(_extra_of(field, "option", default=f"--{field.name.replace('_', '-')}"))


def _extra_of(field: FieldInfo, key: str, *, default: object) -> object:
    """Return what a field declares with `msgspec.Meta(extra={…})`."""
    notes = [note for note in getattr(field.type, "__metadata__", ()) if isinstance(note, msgspec.Meta)]
    return next((note.extra[key] for note in notes if note.extra and key in note.extra), default)


def _is_list(kind: Any) -> bool:
    # The type is wrapped in `Annotated`.
    inner = kind.__origin__ if hasattr(kind, "__metadata__") else kind
    return getattr(inner, "__origin__", None) is tuple


def _decode_path(kind: type, value: Any) -> Any:
    if kind is Path:
        try:
            return Path(value).expanduser()
        except RuntimeError as error:
            raise ValueError("the home folder of this user isn't known") from error
    raise TypeError(f"A setting can't be of type {kind}")

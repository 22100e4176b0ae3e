"""Checks a machine and its settings: what would fail, what could fail, and how to fix it.

Nothing is started, created or changed.
"""

import os
import platform
import pwd
import shutil
import sys
from collections.abc import AsyncIterator, Callable, Iterator, Mapping
from datetime import UTC, datetime
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

import psutil

from ninefold.core.blobs.checks import check_blobs
from ninefold.core.checks import Finding, failed, ok, warning
from ninefold.core.commands import ClientSettings
from ninefold.core.config import CoreSettings, read_settings, server_url, setting_names
from ninefold.core.egress import AddressPolicy, count_authorities
from ninefold.core.errors import NinefoldError
from ninefold.core.postgres.database import Database
from ninefold.core.postgres.embedded.account import SYSTEM_USER, choose_account
from ninefold.core.postgres.embedded.engine import find_engine
from ninefold.core.postgres.embedded.ownership import Owner, read_owner
from ninefold.core.postgres.migrations import read_pending_migrations
from ninefold.core.secrets import KEY_FILE, Sealer
from ninefold.core.secrets.service import KeyUse, list_key_uses
from ninefold.edge.ports import looks_like_ninefold, probe_port, require_free_port
from ninefold.edge.processes import SUPERVISED
from ninefold.edge.systems import SYSTEMS, migration_sources, sealed_columns

PYTHON_MIN: Final = (3, 11)
FREE_BYTES_MIN: Final = 256 * 1024**2
"""With less, the embedded PostgreSQL can't even be created."""

FREE_BYTES_COMFORTABLE: Final = 2 * 1024**3
POSTGRES_VERSION_MIN: Final = 150_000
"""PostgreSQL 15, as `server_version_num` counts."""

CLOCK_DIFFERENCE_S_MAX: Final = 5.0
CLOCK_EARLIEST: Final = datetime(2025, 1, 1, tzinfo=UTC)
"""A clock before this was never set. Receivers would refuse every signature as too old."""

_PREFIX: Final = "NINEFOLD_"
_EGRESS_ALLOW: Final = f"{_PREFIX}EGRESS_ALLOW"


async def examine(
    environment: Mapping[str, str], *, port: int | None = None, data_dir: str | Path | None = None
) -> list[Finding]:
    """Run all checks, without those that depend on one that failed.

    Args:
        environment: the variables with the settings, usually `os.environ`.
        port: the value of `--port`, which wins over NINEFOLD_PORT.
        data_dir: the value of `--data-dir`, which wins over NINEFOLD_DATA_DIR.
    """
    findings = [_check_python(), _check_clock()]
    findings += _check_systems(environment)
    findings += _check_variables(environment)
    settings, setting_findings = _read_all_settings(environment, port=port, data_dir=data_dir)
    findings += setting_findings
    if settings is None:
        return findings
    findings.append(_check_egress(settings))
    findings.append(_check_port(settings))
    if settings.database_url is None:
        findings.append(_check_data_dir(settings.data_dir))
        findings.append(_check_engine())
    findings.append(await check_blobs(settings))
    findings += [finding async for finding in _check_database(settings, environment)]
    return findings


def _check_python() -> Finding:
    version = platform.python_version()
    if sys.version_info[:2] < PYTHON_MIN:
        return failed("python", f"Python {version} is too old.", "Install Python 3.11 or newer.")
    return ok("python", f"Python {version} at {sys.executable}")


def _check_clock() -> Finding:
    now = datetime.now(UTC)
    if now < CLOCK_EARLIEST:
        return failed(
            "clock",
            f"The clock is wrong: it says {now:%Y-%m-%d %H:%M} UTC.",
            "Set it, preferably by NTP. Receivers refuse signatures whose time is more than 5 minutes off.",
        )
    return ok("clock", f"{now:%Y-%m-%d %H:%M:%S} UTC")


def _check_systems(environment: Mapping[str, str]) -> Iterator[Finding]:
    for system in SYSTEMS:
        settings = _attempt(system.read_settings, environment)
        # What is wrong with the settings is another check's finding.
        if not isinstance(settings, NinefoldError):
            for check in system.checks:
                yield from check(settings)


def _check_variables(environment: Mapping[str, str]) -> Iterator[Finding]:
    known = _known_variables()
    for variable in sorted(name for name in environment if name.startswith(_PREFIX)):
        if variable in known:
            continue
        close = get_close_matches(variable, known, n=1)
        yield warning(
            "settings",
            f"{variable} isn't a setting and has no effect.",
            f"Did you mean {close[0]}?" if close else "Remove it.",
        )


def _known_variables() -> set[str]:
    names = {*setting_names(CoreSettings, prefix=_PREFIX), *setting_names(ClientSettings, prefix=_PREFIX)}
    for system in SYSTEMS:
        # The type of the settings, and so their names, is that of the default ones.
        names.update(setting_names(type(system.read_settings({})), prefix=f"{_PREFIX}{system.name.upper()}_"))
    return {*names, *[f"{name}_FILE" for name in names], SUPERVISED}


def _read_all_settings(
    environment: Mapping[str, str], *, port: int | None, data_dir: str | Path | None
) -> tuple[CoreSettings | None, list[Finding]]:
    def read_core(variables: Mapping[str, str]) -> CoreSettings:
        return read_settings(CoreSettings, prefix=_PREFIX, environment=variables, port=port, data_dir=data_dir)

    core = _attempt(read_core, environment)
    others = [_attempt(system.read_settings, environment) for system in SYSTEMS]
    errors = [outcome for outcome in (core, *others) if isinstance(outcome, NinefoldError)]
    findings = [failed("settings", error.detail, error.remedy) for error in errors]
    if not findings:
        given = sum(1 for name, value in environment.items() if value and name in _known_variables())
        findings = [ok("settings", f"{given} set in the environment, the others have their defaults")]
    return (None if isinstance(core, NinefoldError) else core), findings


def _attempt(read: Callable[[Mapping[str, str]], Any], environment: Mapping[str, str]) -> Any:
    try:
        return read(environment)
    except NinefoldError as error:
        return error


def _check_egress(settings: CoreSettings) -> Finding:
    """Judge the setting of this environment. A server or a worker that runs has the one that it was started with."""
    try:
        AddressPolicy.from_cidrs(settings.egress_allow)
        trusted = _describe_authorities(settings)
    except NinefoldError as error:
        return failed("egress", error.detail, error.remedy)
    if inner := [cidr for cidr in settings.egress_allow if _reaches_this_machine(cidr)]:
        return warning(
            "egress",
            f"Webhooks can be sent to this machine: this shell's {_EGRESS_ALLOW} has {', '.join(inner)}; "
            f"{_AS_STARTED}.",
            "Allow this only for trials: anyone who can create a subscription can reach every service on it.",
        )
    if settings.egress_allow:
        networks = ", ".join(settings.egress_allow)
        return ok("egress", f"public addresses, and {networks} by this shell's {_EGRESS_ALLOW}; {_AS_STARTED}{trusted}")
    return ok("egress", f"public addresses only: this shell has no {_EGRESS_ALLOW}; {_AS_STARTED}{trusted}")


def _describe_authorities(settings: CoreSettings) -> str:
    if settings.egress_ca_file is None:
        return ""
    count = count_authorities(settings.egress_ca_file)
    return f"; certificates of {settings.egress_ca_file} ({count}) are trusted too"


def _reaches_this_machine(cidr: str) -> bool:
    network = ip_network(cidr, strict=False)
    loopback = ip_network("127.0.0.0/8" if network.version == 4 else "::1/128")  # noqa: PLR2004 - IP versions.
    return network.overlaps(loopback)


def _check_port(settings: CoreSettings) -> Finding:
    where = f"{settings.host}:{settings.port}"
    try:
        probe_port(settings.host, settings.port)
    except OSError:
        if looks_like_ninefold(server_url(settings)):
            return ok("port", f"Ninefold answers at {server_url(settings)}")
    try:
        require_free_port(settings)
    except NinefoldError as error:
        return failed("port", error.detail, error.remedy)
    return ok("port", f"{where} is free")


def _check_data_dir(data_dir: Path) -> Finding:
    existing = next(folder for folder in (data_dir, *data_dir.absolute().parents) if _is_seen(folder))
    if not existing.is_dir():
        return failed("data folder", f"{existing} isn't a folder.", _OTHER_FOLDER)
    if not os.access(existing, os.W_OK | os.X_OK):
        owner = _user_name(existing.stat().st_uid)
        return failed("data folder", f"{existing} belongs to {owner}, and this user can't write there.", _OTHER_FOLDER)
    free = shutil.disk_usage(existing).free
    detail = f"{data_dir}, {free / 1024**3:.1f} GB free"
    if existing != data_dir:
        detail += ", will be created at the first start"
    if free < FREE_BYTES_MIN:
        return failed("data folder", detail, f"Free some space. Or: {_OTHER_FOLDER}")
    if free < FREE_BYTES_COMFORTABLE:
        return warning("data folder", detail, "PostgreSQL alone can need 2 GB under load. Free some space.")
    return ok("data folder", detail)


_AS_STARTED: Final = "a running server or worker uses the value that it was started with"
_OTHER_FOLDER: Final = "Choose another folder with --data-dir or NINEFOLD_DATA_DIR."
_AS_OWNER: Final = "Run `ninefold doctor` as the user who runs Ninefold, perhaps root."


def _check_engine() -> Finding:
    if os.geteuid() == 0 and not _user_exists(SYSTEM_USER):
        return ok("postgresql", f"embedded; the first start creates the system user {SYSTEM_USER!r} for it")
    try:
        engine = find_engine(choose_account())
    except NinefoldError as error:
        return failed("postgresql", error.detail, error.remedy)
    return ok("postgresql", f"embedded, runs as {engine.account.name!r}")


async def _check_database(settings: CoreSettings, environment: Mapping[str, str]) -> AsyncIterator[Finding]:
    owner = None
    if settings.database_url is None:
        try:
            owner = read_owner(settings.data_dir)
        except PermissionError as error:
            yield warning(
                "database", f"Can't tell whether it is running: this user can't read {error.filename}.", _AS_OWNER
            )
            return
        except OSError:
            # What is wrong with the folder is another check's finding.
            pass
    dsn = settings.database_url or (owner.dsn if owner is not None else None)
    if dsn is None:
        yield _NOT_RUNNING
        return
    try:
        database = await Database.connect(dsn, application_name="ninefold doctor", connections_max=2)
    except NinefoldError as error:
        yield _explain_silence(error, owner)
        return
    try:
        for finding in await _examine_database(database, settings, environment):
            yield finding
    finally:
        await database.close()


def _explain_silence(error: NinefoldError, owner: Owner | None) -> Finding:
    """Say why the owner's database, or without an owner the operator's own, can't be checked."""
    if owner is None:
        return failed("database", error.detail, error.remedy)
    if psutil.pid_exists(owner.pid):
        return warning("database", f"Process {owner.pid} runs it, but it can't be checked: {error.detail}", _AS_OWNER)
    # The lock is left from a process that was killed.
    return _NOT_RUNNING


async def _examine_database(
    database: Database, settings: CoreSettings, environment: Mapping[str, str]
) -> list[Finding]:
    async with database.connection() as connection:
        version_number = int(await connection.fetchval("SELECT current_setting('server_version_num')"))
        version = await connection.fetchval("SELECT current_setting('server_version')")
        their_clock = await connection.fetchval("SELECT clock_timestamp()")
        try:
            pending = await read_pending_migrations(connection, migration_sources())
        except NinefoldError as error:
            return [failed("database", error.detail, error.remedy)]
    findings = []
    if version_number < POSTGRES_VERSION_MIN:
        findings.append(failed("database", f"PostgreSQL {version} is too old.", "Use PostgreSQL 15 or newer."))
    elif pending:
        findings.append(warning("database", f"{len(pending)} migrations are pending.", "Run `ninefold migrate`."))
    else:
        findings.append(ok("database", f"PostgreSQL {version}, every migration applied"))
        findings += await _check_secrets(database, settings)
        findings += await _ask_systems(database, environment)
    difference_s = abs((datetime.now(UTC) - their_clock).total_seconds())
    if difference_s > CLOCK_DIFFERENCE_S_MAX:
        findings.append(
            warning(
                "clock",
                f"This machine's clock and the database's differ by {difference_s:.0f} s.",
                "Synchronise both by NTP. Leases and retries use the database's clock.",
            )
        )
    return findings


async def _ask_systems(database: Database, environment: Mapping[str, str]) -> list[Finding]:
    async with database.connection() as connection:
        return [
            finding
            for system in SYSTEMS
            for check in system.database_checks
            for finding in await check(connection, system.read_settings(environment))
        ]


async def _check_secrets(database: Database, settings: CoreSettings) -> list[Finding]:
    try:
        async with database.connection() as connection:
            uses = await list_key_uses(connection, Sealer.of(settings), sealed_columns())
    except NinefoldError as error:
        return [failed("secrets", error.detail, error.remedy)]
    findings = [finding for use in uses if (finding := _judge_key(use)) is not None]
    if findings:
        return findings
    count = sum(use.values for use in uses)
    if not uses:
        return [ok("secrets", "the first start makes their key")]
    where = "NINEFOLD_SECRETS_KEY" if settings.secrets_key is not None else str(settings.data_dir / KEY_FILE)
    return [ok("secrets", f"{count:,} are sealed with the current key of {where}")]


def _judge_key(use: KeyUse) -> Finding | None:
    name = "without a name" if use.key_id is None else use.key_id.hex()
    if use.state == "missing":
        return failed(
            "secrets",
            f"{use.values:,} secrets are sealed with the key {name}, which isn't here.",
            "Set the same NINEFOLD_SECRETS_KEY for every process, or restore secrets.key. "
            "If the key is lost: `ninefold secrets forget-lost-keys`.",
        )
    if use.state == "earlier" and use.values:
        return warning(
            "secrets",
            f"{use.values:,} secrets are still sealed with an earlier key ({name}).",
            "Run `ninefold secrets rotate-key`.",
        )
    return None


def _is_seen(path: Path) -> bool:
    try:
        return path.exists()
    except PermissionError:
        # The finding will be about the parent folder that can't be read.
        return False


def _user_exists(name: str) -> bool:
    try:
        pwd.getpwnam(name)
    except KeyError:
        return False
    return True


def _user_name(uid: int) -> str:
    try:
        return pwd.getpwuid(uid).pw_name
    except KeyError:
        return f"user {uid}"


_NOT_RUNNING: Final = ok("database", "not running; `ninefold up` starts it")

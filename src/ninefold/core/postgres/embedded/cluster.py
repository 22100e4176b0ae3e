"""The cluster: the folder with PostgreSQL's data, made once, whole or not at all."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from ninefold.core.errors import SettingError
from ninefold.core.postgres.embedded.account import Account
from ninefold.core.postgres.embedded.engine import ENVIRONMENT, MAJOR_VERSION, Engine

SUPERUSER: Final = "postgres"
ROLE: Final = "ninefold"
DATABASE: Final = "ninefold"

_INITDB_TIMEOUT_S: Final = 300

# Written to postgresql.conf when the cluster is made, where whoever runs it may change them.
_SETTINGS: Final = {
    # Several worker processes and servers, ten connections each; an idle one costs about 2 MB.
    "max_connections": "200",
    # Doubled, so that a burst of events doesn't force checkpoints one after the other.
    "max_wal_size": "2GB",
    # Disks are solid today; the default describes a spinning one and shies away from indexes.
    "random_page_cost": "1.1",
    # Our statements touch few rows. Parallel ones would need /dev/shm, of which containers have 64 MB.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
}

# A role of its own, which owns its database and nothing else: a statement that goes wrong can't reach files
# or programs, and the migrations are known to work without a superuser.
_BOOTSTRAP: Final = f"CREATE ROLE {ROLE} LOGIN;\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"

_HOST_BASED_AUTHENTICATION: Final = """\
# Written at every start. The system tells who is at the other end of the socket; nobody else gets in.
local all all peer map=owner
"""


def ensure_cluster(cluster_dir: Path, engine: Engine, *, is_durable: bool) -> None:
    """Make the cluster when there is none; check that this engine can run what is there.

    Raises:
        SettingError: the folder is something else, of another version or another user's; or making it failed.
        OSError: the folder can't be made or read.
    """
    if not cluster_dir.exists() or not any(cluster_dir.iterdir()):
        _create(cluster_dir, engine, is_durable=is_durable)
    _check_version(cluster_dir)
    _check_owner(cluster_dir, engine.account)
    _write_access_rules(cluster_dir, engine.account)


@contextmanager
def reachable_path(folder: Path, account: Account) -> Iterator[tuple[str, list[int]]]:
    """Give a path under which the server's user reaches the folder, and the descriptors to hand down for it.

    That user may be unable to enter a parent, such as /root, whose permissions are not ours to change. On
    Linux an open folder is reached through `/proc/self/fd` without passing its parents.
    """
    if account.is_ourselves or not Path("/proc/self/fd").is_dir():
        yield str(folder), []
        return
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        yield f"/proc/self/fd/{descriptor}", [descriptor]
    finally:
        os.close(descriptor)


def _create(cluster_dir: Path, engine: Engine, *, is_durable: bool) -> None:
    temporary = cluster_dir.with_name(f"{cluster_dir.name}.new")
    if temporary.exists():
        shutil.rmtree(temporary)
    temporary.mkdir(mode=0o700)
    if not engine.account.is_ourselves:
        os.chown(temporary, engine.account.uid, engine.account.gid, follow_symlinks=False)
    try:
        with reachable_path(temporary, engine.account) as (path, descriptors):
            _initdb(path, descriptors, engine, is_durable=is_durable)
            _bootstrap(path, descriptors, engine)
    except SettingError:
        shutil.rmtree(temporary, ignore_errors=True)
        raise
    temporary.rename(cluster_dir)
    _sync_folder(cluster_dir.parent)


def _initdb(path: str, descriptors: list[int], engine: Engine, *, is_durable: bool) -> None:
    settings = [f"--set={name}={value}" for name, value in _SETTINGS.items()]
    locale = ["--encoding=UTF8", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C.UTF-8"]
    command = engine.command(
        "initdb",
        f"--pgdata={path}",
        f"--username={SUPERUSER}",
        "--auth=peer",
        "--data-checksums",
        "--no-instructions",
        *locale,
        *settings,
        *([] if is_durable else ["--no-sync"]),
    )
    _run(command, descriptors, stdin="", what="initdb")


def _bootstrap(path: str, descriptors: list[int], engine: Engine) -> None:
    command = engine.command("postgres", "--single", "-D", path, "-c", "exit_on_error=on", SUPERUSER)
    _run(command, descriptors, stdin=_BOOTSTRAP, what="postgres --single")


def _run(command: list[str], descriptors: list[int], *, stdin: str, what: str) -> None:
    result = subprocess.run(  # noqa: S603 - our own program.
        command,
        env=ENVIRONMENT,
        cwd="/",
        pass_fds=descriptors,
        start_new_session=True,
        input=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        errors="replace",
        timeout=_INITDB_TIMEOUT_S,
        check=False,
    )
    if result.returncode != 0:
        raise start_failure(f"A new PostgreSQL can't be made ({what})", result.stdout)


def start_failure(what: str, output: str) -> SettingError:
    """Return the error for a start that failed, with what PostgreSQL said and what to do about it."""
    remedy = "Mend what PostgreSQL names, or choose another folder."
    for sign, better_remedy in _REMEDIES.items():
        if sign in output:
            remedy = better_remedy
    last_lines = "\n".join(output.strip().splitlines()[-12:])
    return SettingError(f"{what}:\n{last_lines}\n", field="NINEFOLD_DATA_DIR", remedy=remedy)


_REMEDIES: Final = {
    "No space left on device": "Free space on the disk, or set NINEFOLD_DATA_DIR to a folder on another one.",
    "Permission denied": "Give the folder and all in it to its user, or set NINEFOLD_DATA_DIR to another.",
    "invalid permissions": "Make it private again: chmod 700 on the folder named.",
    "could not create shared memory": "Raise the machine's limits for shared memory, or stop other servers.",
}


def _check_version(cluster_dir: Path) -> None:
    try:
        found = (cluster_dir / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SettingError(
            f"{cluster_dir} isn't empty and isn't PostgreSQL's either.",
            field="NINEFOLD_DATA_DIR",
            remedy="Move away what is there, or choose another folder.",
        ) from None
    if found != str(MAJOR_VERSION):
        raise SettingError(
            f"{cluster_dir} was made by PostgreSQL {found}; this Ninefold brings PostgreSQL {MAJOR_VERSION}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Start the Ninefold that made it, and move the data with pg_dump and pg_restore.",
        )


def _check_owner(cluster_dir: Path, account: Account) -> None:
    uid = cluster_dir.stat().st_uid
    if uid != account.uid:
        raise SettingError(
            f"{cluster_dir} belongs to the user with id {uid}, but PostgreSQL would run as {account.name!r}.",
            field="NINEFOLD_DATA_DIR",
            remedy=f"Start Ninefold as its owner, or hand it over: chown -R {account.name} '{cluster_dir}'",
        )


def _write_access_rules(cluster_dir: Path, account: Account) -> None:
    # At every start, because a folder may have changed hands. Root gets in anyway, so it gets in by name.
    names = sorted({"root", account.name})
    quoted = [name.replace('"', '""') for name in names]
    identities = "".join(f'owner "{name}" all\n' for name in quoted)
    _replace_file(cluster_dir / "pg_hba.conf", _HOST_BASED_AUTHENTICATION)
    _replace_file(cluster_dir / "pg_ident.conf", identities)


def _replace_file(path: Path, text: str) -> None:
    # By renaming, since what stands under the name may be a link that leads elsewhere.
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode=0o644)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        os.fchmod(descriptor, 0o644)
        file.write(text)
    temporary.replace(path)


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)

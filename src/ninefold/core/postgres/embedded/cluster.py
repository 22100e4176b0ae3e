"""The database cluster: the folder with PostgreSQL's data. It is created once, atomically."""

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

# Written to postgresql.conf when the cluster is created; the operator can change them there.
_SETTINGS: Final = {
    # Enough for several servers and workers with ten connections each. An idle connection takes about 2 MB.
    "max_connections": "200",
    # Twice the default, so that a burst of events doesn't cause one checkpoint after another.
    "max_wal_size": "2GB",
    # For SSDs. The default is for hard disks and makes the planner avoid indexes.
    "random_page_cost": "1.1",
    # Ninefold's statements read few rows. Parallel queries need /dev/shm, which has only 64 MB in containers.
    "max_parallel_workers_per_gather": "0",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_line_prefix": "%m [%p] %a ",
}

# A separate role that owns only its database. Its statements can't access files or run programs, and the migrations are
# known to work without a superuser.
_BOOTSTRAP: Final = f"CREATE ROLE {ROLE} LOGIN;\nCREATE DATABASE {DATABASE} OWNER {ROLE};\n"

_HOST_BASED_AUTHENTICATION: Final = """\
# Written at every start. The operating system identifies the user at the other end of the socket.
local all all peer map=owner
"""


def ensure_cluster(cluster_dir: Path, engine: Engine, *, is_durable: bool) -> None:
    """Create the cluster if there is none, and check that this engine can run it.

    Raises:
        SettingError: the folder has other content, another version or another owner; or the cluster can't be created.
        OSError: the folder can't be created or read.
    """
    if not cluster_dir.exists() or not any(cluster_dir.iterdir()):
        _create(cluster_dir, engine, is_durable=is_durable)
    _check_version(cluster_dir)
    _check_owner(cluster_dir, engine.account)
    _write_access_rules(cluster_dir, engine.account)


@contextmanager
def reachable_path(folder: Path, account: Account) -> Iterator[tuple[str, list[int]]]:
    """Yield a path by which the server's user can reach the folder, and the descriptors that its process must inherit.

    That user may not have access to a parent folder such as /root, and Ninefold doesn't change its permissions. On
    Linux an open folder can be reached through `/proc/self/fd` without access to its parents.
    """
    if account.is_current_user or not Path("/proc/self/fd").is_dir():
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
    if not engine.account.is_current_user:
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
    result = subprocess.run(  # noqa: S603 - Ninefold's own program.
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
        raise start_failure(f"The PostgreSQL cluster can't be created ({what})", result.stdout)


def start_failure(what: str, output: str) -> SettingError:
    """Return the error for a failed start, with PostgreSQL's last output and a remedy."""
    remedy = "Fix the error that PostgreSQL reports, or choose another folder."
    for message, specific_remedy in _REMEDIES.items():
        if message in output:
            remedy = specific_remedy
    last_lines = "\n".join(output.strip().splitlines()[-12:])
    return SettingError(f"{what}:\n{last_lines}\n", field="NINEFOLD_DATA_DIR", remedy=remedy)


_REMEDIES: Final = {
    "No space left on device": "Free space on the disk, or set NINEFOLD_DATA_DIR to a folder on another one.",
    "Permission denied": "Give the folder and its contents to the user that runs PostgreSQL, or set NINEFOLD_DATA_DIR.",
    "invalid permissions": "Make the folder private: run chmod 700 on the folder that the message names.",
    "could not create shared memory": "Raise the shared memory limits of this machine, or stop other servers.",
}


def _check_version(cluster_dir: Path) -> None:
    try:
        found = (cluster_dir / "PG_VERSION").read_text(encoding="ascii").strip()
    except FileNotFoundError:
        raise SettingError(
            f"{cluster_dir} isn't empty and isn't a PostgreSQL cluster.",
            field="NINEFOLD_DATA_DIR",
            remedy="Move its contents elsewhere, or choose another folder.",
        ) from None
    if found != str(MAJOR_VERSION):
        raise SettingError(
            f"{cluster_dir} was created by PostgreSQL {found}, but this Ninefold has PostgreSQL {MAJOR_VERSION}.",
            field="NINEFOLD_DATA_DIR",
            remedy="Start the version of Ninefold that created it, and move the data with pg_dump and pg_restore.",
        )


def _check_owner(cluster_dir: Path, account: Account) -> None:
    uid = cluster_dir.stat().st_uid
    if uid != account.uid:
        raise SettingError(
            f"{cluster_dir} belongs to the user with id {uid}, but PostgreSQL would run as {account.name!r}.",
            field="NINEFOLD_DATA_DIR",
            remedy=f"Start Ninefold as its owner, or change the owner: chown -R {account.name} '{cluster_dir}'",
        )


def _write_access_rules(cluster_dir: Path, account: Account) -> None:
    # At every start, because the folder's owner may have changed. Root can become any user, so it is allowed by name.
    names = sorted({"root", account.name})
    quoted = [name.replace('"', '""') for name in names]
    identities = "".join(f'owner "{name}" all\n' for name in quoted)
    _replace_file(cluster_dir / "pg_hba.conf", _HOST_BASED_AUTHENTICATION)
    _replace_file(cluster_dir / "pg_ident.conf", identities)


def _replace_file(path: Path, text: str) -> None:
    # Written to a new file and renamed, because the path could be a symbolic link to another place.
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

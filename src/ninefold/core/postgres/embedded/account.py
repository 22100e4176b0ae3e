"""The user that the server runs as: ourselves, or, as root, one that may do nothing else."""

import os
import pwd
import shutil
import subprocess

import msgspec

from ninefold.core.errors import SettingError

SYSTEM_USER = "ninefold"

_USERADD_TIMEOUT_S = 30
_USERADD_ARGUMENTS = (
    "--system",
    "--user-group",
    "--no-create-home",
    "--home-dir=/nonexistent",
    "--shell=/usr/sbin/nologin",
)


class Account(msgspec.Struct, frozen=True, kw_only=True):
    """A user of this machine."""

    name: str
    uid: int
    gid: int

    @property
    def is_ourselves(self) -> bool:
        """Whether this process runs as that user already."""
        return self.uid == os.geteuid()


def choose_account() -> Account:
    """Return the user that the server runs as; as root, create it when it is missing.

    PostgreSQL refuses to run as root, and it needs a user that has a name.

    Raises:
        SettingError: our user has no name, or the system user can't be created.
    """
    if os.geteuid() == 0:
        return _find(SYSTEM_USER) or _create_system_user()
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise SettingError(
            f"The user with id {os.geteuid()} has no name on this machine, and PostgreSQL needs one.",
            remedy="Add the user to /etc/passwd, or set NINEFOLD_DATABASE_URL to a PostgreSQL of your own.",
        ) from None
    return Account(name=entry.pw_name, uid=entry.pw_uid, gid=entry.pw_gid)


def _find(name: str) -> Account | None:
    try:
        entry = pwd.getpwnam(name)
    except KeyError:
        return None
    return Account(name=name, uid=entry.pw_uid, gid=entry.pw_gid)


def _create_system_user() -> Account:
    useradd = shutil.which("useradd", path=f"{os.environ.get('PATH', '')}:/usr/sbin:/sbin")
    problem = "the command useradd is missing"
    if useradd is not None:
        result = subprocess.run(  # noqa: S603 - fixed arguments, and no input of anybody's.
            [useradd, *_USERADD_ARGUMENTS, SYSTEM_USER],
            capture_output=True,
            text=True,
            timeout=_USERADD_TIMEOUT_S,
            check=False,
        )
        problem = result.stderr.strip()
    # Looked up even after a failure: another start may have created it at the same moment.
    account = _find(SYSTEM_USER)
    if account is None:
        raise SettingError(
            f"PostgreSQL refuses to run as root, and the user {SYSTEM_USER!r} can't be created: {problem}.",
            remedy=f"Create a system user {SYSTEM_USER!r}, or start Ninefold as an ordinary user.",
        )
    return account

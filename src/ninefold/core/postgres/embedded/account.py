"""The operating system user that runs the server: the current user, or an unprivileged one instead of root."""

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
    """A user of the operating system."""

    name: str
    uid: int
    gid: int

    @property
    def is_current_user(self) -> bool:
        """Whether this process already runs as that user."""
        return self.uid == os.geteuid()


def choose_account() -> Account:
    """Return the user that runs the server. Instead of root, it is a system user, which is created if it is missing.

    PostgreSQL refuses to run as root, and needs a user with a name.

    Raises:
        SettingError: the current user has no name, or the system user can't be created.
    """
    if os.geteuid() == 0:
        return _find(SYSTEM_USER) or _create_system_user()
    try:
        entry = pwd.getpwuid(os.geteuid())
    except KeyError:
        raise SettingError(
            f"The user with id {os.geteuid()} has no name on this machine, but PostgreSQL needs one.",
            remedy="Add the user to /etc/passwd, or set NINEFOLD_DATABASE_URL to your own PostgreSQL.",
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
        result = subprocess.run(  # noqa: S603 - fixed arguments, no external input.
            [useradd, *_USERADD_ARGUMENTS, SYSTEM_USER],
            capture_output=True,
            text=True,
            timeout=_USERADD_TIMEOUT_S,
            check=False,
        )
        problem = result.stderr.strip()
    # Looked up even after a failure: another process may have created the user at the same time.
    account = _find(SYSTEM_USER)
    if account is None:
        raise SettingError(
            f"PostgreSQL refuses to run as root, and the user {SYSTEM_USER!r} can't be created: {problem}.",
            remedy=f"Create a system user {SYSTEM_USER!r}, or start Ninefold as an ordinary user.",
        )
    return account

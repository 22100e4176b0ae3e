"""Signing in with a mail address, a password and, if the account has an authenticator app, a code.

A caller can't find out which mail addresses have accounts: unknown ones are locked like known ones, their password is
checked for as long, and the error is the same.
"""

import math
from datetime import datetime
from typing import Final

from ninefold.core.postgres.database import Connection
from ninefold.core.tenancy.errors import SignInFailedError, TooManySignInsError
from ninefold.core.tenancy.kinds import digest_text
from ninefold.core.tenancy.lockout import LIMITS, Subject, count_attempt, remaining_lock, undo_attempt
from ninefold.core.tenancy.model import Account
from ninefold.core.tenancy.passwords import Passwords
from ninefold.core.tenancy.store import sign_in_limits as store

_ACCOUNT: Final[Subject] = "account"
_ADDRESS: Final[Subject] = "address"


async def admit_attempt(connection: Connection, *, email: str, address: str, now: datetime) -> None:
    """Count an attempt as failed, if it is admitted. Commit before the password is checked.

    Args:
        connection: a connection in a transaction.
        email: the mail address of the account, whether it exists or not.
        address: the client's address.
        now: the current time.

    Raises:
        TooManySignInsError: there were too many failures; says how long to wait.
    """
    # Always in this order, so that two attempts don't wait for each other.
    for subject, text in ((_ACCOUNT, _normal(email)), (_ADDRESS, address)):
        failures = await store.sign_in_limit_lock(connection, subject=subject, digest=digest_text(text))
        lock = remaining_lock(failures, now=now)
        if lock is not None:
            raise _too_many(math.ceil(lock.total_seconds()))
        await store.sign_in_limit_update(
            connection,
            subject=subject,
            digest=digest_text(text),
            failures=count_attempt(failures, LIMITS[subject], now=now),
        )


async def excuse_attempt(connection: Connection, *, email: str, address: str, is_complete: bool) -> None:
    """Take an admitted attempt back, because it didn't fail.

    Args:
        connection: a connection in a transaction.
        email: as for `admit_attempt`.
        address: as for `admit_attempt`.
        is_complete: whether the person has proved who they are, so that earlier failures are forgotten. False if only
            the code is missing.
    """
    if is_complete:
        await forget_failures(connection, email=email)
    else:
        await _undo(connection, _ACCOUNT, _normal(email))
    await _undo(connection, _ADDRESS, address)


async def forget_failures(connection: Connection, *, email: str) -> None:
    """Forget the failed sign-ins of a mail address, so that it isn't locked any more."""
    await store.sign_in_limit_delete(connection, subject=_ACCOUNT, digest=digest_text(_normal(email)))


async def check_password_of(account: Account | None, password: str, *, passwords: Passwords) -> Account:
    """Return the account, if the password is right. It takes as long for an account that doesn't exist.

    Raises:
        SignInFailedError: there is no such account, it is disabled, or the password is wrong.
        SignInsBusyError: too many passwords are being checked.
    """
    is_right = await passwords.verify(password, account.password_hash if account else None)
    if account is None or account.disabled_at is not None or not is_right:
        raise SignInFailedError(
            "The mail address or the password is wrong.",
            remedy="Check both. The operator of this server can create a link to choose another password.",
        )
    return account


async def _undo(connection: Connection, subject: Subject, text: str) -> None:
    digest = digest_text(text)
    failures = await store.sign_in_limit_lock(connection, subject=subject, digest=digest)
    await store.sign_in_limit_update(connection, subject=subject, digest=digest, failures=undo_attempt(failures))


def _normal(email: str) -> str:
    return email.strip().lower()


def _too_many(retry_after_s: int) -> TooManySignInsError:
    return TooManySignInsError(
        "There were too many failed sign-ins with this mail address or from your address.",
        retry_after_s=retry_after_s,
        remedy=f"Wait {retry_after_s} s, and then try again.",
    )

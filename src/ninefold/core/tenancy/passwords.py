"""Passwords: their bounds, and their argon2id hashes, which are computed in threads of their own."""

import asyncio
import unicodedata
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from ninefold.core.tenancy.errors import InvalidPasswordError, SignInsBusyError

T = TypeVar("T")

PASSWORD_LENGTH_MIN: Final = 12
PASSWORD_LENGTH_MAX: Final = 256
"""Characters. There are no other rules: they make passwords harder to remember, and hardly to guess."""

THREADS: Final = 2
"""Hashes that one process computes at once. Each takes 19 MiB and about 35 ms of a core."""

WAITING_MAX: Final = 30
"""Hashes that wait or run. The last one has to wait for about half a second."""

# The second recommendation of OWASP's Password Storage Cheat Sheet: 19 MiB, two passes, one lane.
_HASHER: Final = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)

_DUMMY_HASH: Final = f"$argon2id$v=19$m=19456,t=2,p=1${'A' * 22}${'A' * 43}"
"""The hash of no password. Checking it takes as long as checking another, so that the time doesn't tell if an account
exists."""


class Passwords:
    """Computes and checks the hashes of passwords.

    Args:
        hasher: the parameters of new hashes.
    """

    def __init__(self, hasher: PasswordHasher = _HASHER) -> None:
        self._hasher = hasher
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix="password")
        self._waiting = 0

    async def hash(self, password: str) -> str:
        """Return the hash of a new password, in the PHC format: `$argon2id$…`.

        Raises:
            InvalidPasswordError: it is too short or too long.
            SignInsBusyError: too many hashes are waiting.
        """
        checked = check_password(password)
        return await self._run(lambda: self._hasher.hash(_normal(checked)))

    async def verify(self, password: str, password_hash: str | None) -> bool:
        """Return whether a password has this hash. Without a hash it takes as long, and returns False.

        Raises:
            SignInsBusyError: too many hashes are waiting.
        """
        expected = password_hash or _DUMMY_HASH
        is_right = await self._run(lambda: _is_right(self._hasher, _normal(password), expected))
        return is_right and password_hash is not None

    async def _run(self, compute: Callable[[], T]) -> T:
        if self._waiting >= WAITING_MAX:
            raise SignInsBusyError("Too many passwords are being checked.", remedy="Try again in a moment.")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._threads, compute)
        finally:
            self._waiting -= 1


def check_password(password: str) -> str:
    """Return a new password, if its length is within the bounds.

    Raises:
        InvalidPasswordError: it is too short or too long.
    """
    if not PASSWORD_LENGTH_MIN <= len(password) <= PASSWORD_LENGTH_MAX:
        raise InvalidPasswordError(
            f"A password must have {PASSWORD_LENGTH_MIN} to {PASSWORD_LENGTH_MAX} characters.",
            field="password",
            remedy="Choose a sentence that only you know, or let a password manager choose.",
        )
    return password


def _is_right(hasher: PasswordHasher, password: str, password_hash: str) -> bool:
    try:
        return hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _normal(password: str) -> str:
    """Return the same text for the same characters, however a keyboard composes them (NIST SP 800-63B §3.1.1.2)."""
    return unicodedata.normalize("NFKC", password)

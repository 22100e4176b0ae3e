"""Remembers whom credentials authenticate, so that a direct route needn't look up each request's.

What is remembered isn't enough to let a request through: its access may have ended. So the request must check, in the
database, that it is still the same (`tenancy.service.list_access`), which takes one statement for many requests. Then a
revocation has an immediate effect, as everywhere.
"""

import hashlib
import time
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from ninefold.core.errors import UnauthorizedError
from ninefold.core.postgres.database import Database
from ninefold.core.tenancy import service as tenancy
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.core.tenancy.model import Principal

KNOWN_MAX: Final = 10_000
KNOWN_FOR_S: Final = tenancy.LAST_USED_RESOLUTION.total_seconds() / 2
"""Looking a credential up also records its use, which must not become much older than it seems."""

_SCHEME: Final = b"Bearer "


class KnownPrincipals:
    """The principals of the credentials that were used lately.

    Args:
        database: where credentials are looked up.
        kinds: which kinds are accepted.
    """

    def __init__(self, database: Database, *, kinds: Sequence[CredentialKind]) -> None:
        self._database: Final = database
        self._kinds: Final = kinds
        self._known: Final[OrderedDict[bytes, tuple[Principal, float]]] = OrderedDict()
        """By the digest of the header, with the time until which it is known; not all memory needs the credentials."""

    async def find(self, authorization: bytes) -> Principal | None:
        """Return the principal of an Authorization header; None if it has no valid credential in its usual form."""
        if not authorization.startswith(_SCHEME):
            return None
        digest = hashlib.sha256(authorization).digest()
        known = self._known.get(digest)
        if known is not None and known[1] > time.monotonic():
            return known[0]
        text = authorization.removeprefix(_SCHEME).decode("latin-1")
        try:
            async with self._database.connection() as connection:
                principal = await tenancy.authenticate(connection, text, kinds=self._kinds)
        except UnauthorizedError:
            return None
        self._known[digest] = principal, time.monotonic() + KNOWN_FOR_S
        self._known.move_to_end(digest)
        if len(self._known) > KNOWN_MAX:
            self._known.popitem(last=False)
        return principal

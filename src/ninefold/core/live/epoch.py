"""The epoch: which database the offsets of a client belong to.

If a database is restored from a dump or to an earlier time, its logs can have other entries at the same offsets. The
epoch is then another one, so that no client continues in a log that it has never read.
"""

import hashlib

from ninefold.core.live import store
from ninefold.core.postgres.database import Connection


class Epoch:
    """Reads the epoch once."""

    def __init__(self) -> None:
        self._text: str | None = None

    async def read(self, connection: Connection) -> str:
        """Return the epoch: eight hexadecimal digits, derived from PostgreSQL's system identifier and timeline."""
        if self._text is None:
            identity = await store.database_identify(connection)
            self._text = hashlib.blake2b(identity.encode(), digest_size=4).hexdigest()
        return self._text

"""The embedded PostgreSQL: a full server from a Python wheel, on a Unix socket, in Ninefold's data folder.

A long-running process such as `ninefold up` uses `EmbeddedPostgres(data_dir)`: it is the owner of the server. A short
command uses `use_postgres(data_dir)`: it connects to the owner's server, or runs one itself while it needs it. Use both
in a `with` block.

Guarantees: permissions of folders that Ninefold didn't create don't change. The server doesn't listen on a port and
never runs as root. It stops when its owner ends, even if the owner is killed. All committed data survives a power
failure.
"""

from ninefold.core.postgres.embedded.server import EmbeddedPostgres
from ninefold.core.postgres.embedded.sharing import use_postgres

__all__ = ["EmbeddedPostgres", "use_postgres"]

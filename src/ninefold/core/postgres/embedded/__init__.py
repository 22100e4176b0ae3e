"""The embedded PostgreSQL: a real server from a wheel, on a unix socket, in Ninefold's data folder.

    with EmbeddedPostgres(data_dir) as postgres:    # the one owner, such as `ninefold up`
        serve(postgres.dsn())

    with use_postgres(data_dir) as dsn:             # a short command: joins the owner's server, or starts one
        ...

What it promises: no permission of a folder that isn't ours changes; nothing listens on a port; the server
never runs as root; it ends with its owner, however that ends; and a start after a power cut finds everything
that was committed.
"""

from ninefold.core.postgres.embedded.server import EmbeddedPostgres
from ninefold.core.postgres.embedded.sharing import use_postgres

__all__ = ["EmbeddedPostgres", "use_postgres"]

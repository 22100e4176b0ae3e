"""The embedded PostgreSQL: a real server from a wheel, on a unix socket, in Ninefold's data folder.

`EmbeddedPostgres(data_dir)` is the server's one owner, such as `ninefold up`. `use_postgres(data_dir)` is for a short
command: it joins the owner's server, or starts one for as long as it takes. Use both in a `with` block.

What it promises: no permission of a folder that isn't ours changes; nothing listens on a port; the server
never runs as root; it ends with its owner, however that ends; and a start after a power cut finds everything
that was committed.
"""

from ninefold.core.postgres.embedded.server import EmbeddedPostgres
from ninefold.core.postgres.embedded.sharing import use_postgres

__all__ = ["EmbeddedPostgres", "use_postgres"]

"""`ninefold serve` with the boards of `live_board.py`.

NINEFOLD_DATABASE_URL=… NINEFOLD_PORT=… python tests/live_server.py
"""

import os

from live_board import BOARD
from ninefold.core.config import CoreSettings, read_settings
from ninefold.edge import server

if __name__ == "__main__":
    # The server's worker process is forked, so it has this list too.
    vars(server)["SYSTEMS"] = (BOARD,)
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=os.environ)
    server.run_server(settings, database_url=settings.database_url or "")

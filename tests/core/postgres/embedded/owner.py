"""A separate process that owns a server until it is killed: `python owner.py DATA_DIR`."""

import signal
import sys
from pathlib import Path

from ninefold.core.postgres.embedded import EmbeddedPostgres

if __name__ == "__main__":
    sys.stdout.write(EmbeddedPostgres(Path(sys.argv[1])).start() + "\n")
    sys.stdout.flush()
    signal.pause()

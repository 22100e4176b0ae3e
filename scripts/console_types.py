"""Write the console's API types from the OpenAPI document, or check that they are up to date.

Usage: `console_types.py` writes `console/src/services/api.ts`. With `--check`, nothing is written, and the exit code is
1 if the file differs. Neither needs a network or a database.
"""

import asyncio
import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

import httpx

from ninefold.core.egress import AddressPolicy
from ninefold.core.postgres.database import Database
from ninefold.core.telemetry.logs import configure_logging
from ninefold.core.web.stopping import Stopping
from ninefold.edge.server import build_web_app
from ninefold.edge.systems import CORE, SYSTEMS, implementations_of

ROOT: Final = Path(__file__).parents[1]
TYPES: Final = ROOT / "console" / "src" / "services" / "api.ts"


class NoDatabase(Database):
    """The document comes from the routes' types, so that no query is made."""

    def __init__(self) -> None:
        """Connect to nothing."""


async def read_document() -> bytes:
    """Return the OpenAPI document."""
    app = build_web_app(
        NoDatabase(),
        {},
        systems=[CORE, *SYSTEMS],
        implementations=implementations_of(SYSTEMS),
        egress_policy=AddressPolicy.from_cidrs(()),
        stopping=Stopping(),
    )
    transport = httpx.ASGITransport(app)  # type: ignore[arg-type]  # Litestar's scope is typed more narrowly.
    async with httpx.AsyncClient(transport=transport, base_url="http://ninefold.test") as client:
        return (await client.get("/openapi.json")).content


def render_types(document: bytes) -> str:
    """Return the types of a document, as `openapi-typescript` writes them."""
    with TemporaryDirectory() as folder:
        source, target = Path(folder) / "openapi.json", Path(folder) / "api.ts"
        source.write_bytes(document)
        command = [
            ROOT / "scripts" / "npm",
            "--prefix",
            "console",
            "run",
            "--silent",
            "types",
            "--",
            source,
            "-o",
            target,
        ]
        subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.DEVNULL)  # noqa: S603  # our own script.
        return target.read_text(encoding="utf-8")


def main() -> int:
    """Write or check the types; return the exit code."""
    configure_logging("warning", process="console types")
    types = render_types(asyncio.run(read_document()))
    if "--check" not in sys.argv:
        TYPES.write_text(types, encoding="utf-8")
    elif not TYPES.exists() or TYPES.read_text(encoding="utf-8") != types:
        print(f"{TYPES.relative_to(ROOT)} doesn't match the API. Run: make format", file=sys.stderr)  # noqa: T201
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())

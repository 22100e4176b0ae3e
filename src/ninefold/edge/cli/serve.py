"""`ninefold serve`."""

from ninefold.edge.cli.settings import read_core_settings, require_database_url
from ninefold.edge.server import run_server


def serve(*, host: str | None = None, port: int | None = None) -> None:
    """Run the HTTP server.

    Args:
        host: Address to listen on [NINEFOLD_HOST; default: 127.0.0.1].
        port: Port to listen on [NINEFOLD_PORT; default: 8900].
    """
    settings = read_core_settings(host=host, port=port)
    run_server(settings, database_url=require_database_url(settings, command="serve"))

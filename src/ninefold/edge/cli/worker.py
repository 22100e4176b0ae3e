"""`ninefold worker`."""

from ninefold.edge.cli.settings import read_core_settings, require_database_url
from ninefold.edge.worker import run_worker


def worker(*, metrics_port: int | None = None) -> None:
    """Run a worker.

    Args:
        metrics_port: Port for the /metrics of this worker, if it runs without `ninefold up`.
    """
    settings = read_core_settings()
    run_worker(settings, database_url=require_database_url(settings, command="worker"), metrics_port=metrics_port)

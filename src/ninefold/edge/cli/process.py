"""`ninefold process`."""

import os

from ninefold.core.errors import SettingError
from ninefold.edge.cli.settings import DataDir, read_core_settings
from ninefold.edge.system_processes import run_system_process, system_processes


def process(name: str, /, *, data_dir: DataDir = None) -> None:
    """Run one process that a system adds; `ninefold up` runs them by itself when they are needed.

    Args:
        name: Name of the process, such as assistant.llama.
        data_dir: See NINEFOLD_DATA_DIR. The workers and the server that use the process need the same one.
    """
    settings = read_core_settings(data_dir=data_dir)
    names = [each.name for each, _ in system_processes(os.environ)]
    if name not in names:
        raise SettingError(
            f"With these settings, there is no process {name}.",
            field="NAME",
            remedy=f"Choose one of: {', '.join(names)}." if names else "No system needs a process.",
        )
    run_system_process(name, settings, os.environ)

"""`ninefold serve` or `ninefold worker` with the assistant alone, and the scripted engine.

NINEFOLD_DATABASE_URL=… NINEFOLD_PORT=… python tests/assistant/scripted_process.py serve
"""

import os
import sys
from collections.abc import Sequence

import msgspec

from ninefold.core.config import CoreSettings, read_settings
from ninefold.core.system import ServerContext, WorkerContext, WorkerTask
from ninefold.core.web.surfaces import Surface
from ninefold.edge import server, worker
from ninefold.systems.assistant.engines.scripted import ScriptedEngine
from ninefold.systems.assistant.jobs.runner import ResponseRunner
from ninefold.systems.assistant.openai.surface import openai_surface
from ninefold.systems.assistant.settings import AssistantSettings
from ninefold.systems.assistant.wiring import SYSTEM


def _surfaces(context: ServerContext[AssistantSettings]) -> Sequence[Surface]:
    return [openai_surface(context, ScriptedEngine())]


def _worker_tasks(context: WorkerContext[AssistantSettings]) -> Sequence[WorkerTask]:
    return [*SYSTEM.worker_tasks(context), ResponseRunner(context, ScriptedEngine())]


if __name__ == "__main__":
    # The server's worker process is forked, so it has this list too.
    scripted = (msgspec.structs.replace(SYSTEM, surfaces=_surfaces, worker_tasks=_worker_tasks),)
    vars(server)["SYSTEMS"] = vars(worker)["SYSTEMS"] = scripted
    settings = read_settings(CoreSettings, prefix="NINEFOLD_", environment=os.environ)
    if sys.argv[1] == "serve":
        server.run_server(settings, database_url=settings.database_url or "")
    else:
        worker.run_worker(settings, database_url=settings.database_url or "", metrics_port=None)

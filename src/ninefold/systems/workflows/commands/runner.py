"""The command `ninefold runner`: runs jobs of a server on this machine."""

import asyncio
import os
import signal
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Final

from cyclopts import App, Parameter

from ninefold.core.commands import print_note
from ninefold.systems.workflows.runner.executor import JobExecutor, open_executor, reachable_addresses
from ninefold.systems.workflows.runner.loop import RunnerLoop, RunnerOptions, Stopping
from ninefold.systems.workflows.settings import read_workflows_settings

runner = App(name="runner", help="Run jobs of workflows on this machine, for a server.")

_FOLDER: Final = "ninefold-runner"


@runner.default
def run_runner(
    *,
    url: Annotated[str, Parameter(env_var="NINEFOLD_URL")] = "http://127.0.0.1:8900",
    token: Annotated[str | None, Parameter(env_var="NINEFOLD_RUNNER_TOKEN")] = None,
    labels: Annotated[Sequence[str], Parameter(negative="", consume_multiple=True)] = (),
    group: str = "",
    name: str | None = None,
    ephemeral: Annotated[bool, Parameter(negative="")] = False,
    jobs: int = 1,
    folder: Path | None = None,
) -> None:
    """Run jobs until SIGTERM or Ctrl-C: the first drains, so that jobs end by themselves; the second cancels them.

    Args:
        url: The server's address.
        token: A registration token, which is needed once; see `ninefold workflows runners token`.
        labels: What the runner has besides self-hosted, linux, ubuntu-latest and the like, also as `gpu,large`.
        group: The group that it is in; jobs can ask for it.
        name: What people see; by default, the name of this machine.
        ephemeral: Run one job, and leave.
        jobs: How many jobs to run at once.
        folder: Where jobs have their files; by default, one in the user's folder for data.
    """
    place = folder or Path.home() / ".local" / "share" / _FOLDER
    executor = open_executor(
        read_workflows_settings(os.environ),
        folder=place,
        server_url=url,
        addresses=reachable_addresses(os.environ),
    )
    chosen = {} if name is None else {"name": name}
    options = RunnerOptions(
        url=url.rstrip("/"),
        registration_token=token,
        folder=place,
        labels=split_labels(labels),
        runner_group=group,
        jobs_max=jobs,
        is_ephemeral=ephemeral,
        **chosen,
    )
    asyncio.run(_run(options, executor))


def split_labels(given: Sequence[str]) -> tuple[str, ...]:
    """Return labels that were given one by one, or with commas between them as GitHub's runner takes them."""
    labels = [label.strip() for text in given for label in text.split(",")]
    return tuple(label for label in labels if label)


async def _run(options: RunnerOptions, executor: JobExecutor) -> None:
    stopping = Stopping()

    def stop() -> None:
        if stopping.draining.is_set():
            print_note("Cancelling the jobs that run.")
        else:
            print_note("Taking no further jobs; once more cancels those that run.")
        stopping.ask()

    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stop)
    print_note(f"Runs jobs of {options.url}; Ctrl-C stops it.")
    await RunnerLoop(options, executor, stopping).run()

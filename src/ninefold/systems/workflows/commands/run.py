"""The command `ninefold workflows run`: runs workflows of a checkout on this machine, without a server."""

import asyncio
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.text import Text

from ninefold.core.commands import print_note, print_table, state_text
from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.local.events import github_context, make_payload, read_event
from ninefold.systems.workflows.commands.local.git_server import serve
from ninefold.systems.workflows.commands.local.printing import JsonLines, Terminal
from ninefold.systems.workflows.commands.local.repository import LocalRepository, open_repository
from ninefold.systems.workflows.commands.local.scheduling import EndedJob, LocalRun, LocalSettings
from ninefold.systems.workflows.execution.action_store import ActionStore
from ninefold.systems.workflows.execution.errors import ActionError
from ninefold.systems.workflows.execution.references import parse_reference
from ninefold.systems.workflows.expressions import Object
from ninefold.systems.workflows.model.values import Json, to_json_data, to_value
from ninefold.systems.workflows.model.workflow import Workflow
from ninefold.systems.workflows.planning import (
    Event,
    PlannedJob,
    Planner,
    RunContexts,
    dispatch_inputs,
    match_event,
)
from ninefold.systems.workflows.reading import read_calls, read_workflow

FILES_MAX: Final = 1_000
"""Workflow files of a folder."""

_STATES: Final = {"success": "succeeded", "failure": "failed", "timed_out": "failed", "cancelled": "canceled"}
"""The states whose icons and colours the conclusions have."""

Flag = Annotated[bool, Parameter(negative="", show_default=False)]
Texts = Annotated[Sequence[str], Parameter(negative="", consume_multiple=False)]


class RunOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What a person has asked for."""

    event: str
    jobs: Sequence[str]
    inputs: Mapping[str, str]
    secrets: Mapping[str, str]
    variables: Mapping[str, str]
    event_file: Path | None
    actions_dir: Path | None
    jobs_max: int
    is_debug: bool
    has_json: bool


def run_workflows(
    *,
    workflows: Annotated[Path, Parameter(name=["--workflows", "-W"])] = Path(".github/workflows"),
    event: str = "push",
    job: Texts = (),
    input_: Annotated[Sequence[str], Parameter(name="--input", negative="", consume_multiple=False)] = (),
    secret: Texts = (),
    var: Texts = (),
    event_file: Path | None = None,
    actions_dir: Path | None = None,
    parallel: int | None = None,
    debug: Flag = False,
    json: Flag = False,
) -> None:
    """Run the workflows that an event starts, on this machine and without a server. Ctrl-C cancels them.

    The action `actions/checkout` gives jobs the files as they are now, committed or not. The exit code is 0 if all jobs
    have succeeded.

    Args:
        workflows: a workflow file, or a folder with them.
        event: the event, such as push, pull_request or workflow_dispatch.
        job: run only this job, and take those that it needs for successful; can be repeated.
        input_: an input of a run by hand, as name=value; can be repeated.
        secret: a secret, as NAME=value, or only NAME for the value of that variable; can be repeated.
        var: a variable of the context `vars`, as NAME=value; can be repeated.
        event_file: a JSON file with the payload of the event.
        actions_dir: a folder with actions: <owner>/<repo> as a checkout, or <owner>/<repo>.git as a bare repository.
        parallel: jobs at once; by default as many as the machine has processors.
        debug: show debug messages too.
        json: print a JSON object for each thing that happens.
    """
    options = RunOptions(
        event=event,
        jobs=tuple(job),
        inputs=dict(_pairs(input_)),
        secrets=dict(_pairs(secret, from_environment=True)),
        variables=dict(_pairs(var)),
        event_file=event_file,
        actions_dir=actions_dir,
        jobs_max=parallel or os.cpu_count() or 1,
        is_debug=debug,
        has_json=json,
    )
    with tempfile.TemporaryDirectory(prefix="ninefold-run-", ignore_cleanup_errors=True) as folder:
        code = _run_all(workflows, options, Path(folder))
    if code:
        sys.exit(code)


def _run_all(path: Path, options: RunOptions, folder: Path) -> int:
    objects = folder / "objects"
    objects.mkdir()
    repository = open_repository(path if path.is_dir() else path.parent, objects)
    started = [workflow for workflow in _read(path, repository) if _is_started(workflow, options, repository)]
    if not started:
        raise InvalidInputError(
            f"No workflow in {path} is started by the event {options.event}.", remedy="Name another one with --event."
        )
    codes = [_run_workflow(each, options, repository, folder / f"run-{index}") for index, each in enumerate(started)]
    return max(codes)


def _read(path: Path, repository: LocalRepository) -> Iterator[Workflow]:
    files = (
        [path] if path.is_file() else sorted(each for each in path.glob("*.y*ml") if each.suffix in {".yml", ".yaml"})
    )
    if not files or len(files) > FILES_MAX:
        raise InvalidInputError(f"{path} has {len(files)} workflow files; there must be 1 to {FILES_MAX}.")
    for file in files:
        resolved = file.resolve()
        is_here = resolved.is_relative_to(repository.root)
        name = str(resolved.relative_to(repository.root)) if is_here else file.name
        yield read_workflow(file.read_text(encoding="utf-8"), file=name)


def _is_started(workflow: Workflow, options: RunOptions, repository: LocalRepository) -> bool:
    payload = read_event(options.event_file) if options.event_file else {}
    action, ref = payload.get("action"), payload.get("ref")
    event = Event(
        name=options.event,
        type=action if isinstance(action, str) else None,
        ref=ref if isinstance(ref, str) else f"refs/heads/{repository.branch}",
        base_branch="main" if options.event.startswith("pull_request") else None,
    )
    match = match_event(workflow.triggers, event)
    if not match.is_started:
        print_note(f"{workflow.file}: {match.why}")
    return match.is_started


def _run_workflow(workflow: Workflow, options: RunOptions, repository: LocalRepository, folder: Path) -> int:
    is_dispatch = options.event == "workflow_dispatch"
    inputs = dispatch_inputs(workflow.triggers.dispatch or {}, options.inputs) if is_dispatch else Object()
    payload = (
        read_event(options.event_file)
        if options.event_file
        else make_payload(options.event, repository, _json_mapping(inputs))
    )
    mirrors = str(options.actions_dir.resolve()) if options.actions_dir else None
    store = ActionStore(str(folder / "_actions"), mirrors=mirrors, workspace=str(repository.root))
    calls = read_calls(workflow, lambda reference: _read_called(reference, store))
    with serve(repository) as server:
        github = github_context(options.event, payload, repository, server)
        planner = Planner(
            workflow,
            calls=calls,
            contexts=RunContexts(github=_object(github), vars=Object(options.variables), inputs=inputs),
        )
        settings = LocalSettings(
            folder=folder,
            github=github,
            secrets={"GITHUB_TOKEN": server.token, **options.secrets},
            variables=options.variables,
            mirrors=mirrors,
            jobs_max=options.jobs_max,
            is_debug=options.is_debug,
        )
        printer = JsonLines() if options.has_json else Terminal()
        run = LocalRun(planner, settings, printer, only=_chosen(workflow, options.jobs))
        asyncio.run(_run(run))
    if isinstance(printer, JsonLines):
        printer.print(type="run_ended", workflow=workflow.name, conclusion=planner.conclusion, jobs=run.ended)
    else:
        _print_summary(run.ended)
    return 0 if planner.conclusion in {"success", "skipped"} else 1


async def _run(run: LocalRun) -> None:
    """Run to the end; the first Ctrl-C cancels, the second one ends at once."""
    cancel = asyncio.Event()
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(run.run(cancel))

    def interrupt() -> None:
        if cancel.is_set():
            task.cancel()
        else:
            print_note("Cancelling. Press Ctrl-C again to end at once.")
            cancel.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, interrupt)
    try:
        await task
    except asyncio.CancelledError:
        print_note("Ended before all jobs were done.")
    finally:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)


def _chosen(workflow: Workflow, jobs: Sequence[str]) -> Callable[[PlannedJob], bool]:
    unknown = [each for each in jobs if each not in workflow.jobs]
    if unknown:
        raise InvalidInputError(
            f"{workflow.file} has no job {unknown[0]}.", remedy=f"Its jobs are: {', '.join(workflow.jobs)}."
        )

    def is_chosen(planned: PlannedJob) -> bool:
        return not jobs or planned.key.split("/")[0].split(".")[0] in jobs

    return is_chosen


def _read_called(reference: str, store: ActionStore) -> str | None:
    """Return a workflow file of this repository, or of one in the folder with actions."""
    try:
        return asyncio.run(store.get(parse_reference(reference))).read_text(encoding="utf-8")
    except (ActionError, OSError):
        return None


def _print_summary(jobs: Sequence[EndedJob]) -> None:
    rows = [
        (
            job.name,
            state_text(job.conclusion.replace("_", " "), like=_STATES.get(job.conclusion)),
            Text("-") if job.duration_s is None else f"{job.duration_s:.1f} s",
            job.why or "",
        )
        for job in jobs
    ]
    print_table(["Job", "Conclusion", "Duration", "Why"], rows, empty="No job has ended.")


def _pairs(texts: Sequence[str], *, from_environment: bool = False) -> Iterator[tuple[str, str]]:
    for text in texts:
        name, separator, value = text.partition("=")
        if not name or (not separator and not from_environment):
            raise InvalidInputError(f"'{text}' isn't name=value.")
        if not separator and name not in os.environ:
            raise InvalidInputError(f"The variable {name} isn't set.", remedy=f"Set it, or pass {name}=value.")
        yield name, value if separator else os.environ[name]


def _object(data: Mapping[str, Json]) -> Object:
    return Object((name, to_value(each)) for name, each in data.items())


def _json_mapping(value: Object) -> Mapping[str, Json]:
    return {name: to_json_data(each) for name, each in value.items()}

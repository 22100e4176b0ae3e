"""Reads the workflow files of a repository, and what they call, before runs of them are started."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple, Protocol

from ninefold.systems.workflows.errors import InvalidFileError, Problem
from ninefold.systems.workflows.model.run_sources import TriggerEvent
from ninefold.systems.workflows.model.workflow import Workflow
from ninefold.systems.workflows.planning import Event, match_event
from ninefold.systems.workflows.reading import read_calls, read_workflow

FOLDER: Final = ".github/workflows"

FILES_MAX: Final = 500
"""Workflow files of a repository; those beyond, by name, start nothing."""

FILE_BYTES_MAX: Final = 1024 * 1024

_SUFFIXES: Final = (".yml", ".yaml")


class RepositoryFiles(Protocol):
    """The contents of a repository. What isn't there is None."""

    async def list_files(self, sha: str, folder: str) -> Sequence[str]:
        """Return the paths of the files directly in a folder of a commit."""
        ...

    async def read_file(self, sha: str, path: str) -> bytes | None:
        """Return the contents of a file of a commit."""
        ...

    async def changed_paths(self, before: str, after: str) -> Sequence[str] | None:
        """Return the paths that differ between two commits; None if they are too many, or can't be known."""
        ...

    async def resolve(self, ref: str) -> str | None:
        """Return the commit of a branch, a tag or a SHA."""
        ...

    async def other(self, full_name: str) -> "RepositoryFiles | None":
        """Return another repository of the same organisation, by `owner/name`."""
        ...


class ReadWorkflow(NamedTuple):
    """A workflow file with all that it calls, or what is wrong with it."""

    file: str
    text: str
    workflow: Workflow | None
    """None if it, or a file that it calls, can't be read."""
    calls: Mapping[str, str]
    """The texts of the files that it calls, by their references."""
    problems: Sequence[Problem]


async def list_workflow_files(files: RepositoryFiles, sha: str) -> list[str]:
    """Return the paths of the workflow files of a commit, sorted, at most `FILES_MAX`."""
    listed = await files.list_files(sha, FOLDER)
    paths = sorted(f"{FOLDER}/{each.rpartition('/')[2]}" for each in listed if each.endswith(_SUFFIXES))
    return paths[:FILES_MAX]


async def read_one(files: RepositoryFiles, sha: str, file: str) -> ReadWorkflow | None:
    """Return a workflow file of a commit, without what it calls; None if there is no such file."""
    content = await files.read_file(sha, file)
    if content is None:
        return None
    if len(content) > FILE_BYTES_MAX:
        return _broken(file, "", [_problem(file, f"The file has {len(content):,} bytes.", "Write 1 MiB at most.")])
    try:
        text = content.decode()
    except UnicodeDecodeError:
        return _broken(file, "", [_problem(file, "The file isn't UTF-8.", "Save it as UTF-8.")])
    try:
        return ReadWorkflow(file, text, read_workflow(text, file=file), {}, ())
    except InvalidFileError as error:
        return _broken(file, text, error.problems)


async def follow_calls(files: RepositoryFiles, sha: str, read: ReadWorkflow) -> ReadWorkflow:
    """Return a workflow with the files that it calls, as they are at the commit or at the ref that it names."""
    if read.workflow is None:
        return read
    texts: dict[str, str | None] = {}
    while True:
        missing: list[str] = []

        def find(reference: str) -> str | None:
            if reference not in texts:
                missing.append(reference)  # noqa: B023 - called within this round.
            return texts.get(reference)

        try:
            calls = read_calls(read.workflow, find)
        except InvalidFileError as error:
            if not missing:
                return _broken(read.file, read.text, error.problems)
        else:
            if not missing:
                return read._replace(calls={name: texts[name] or "" for name in calls})
        # Each round reads what the files of the round before call. `read_calls` bounds how deep and how many.
        for reference in missing:
            texts[reference] = await _read_called(files, sha, reference)


async def read_all(files: RepositoryFiles, sha: str) -> list[ReadWorkflow]:
    """Return the workflow files of a commit, without what they call."""
    read = [await read_one(files, sha, file) for file in await list_workflow_files(files, sha)]
    return [each for each in read if each is not None]


async def match_files(files: RepositoryFiles, event: TriggerEvent, reads: Sequence[ReadWorkflow]) -> list[ReadWorkflow]:
    """Return the workflows that an event starts, with what they call, and the files that can't be read."""
    has_paths = event.before is not None and any(_has_paths(each.workflow, event.name) for each in reads)
    paths = await files.changed_paths(event.before or "", event.sha) if has_paths else None
    matching = Event(
        name=event.name, type=event.type, ref=event.ref, base_branch=event.base_branch, changed_paths=paths
    )
    return [
        await follow_calls(files, event.sha, each)
        for each in reads
        if each.workflow is None or match_event(each.workflow.triggers, matching).is_started
    ]


def _has_paths(workflow: Workflow | None, event_name: str) -> bool:
    filters = None if workflow is None else workflow.triggers.events.get(event_name)
    return filters is not None and (filters.paths is not None or filters.paths_ignore is not None)


async def _read_called(files: RepositoryFiles, sha: str, reference: str) -> str | None:
    if reference.startswith("./"):
        return await _text(files, sha, reference.removeprefix("./"))
    path, _, ref = reference.rpartition("@")
    owner, name, *parts = path.split("/")
    other = await files.other(f"{owner}/{name}")
    commit = None if other is None else await other.resolve(ref)
    if other is None or commit is None:
        return None
    return await _text(other, commit, "/".join(parts))


async def _text(files: RepositoryFiles, sha: str, path: str) -> str | None:
    content = await files.read_file(sha, path)
    if content is None or len(content) > FILE_BYTES_MAX:
        return None
    return content.decode(errors="replace")


def _broken(file: str, text: str, problems: Sequence[Problem]) -> ReadWorkflow:
    return ReadWorkflow(file, text, None, {}, problems)


def _problem(file: str, message: str, remedy: str) -> Problem:
    return Problem(file=file, message=message, remedy=remedy)

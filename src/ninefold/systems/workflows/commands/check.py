"""The command `ninefold workflows check`: reads workflow files and actions, and prints what is wrong in them."""

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import Annotated, Final

import msgspec
from cyclopts import Parameter
from rich.console import Console
from rich.text import Text

from ninefold.core.commands import as_plain, print_json
from ninefold.systems.workflows.errors import InvalidFileError, Problem
from ninefold.systems.workflows.reading import ACTION_FILES, read_action, read_calls, read_workflow

WORKFLOW_FOLDER: Final = PurePosixPath(".github/workflows")
BYTES_MAX: Final = 4 * 1_048_576
"""Bytes that are read of a file; a file of more characters than are allowed has at least so many."""

Json = Annotated[bool, Parameter(negative="", show_default=False)]


def check(*files: Path, json: Json = False) -> None:
    """Check workflow files and actions as GitHub reads them; the exit code is 1 if there are errors.

    Args:
        files: Files to check, or folders, whose .github/workflows are checked; the current folder if there are none.
        json: Print a list of problems as JSON.
    """
    # A file that is called can also be one of those that are checked.
    problems = list(dict.fromkeys(each for file in _list_files(files or (Path(),)) for each in check_file(file)))
    if json:
        print_json(problems)
    else:
        _print_problems(problems)
    if any(problem.severity == "error" for problem in problems):
        sys.exit(1)


def check_file(file: Path) -> Sequence[Problem]:
    """Return what is wrong in a workflow file or an action; warnings come last."""
    name = file.as_posix()
    try:
        text = _read(file)
        if file.name in ACTION_FILES:
            read_action(text, file=name, is_strict=True)
            return ()
        workflow = read_workflow(text, file=name)
        root = _repository_of(file)
        if root is not None:
            read_calls(workflow, lambda reference: _read_reference(root, reference), skips_missing=True)
    except InvalidFileError as error:
        return [_with_shown_path(problem, file) for problem in error.problems]
    return workflow.warnings


def _with_shown_path(problem: Problem, file: Path) -> Problem:
    """Return a problem with the path of its file as the user would write it, if it is in a file that is called."""
    if problem.file == file.as_posix():
        return problem
    return msgspec.structs.replace(problem, file=(file.parent.parent.parent / problem.file).as_posix())


def _list_files(paths: Sequence[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            folder = path / WORKFLOW_FOLDER
            yield from sorted(each for each in folder.glob("*") if each.suffix in {".yml", ".yaml"})
        else:
            yield path


def _read(file: Path) -> str:
    """Return the contents of a file.

    Raises:
        InvalidFileError: there is no such file, or it isn't text.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(BYTES_MAX).decode("utf-8-sig")
    except OSError as error:
        problem = Problem(file=file.as_posix(), message=f"The file can't be read: {error.strerror}")
        raise InvalidFileError([problem]) from error
    except UnicodeDecodeError as error:
        problem = Problem(file=file.as_posix(), message="The file isn't UTF-8", remedy="Save it as UTF-8.")
        raise InvalidFileError([problem]) from error


def _repository_of(file: Path) -> Path | None:
    """Return the folder of the repository that a workflow file is in, if its path says so."""
    folder = file.absolute().parent
    return folder.parent.parent if folder.parts[-2:] == WORKFLOW_FOLDER.parts else None


def _read_reference(root: Path, reference: str) -> str | None:
    if not reference.startswith("./"):
        return None
    file = (root / reference.removeprefix("./")).resolve()
    if not file.is_relative_to(root.resolve()) or not file.is_file():
        return None
    return _read(file)


def _print_problems(problems: Sequence[Problem]) -> None:
    """Print problems as compilers do: `file:line:column: message`, and the remedy below."""
    console = Console(highlight=False)
    for problem in problems:
        place = problem.file if problem.line is None else f"{problem.file}:{problem.line}:{problem.column}"
        style = "red" if problem.severity == "error" else "yellow"
        severity = "" if problem.severity == "error" else "warning: "
        text = Text.assemble(as_plain(place), ": ", (severity, style), as_plain(problem.message))
        console.print(text, soft_wrap=True)
        if problem.remedy:
            console.print(Text(f"  {as_plain(problem.remedy)}", style="dim"), soft_wrap=True)

"""Reads workflow files."""

import msgspec

from ninefold.systems.workflows.model.templates import Template
from ninefold.systems.workflows.model.workflow import Workflow
from ninefold.systems.workflows.reading.definitions import Grammar, workflow_grammar
from ninefold.systems.workflows.reading.entries import entries_of, text_at
from ninefold.systems.workflows.reading.jobs import make_concurrency, make_defaults, make_jobs
from ninefold.systems.workflows.reading.problems import Problems, StopReadingError
from ninefold.systems.workflows.reading.template_reader import TemplateReader
from ninefold.systems.workflows.reading.triggers import make_triggers
from ninefold.systems.workflows.reading.yaml_nodes import read_nodes

_ROOT = "workflow-root-strict"


def read_workflow(text: str, *, file: str) -> Workflow:
    """Return the workflow of a file.

    Args:
        text: the contents of the file.
        file: its path in the repository, for messages, and as its name if it has none.

    Raises:
        InvalidFileError: something in it is wrong; has up to ten problems, with their places.
    """
    problems = Problems(file)
    root = read_template(text, grammar=workflow_grammar(), root=_ROOT, problems=problems)
    workflow = _make_workflow(root, file, problems)
    problems.check()
    return msgspec.structs.replace(workflow, warnings=problems.warnings)


def read_template(text: str, *, grammar: Grammar, root: str, problems: Problems) -> Template:
    """Return the template of a file.

    Raises:
        InvalidFileError: the grammar doesn't allow it.
    """
    try:
        template = TemplateReader(grammar, problems).read(read_nodes(text, problems), root)
    except StopReadingError:
        problems.check()
        raise
    problems.check()
    return template


def _make_workflow(root: Template, file: str, problems: Problems) -> Workflow:
    entries = entries_of(root)
    return Workflow(
        file=file,
        name=text_at(entries, "name") or file,
        description=text_at(entries, "description"),
        run_name=entries.get("run-name"),
        triggers=make_triggers(entries["on"], problems),
        env=entries.get("env"),
        defaults=make_defaults(entries.get("defaults")),
        concurrency=make_concurrency(entries.get("concurrency"), problems),
        permissions=entries.get("permissions"),
        jobs=make_jobs(entries["jobs"], problems),
    )

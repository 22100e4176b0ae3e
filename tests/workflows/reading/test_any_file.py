"""Whatever a file contains, it is read or refused with problems, and neither takes long."""

import time

from hypothesis import given, settings
from hypothesis import strategies as st

from ninefold.systems.workflows.errors import InvalidFileError
from ninefold.systems.workflows.reading import read_action, read_workflow

KEYS = [
    *["on", "jobs", "steps", "run", "uses", "with", "env", "if", "needs", "strategy", "matrix", "include", "runs-on"],
    *["name", "push", "branches", "workflow_call", "inputs", "type", "secrets", "outputs", "value", "schedule", "cron"],
    *[
        "concurrency",
        "group",
        "defaults",
        "shell",
        "a",
        "<<",
        "",
        "${{ insert }}",
        "${{ github.ref }}",
        "runs",
        "using",
    ],
]
SCALARS = [
    *[
        "push",
        "x",
        "",
        "null",
        "true",
        "1.5",
        "0x",
        "${{ matrix.a }}",
        "${{",
        "${{ ' }}",
        "a ${{ github.x }} b",
        "node20",
    ],
    *[
        "composite",
        "actions/x@v1",
        "./x",
        "*a",
        "&a x",
        "!!int 1",
        "!x y",
        "'",
        '"',
        "a: b: c",
        "- x",
        "[",
        "{",
        "|",
        "\t",
    ],
]

scalars = st.one_of(st.sampled_from(SCALARS), st.text(max_size=10))
trees = st.recursive(
    scalars,
    lambda children: st.one_of(
        st.lists(children, max_size=4), st.lists(st.tuples(st.sampled_from(KEYS), children), max_size=6)
    ),
    max_leaves=25,
)


def as_yaml(tree: object, depth: int = 0) -> str:
    """Return a tree as text that is mostly YAML: scalars are written as they are."""
    indent = "  " * depth
    if isinstance(tree, list) and tree and isinstance(tree[0], tuple):
        return "\n" + "\n".join(f"{indent}{key}: {as_yaml(value, depth + 1)}" for key, value in tree)
    if isinstance(tree, list):
        return "\n" + "\n".join(f"{indent}- {as_yaml(value, depth + 1)}" for value in tree)
    return str(tree)


@settings(max_examples=300, deadline=None)
@given(trees)
def test_any_tree_is_read_or_refused(tree: object) -> None:
    for text in (as_yaml(tree), f"on: push\njobs:{as_yaml(tree, 1)}", f"name: a\nruns:{as_yaml(tree, 1)}"):
        started = time.process_time()
        for read in (read_workflow, read_action):
            try:
                read(text, file="file.yml")
            except InvalidFileError as error:
                assert 1 <= len(error.problems) <= 10  # noqa: PT017 - most texts are refused, and some aren't.
        assert time.process_time() - started < 5


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=200))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        read_workflow(text, file="file.yml")
    except InvalidFileError as error:
        assert error.problems  # noqa: PT017 - almost every text is refused.

import pytest

from ninefold.systems.workflows.errors import InvalidFileError
from ninefold.systems.workflows.reading import read_calls, read_workflow, resolve_reference

STEPS = "runs-on: x, steps: [{run: echo}]"
CALLED = """\
on:
  workflow_call:
    inputs: {text: {type: string, required: true}, count: {type: number}}
    secrets: {token: {required: true}}
jobs: {a: {runs-on: x, steps: [{run: echo}]}}
"""
CALLER = "on: push\njobs:\n  call:\n    uses: ./.github/workflows/called.yml\n"


def problems_of(caller: str, files: dict[str, str]) -> list[tuple[str, int | None, str]]:
    with pytest.raises(InvalidFileError) as raised:
        read_calls(read_workflow(caller, file=".github/workflows/ci.yml"), files.get)
    return [(each.file, each.line, each.message) for each in raised.value.problems]


@pytest.mark.parametrize(
    ("uses", "caller", "reference"),
    [
        ("./.github/workflows/b.yml", "./.github/workflows/a.yml", "./.github/workflows/b.yml"),
        ("./x/b.yml", "acme/shop/.github/workflows/a.yml@v1", "acme/shop/x/b.yml@v1"),
        ("acme/shop/x.yml@main", "./a.yml", "acme/shop/x.yml@main"),
    ],
)
def test_a_local_reference_is_one_of_the_same_repository(uses: str, caller: str, reference: str) -> None:
    assert resolve_reference(uses, caller=caller) == reference


def test_all_called_workflows_are_read_once() -> None:
    caller = f"{CALLER}    with: {{text: a}}\n    secrets: inherit\n  again: {{uses: a/b/c.yml@v1}}\n"
    files = {
        "./.github/workflows/called.yml": CALLED,
        "a/b/c.yml@v1": "on: workflow_call\njobs: {inner: {uses: ./d.yml}}",
        "a/b/d.yml@v1": f"on: workflow_call\njobs: {{a: {{{STEPS}}}}}",
    }

    found = read_calls(read_workflow(caller, file=".github/workflows/ci.yml"), files.get)

    assert set(found) == set(files)


@pytest.mark.parametrize(
    ("passed", "problems"),
    [
        (
            "    with: {text: a}\n",
            [(4, "Secret token is required, but not provided while calling.")],
        ),
        (
            "    with: {TEXT: a, count: many}\n    secrets: {token: x, other: y}\n",
            [(5, "Unexpected value 'many'"), (6, "Invalid secret, other is not defined in the referenced workflow.")],
        ),
        (
            "    with: {count: 1, more: 2}\n    secrets: inherit\n",
            [
                (4, "Input text is required, but not provided while calling."),
                (5, "Invalid input, more is not defined in the referenced workflow."),
            ],
        ),
    ],
)
def test_what_is_passed_has_to_match_what_is_declared(passed: str, problems: list[tuple[int, str]]) -> None:
    found = problems_of(CALLER + passed, {"./.github/workflows/called.yml": CALLED})

    assert found == [(".github/workflows/ci.yml", line, message) for line, message in problems]


def test_a_workflow_that_is_missing_or_cannot_be_called_is_reported() -> None:
    cannot = {"./.github/workflows/called.yml": f"on: push\njobs: {{a: {{{STEPS}}}}}"}

    assert problems_of(CALLER, {}) == [(".github/workflows/ci.yml", 4, "Unable to find reusable workflow")]
    assert problems_of(CALLER, cannot) == [
        (".github/workflows/ci.yml", 4, "workflow_call key is not defined in the referenced workflow.")
    ]


def test_a_fault_of_a_called_workflow_is_reported_in_its_file() -> None:
    files = {"./.github/workflows/called.yml": "on: workflow_call\njobs: {a: {steps: []}}"}

    assert problems_of(CALLER, files) == [(".github/workflows/called.yml", 2, "Required property is missing: runs-on")]


def test_calls_are_nested_four_times_at_most() -> None:
    files = {
        "./.github/workflows/called.yml": "on: workflow_call\njobs: {a: {uses: ./.github/workflows/called.yml}}",
    }

    assert [message for _, _, message in problems_of(CALLER, files)] == ["Nested reusable workflow depth exceeded 4."]


def test_a_run_has_51_files_at_most() -> None:
    jobs = "".join(f"  j{number}: {{uses: a/b/{number}.yml@v1}}\n" for number in range(60))
    files = {f"a/b/{number}.yml@v1": f"on: workflow_call\njobs: {{a: {{{STEPS}}}}}" for number in range(60)}

    messages = {message for _, _, message in problems_of(f"on: push\njobs:\n{jobs}", files)}

    assert messages == {"The maximum file count of 51 has been exceeded"}

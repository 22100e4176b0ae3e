from textwrap import dedent

import msgspec
import pytest

from ninefold.systems.workflows.errors import InvalidFileError
from ninefold.systems.workflows.expressions import make_scope
from ninefold.systems.workflows.expressions.templates import evaluate_template
from ninefold.systems.workflows.model.templates import Literal, Template, source_text
from ninefold.systems.workflows.model.triggers import Schedule
from ninefold.systems.workflows.model.values import Json, Value, to_json_data
from ninefold.systems.workflows.model.workflow import CallJob, Job, RunStep, UsesStep, Workflow
from ninefold.systems.workflows.reading import read_workflow

JOB = "jobs: {a: {runs-on: linux, steps: [{run: echo}]}}"

NEEDS = "on: push\njobs: {a: {runs-on: x, steps: []}, b: {runs-on: x, steps: [], needs: "
NOT_CLOSED = (
    "The expression is not closed. An unescaped ${{ sequence was found, but the closing }} sequence was not found."
)
ABOUT_IDS = (
    "IDs may only contain alphanumeric characters, '_', and '-'. "
    "IDs must start with a letter or '_' and and must be less than 100 characters."
)
ABOUT_CRON = "Invalid cron expression. Expected format: '* * * * *' (minute hour day month weekday)"
AT_1 = "Located at position 1 within expression: "
NO_TEXT = "The file isn't text that YAML allows"

COMPLETE = """\
name: CI
run-name: Run ${{ github.run_number }}
on:
  push: {branches: [main, 'v*'], paths-ignore: docs/**}
  pull_request:
  schedule: [{cron: '0 5 * * 1', timezone: Europe/Berlin}]
  workflow_dispatch:
    inputs:
      level: {type: choice, options: [low, high], default: low}
env: {SHARED: &shared text}
defaults: {run: {shell: bash}}
concurrency: {group: '${{ github.ref }}', cancel-in-progress: true}
jobs:
  build:
    name: Build ${{ matrix.os }}
    runs-on: [self-hosted, '${{ matrix.os }}']
    strategy: {matrix: {os: [linux, mac]}, max-parallel: 1}
    timeout-minutes: 5
    env: {COPY: *shared}
    outputs: {hash: '${{ steps.make.outputs.hash }}'}
    steps:
      - uses: actions/checkout@v4
        with: {fetch-depth: 0}
      - id: make
        if: github.ref == 'refs/heads/main'
        run: |
          echo ${{ secrets.TOKEN }}
      - run: echo done
        if: ${{ always() }}
  deploy:
    needs: build
    uses: ./.github/workflows/deploy.yml
    with: {env: prod}
    secrets: inherit
"""


def problems_of(text: str) -> list[tuple[int | None, int | None, str]]:
    with pytest.raises(InvalidFileError) as raised:
        read_workflow(dedent(text), file="ci.yml")
    return [(each.line, each.column, each.message) for each in raised.value.problems]


def value_of(template: Template | None) -> Json:
    assert template is not None
    return to_json_data(evaluate_template(template, make_scope({})))


@pytest.fixture(scope="module")
def complete() -> Workflow:
    return read_workflow(COMPLETE, file=".github/workflows/ci.yml")


def test_a_workflow_has_its_triggers(complete: Workflow) -> None:
    triggers = complete.triggers

    assert triggers.events["push"].branches == ("main", "v*")
    assert triggers.events["push"].paths_ignore == ("docs/**",)
    assert triggers.events["pull_request"].types is None
    assert triggers.schedules == (Schedule(cron="0 5 * * 1", timezone="Europe/Berlin"),)
    assert triggers.dispatch is not None
    assert triggers.dispatch["level"].options == ("low", "high")
    assert triggers.call is None


def test_a_workflow_has_its_jobs_and_steps(complete: Workflow) -> None:
    build, deploy = complete.jobs["build"], complete.jobs["deploy"]
    assert isinstance(build, Job)
    assert isinstance(deploy, CallJob)
    checkout, make, done = build.steps

    assert isinstance(checkout, UsesStep)
    assert (checkout.id, checkout.uses, value_of(checkout.with_)) == (
        "__actions_checkout",
        "actions/checkout@v4",
        {"fetch-depth": "0"},
    )
    assert isinstance(make, RunStep)
    assert isinstance(done, RunStep)
    assert (make.id, done.id) == ("make", "__run")
    assert source_text(make.run) == "echo ${{ secrets.TOKEN }}\n"
    assert make.if_ is not None
    assert source_text(make.if_) == "${{ github.ref == 'refs/heads/main' }}"
    assert value_of(build.env) == {"COPY": "text"}
    assert (deploy.needs, deploy.inherits_secrets, deploy.secrets) == (("build",), True, None)


def test_a_workflow_can_be_stored_and_read_again(complete: Workflow) -> None:
    assert msgspec.json.decode(msgspec.json.encode(complete), type=Workflow) == complete


@pytest.mark.parametrize(
    ("written", "value"),
    [
        ("on", "on"),
        ("yes", "yes"),
        ("010", 10),
        ("0o10", 8),
        ("0x1F", 31),
        ("1_000", "1_000"),
        ("1.50", 1.5),
        ("1e3", 1000),
        (".5", 0.5),
        ("12:30", "12:30"),
        ("2026-01-01", "2026-01-01"),
        ("True", True),
        ("~", None),
        ("'1'", "1"),
        ("!!str 1", "1"),
        ("!!float 1", 1),
        ("|\n      a\n      b\n", "a\nb\n"),
    ],
)
def test_scalars_are_those_of_yaml_1_2(written: str, value: Value) -> None:
    workflow = read_workflow(
        f"on: push\njobs:\n b:\n  runs-on: x\n  steps: []\n  strategy:\n   matrix:\n    v:\n    - {written}\n",
        file="ci.yml",
    )
    strategy = workflow.jobs["b"].strategy
    assert strategy is not None

    assert value_of(strategy.matrix) == {"v": [value]}


@pytest.mark.parametrize(
    ("text", "problems"),
    [
        ("", [(1, 1, "Unexpected value ''")]),
        ("[", [(2, 1, "while parsing a flow node, did not find expected node content")]),
        ("on: push", [(1, 1, "Required property is missing: jobs")]),
        (f"on: pushed\n{JOB}", [(1, 5, "Unexpected value 'pushed'")]),
        (f"on: push\non: push\n{JOB}", [(2, 1, "'on' is already defined")]),
        ("on: push\njobs: {a: {runs-on: x, uses: y}}", [(2, 24, "Unexpected value 'uses'")]),
        ("on: push\njobs: {a: {steps: []}}", [(2, 11, "Required property is missing: runs-on")]),
        ("on: push\njobs: {a: [1]}", [(2, 11, "A sequence was not expected")]),
        ("on: push\njobs: {a: {runs-on: x, steps: {run: x}}}", [(2, 31, "A mapping was not expected")]),
        (f"on: push\nenv: {{<<: {{A: b}}}}\n{JOB}", [(2, 11, "A mapping was not expected")]),
        (f"on: push\nenv: *nothing\n{JOB}", [(2, 6, "Unknown anchor 'nothing'")]),
        (f"on: push\nenv: &a {{A: *a}}\n{JOB}", [(2, 13, "Unknown anchor 'a'")]),
        (f"on: push\nname: ${{{{ 1 }}}}\n{JOB}", [(2, 7, "A template expression is not allowed in this context")]),
        (
            f"on: push\nenv: {{A: '${{{{ secrets.A }} }}}}'}}\n{JOB}",
            [(2, 10, "Unexpected symbol: '}'. Located at position 11 within expression: secrets.A }")],
        ),
        (f"on: push\nenv: {{A: '${{{{ 1'}}\n{JOB}", [(2, 10, NOT_CLOSED)]),
        (f"on: push\nenv: {{A: '${{{{ }}}}'}}\n{JOB}", [(2, 10, "An expression was expected")]),
        (
            "on: push\njobs: {a-: {runs-on: x, steps: []}, -b: {runs-on: x, steps: []}}",
            [(2, 37, f"The identifier '-b' is invalid. {ABOUT_IDS}")],
        ),
        (f"{NEEDS}[a, B]}}}}", [(2, 74, "Job 'b' depends on job 'B' which creates a cycle in the dependency graph.")]),
        (f"{NEEDS}c}}}}", [(2, 70, "Job 'b' depends on unknown job 'c'.")]),
        (
            "on: push\njobs: {a: {runs-on: x, steps: [{run: x, if: secrets.A}]}}",
            [(2, 45, f"Unrecognized named-value: 'secrets'. {AT_1}secrets.A")],
        ),
        (
            "on: push\njobs: {a: {runs-on: x, if: always(1), steps: []}}",
            [(2, 28, f"Too many parameters supplied: 'always'. {AT_1}always(1)")],
        ),
        (
            "on: push\njobs: {a: {runs-on: x, steps: [{uses: checkout}]}}",
            [(2, 39, "Expected format {org}/{repo}[/path]@ref. Actual 'checkout'")],
        ),
        (
            "on: push\njobs: {a: {runs-on: x, steps: [{id: s, run: x}, {id: S, run: x}]}}",
            [(2, 54, "The identifier 'S' may not be used more than once within the same scope.")],
        ),
        (
            "on: push\njobs: {a: {runs-on: x, strategy: {matrix: {exclude: []}}, steps: []}}",
            [(2, 43, "Matrix must define at least one vector")],
        ),
        (f"on: {{schedule: [{{cron: '* * * *'}}]}}\n{JOB}", [(1, 24, ABOUT_CRON)]),
        (f"on: {{schedule: [{{cron: '1 1 * * *', timezone: Mars}}]}}\n{JOB}", [(1, 47, "Invalid timezone 'Mars'")]),
        (
            f"on: {{workflow_dispatch: {{inputs: {{a: {{type: boolean, default: 'x'}}}}}}}}\n{JOB}",
            [(1, 63, "Unexpected value 'x'")],
        ),
        (
            f"on: {{workflow_dispatch: {{inputs: {{a: {{type: choice}}}}}}}}\n{JOB}",
            [(1, 38, "Missing 'options' for choice input")],
        ),
    ],
)
def test_what_is_wrong_is_reported_in_its_place(text: str, problems: list[tuple[int, int, str]]) -> None:
    assert problems_of(text) == problems


def test_several_problems_are_reported_at_once_and_ten_at_most() -> None:
    steps = "\n".join("      - runn: x" for _ in range(8))
    found = problems_of(f"on: pushed\njobs:\n  a:\n    runs-on: x\n    steps:\n{steps}\n")

    assert found[:2] == [(1, 5, "Unexpected value 'pushed'"), (6, 9, "Unexpected value 'runn'")]
    assert len(found) == 10


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("# " + "x" * 1_048_576, "The maximum file size of 1048576 characters has been exceeded"),
        ("a: " + "[" * 60, "Maximum object depth exceeded"),
        ("[" * 500_000, "Maximum object depth exceeded"),
        ("- " * 500_000, "Maximum object depth exceeded"),
        ("[" + "1," * 60_000 + "]", "Maximum YAML nodes exceeded"),
        (
            "a: &a [x,x,x,x,x,x,x,x,x]\n"
            + "".join(f"{name}: &{name} [{','.join([f'*{chr(ord(name) - 1)}'] * 9)}]\n" for name in "bcdefgh"),
            "Maximum YAML nodes exceeded",
        ),
        (f"a: &a {'x' * 900_000}\nb: [*a,*a,*a,*a,*a,*a,*a]", "Maximum object size exceeded"),
        ("a: \x00", f"{NO_TEXT}: unacceptable character #x0000: control characters are not allowed"),
        ("a: 1\n---\nb: 1", "Expected the end of the file"),
        ("a: !!timestamp 2026-01-01", "Unexpected tag 'tag:yaml.org,2002:timestamp'"),
    ],
)
def test_a_file_has_limits(text: str, message: str) -> None:
    assert [each for _, _, each in problems_of(text)] == [message]


def test_a_filter_and_its_opposite_get_a_warning() -> None:
    workflow = read_workflow(f"on: {{push: {{branches: a, branches-ignore: b}}}}\n{JOB}", file="ci.yml")

    (warning,) = workflow.warnings
    assert (warning.line, warning.column, warning.severity) == (1, 43, "warning")


def test_a_script_with_expressions_must_not_be_longer_than_an_expression() -> None:
    script = "x" * 21_000
    text = "on: push\njobs: {{a: {{runs-on: x, steps: [{{run: '{}'}}]}}}}"

    read_workflow(text.format(script), file="ci.yml")
    assert problems_of(text.format(script + "${{ github.ref }}")) == [(2, 38, "Exceeded max expression length 21000")]


def test_an_expression_that_is_only_a_text_is_that_text() -> None:
    workflow = read_workflow(f"on: push\nenv: {{A: \"${{{{ '${{{{ x }}}}' }}}}\"}}\n{JOB}", file="ci.yml")

    assert value_of(workflow.env) == {"A": "${{ x }}"}


def test_ids_that_are_made_differ_from_those_that_were_written() -> None:
    steps = "[{run: a}, {run: b}, {uses: ./x}, {uses: a/b@v1}, {uses: a/b@v2}, {uses: 'docker://alpine:3'}]"
    workflow = read_workflow(f"on: push\njobs: {{a: {{runs-on: x, steps: {steps}}}}}", file="ci.yml")
    job = workflow.jobs["a"]
    assert isinstance(job, Job)

    assert [step.id for step in job.steps] == ["__run", "__run_2", "__self", "__a_b", "__a_b_2", "__alpine_3"]


def test_a_workflow_without_a_name_has_that_of_its_file() -> None:
    workflow = read_workflow(f"on: push\n{JOB}", file=".github/workflows/ci.yml")

    assert workflow.name == ".github/workflows/ci.yml"
    assert isinstance(workflow.jobs["a"], Job)
    assert isinstance(workflow.jobs["a"].runs_on, Literal)

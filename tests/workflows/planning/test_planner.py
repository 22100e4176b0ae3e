from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ninefold.systems.workflows.model.values import Object, to_value
from ninefold.systems.workflows.planning import (
    Cancel,
    Decision,
    End,
    EnterGroup,
    Expand,
    LeaveGroup,
    Outcome,
    PlannedConcurrency,
    Planner,
    RunContexts,
    SecretsStep,
    Start,
    Wait,
    passed_secrets,
    run_concurrency,
    run_name,
)
from ninefold.systems.workflows.reading import read_calls, read_workflow

GITHUB = to_value({"ref": "refs/heads/main", "run_number": 7})
SUCCESS, FAILURE, CANCELLED = (Outcome(conclusion=each) for each in ("success", "failure", "cancelled"))
STEPS = "runs-on: linux, steps: [{run: echo}]"


def contexts() -> RunContexts:
    assert isinstance(GITHUB, Object)
    return RunContexts(github=GITHUB)


def planner_of(jobs: str, *, files: dict[str, str] | None = None, **options: Any) -> Planner:
    workflow = read_workflow(f"on: push\nenv: {{A: b}}\njobs:\n{jobs}", file=".github/workflows/ci.yml")
    calls = read_calls(workflow, (files or {}).get)
    return Planner(workflow, contexts=contexts(), calls=calls, **options)


def shown(decisions: Sequence[Decision]) -> list[str]:
    """Return decisions as short texts: `+a` starts, `~a` waits, `-a:skipped` ends, `!a` is cancelled."""
    texts = []
    for decision in decisions:
        match decision:
            case Start(job=job):
                texts.append(f"+{job.key}")
            case Wait(key=key):
                texts.append(f"~{key}")
            case End(key=key, conclusion=conclusion):
                texts.append(f"-{key}:{conclusion}")
            case Cancel(key=key):
                texts.append(f"!{key}")
    return texts


def started(decisions: Sequence[Decision]) -> list[Start]:
    return [each for each in decisions if isinstance(each, Start)]


def test_jobs_start_when_what_they_need_is_done() -> None:
    planner = planner_of(f"  a: {{{STEPS}}}\n  b: {{{STEPS}}}\n  c: {{needs: [a, b], {STEPS}}}\n")

    assert shown(planner.begin()) == ["+a", "+b"]
    assert shown(planner.finish("a", SUCCESS)) == []
    assert shown(planner.finish("b", SUCCESS)) == ["+c"]
    assert planner.conclusion is None
    assert shown(planner.finish("c", SUCCESS)) == []
    assert planner.conclusion == "success"


def test_a_job_has_its_written_name_before_it_is_planned_unless_expressions_decide_it() -> None:
    planner = planner_of(
        f"  a: {{name: Build it, {STEPS}}}\n"
        f"  b: {{needs: a, name: Unit tests, if: failure(), {STEPS}}}\n"
        f"  c: {{needs: a, name: 'For ${{{{ needs.a.result }}}}', {STEPS}}}\n"
    )

    (known, *_) = planner.begin()
    after = planner.finish("a", SUCCESS)

    assert isinstance(known, Expand)
    assert [each.name for each in known.jobs] == ["Build it", "Unit tests", "c"]
    assert [each.name for each in after if isinstance(each, End)] == ["Unit tests"]
    assert [each.job.name for each in started(after)] == ["For success"]


def test_an_outcome_that_comes_twice_changes_nothing() -> None:
    planner = planner_of(f"  a: {{{STEPS}}}\n  b: {{needs: a, {STEPS}}}\n")
    planner.begin()
    planner.finish("a", SUCCESS)

    assert planner.finish("a", FAILURE) == []
    assert shown(planner.finish("b", SUCCESS)) == []
    assert planner.conclusion == "success"


@pytest.mark.parametrize(
    ("condition", "after_success", "after_failure", "after_skip"),
    [
        ("success()", "+b", "-b:skipped", "-b:skipped"),
        ("failure()", "-b:skipped", "+b", "-b:skipped"),
        ("always()", "+b", "+b", "+b"),
        ("true", "+b", "-b:skipped", "-b:skipped"),
        ("'${{ !cancelled() }}'", "+b", "+b", "+b"),
        ("needs.a.result == 'skipped' && always()", "-b:skipped", "-b:skipped", "+b"),
        ("failure('a') || success('a')", "+b", "+b", "-b:skipped"),
    ],
)
def test_conditions_ask_how_the_jobs_before_ended(
    condition: str, after_success: str, after_failure: str, after_skip: str
) -> None:
    jobs = f'  a: {{if: "IF", {STEPS}}}\n  b:\n    needs: a\n    if: {condition}\n    runs-on: x\n    steps: []\n'
    planners = [planner_of(jobs.replace("IF", each)) for each in ("true", "true", "false")]
    first = [shown(planner.begin()) for planner in planners]

    assert first[0] == ["+a"]
    assert shown(planners[0].finish("a", SUCCESS)) == [after_success]
    assert shown(planners[1].finish("a", FAILURE)) == [after_failure]
    assert first[2] == ["-a:skipped", after_skip]


def test_success_asks_all_ancestors() -> None:
    jobs = f"  a: {{{STEPS}}}\n  b: {{needs: a, if: always(), {STEPS}}}\n  c: {{needs: b, {STEPS}}}\n"
    planner = planner_of(jobs)
    planner.begin()
    planner.finish("a", FAILURE)

    assert shown(planner.finish("b", SUCCESS)) == ["-c:skipped"]
    assert planner.conclusion == "failure"


def test_a_failure_that_does_not_matter_is_a_success_for_others() -> None:
    planner = planner_of(f"  a: {{continue-on-error: true, {STEPS}}}\n  b: {{needs: a, {STEPS}}}\n")
    planner.begin()

    assert shown(planner.finish("a", FAILURE)) == ["+b"]
    planner.finish("b", SUCCESS)
    assert planner.conclusion == "success"


def test_outputs_reach_the_jobs_that_need_them() -> None:
    jobs = (
        f"  a: {{{STEPS}}}\n  b:\n    needs: a\n"
        "    name: Test ${{ matrix.os }}\n    runs-on: '${{ matrix.os }}'\n"
        "    strategy: {matrix: '${{ fromJSON(needs.a.outputs.matrix) }}'}\n    steps: []\n"
    )
    planner = planner_of(jobs)
    planner.begin()

    first, second = started(planner.finish("a", Outcome(conclusion="success", outputs={"matrix": '{"os":["x","y"]}'})))

    assert [(each.job.key, each.job.name, each.job.labels) for each in (first, second)] == [
        ("b.0", "Test x", ("x",)),
        ("b.1", "Test y", ("y",)),
    ]
    assert first.job.matrix == {"os": "x"}
    assert first.job.needs == {"a": {"result": "success", "outputs": {"matrix": '{"os":["x","y"]}'}}}
    assert second.job.strategy == {"fail-fast": True, "job-index": 1, "job-total": 2, "max-parallel": 2}
    assert len(first.job.env) == 1


def test_max_parallel_lets_others_wait() -> None:
    planner = planner_of(f"  a: {{strategy: {{matrix: {{n: [1, 2, 3]}}, max-parallel: 2}}, {STEPS}}}\n")

    assert shown(planner.begin()) == ["+a.0", "+a.1", "~a.2"]
    assert shown(planner.finish("a.1", SUCCESS)) == ["+a.2"]


def test_a_failure_cancels_the_rest_of_its_matrix() -> None:
    planner = planner_of(f"  a: {{strategy: {{matrix: {{n: [1, 2, 3]}}, max-parallel: 2}}, {STEPS}}}\n")
    planner.begin()

    assert shown(planner.finish("a.0", FAILURE)) == ["-a.2:cancelled", "!a.1"]
    assert planner.conclusion is None
    planner.finish("a.1", CANCELLED)
    assert planner.conclusion == "failure"


def test_without_fail_fast_the_rest_of_a_matrix_goes_on() -> None:
    planner = planner_of(f"  a: {{strategy: {{matrix: {{n: [1, 2]}}, fail-fast: false, max-parallel: 1}}, {STEPS}}}\n")
    planner.begin()

    assert shown(planner.finish("a.0", FAILURE)) == ["+a.1"]


@pytest.mark.parametrize(
    ("job", "why"),
    [
        ("runs-on: '${{ matrix.os }}', steps: []", "`runs-on` names no label and no group."),
        ("runs-on: x, strategy: {matrix: \"${{ fromJSON('{') }}\"}, steps: []", "Error parsing fromJson"),
        ("runs-on: x, timeout-minutes: '${{ github.ref }}', steps: []", "timeout-minutes isn't a number"),
        ("runs-on: x, concurrency: '${{ github.nothing }}', steps: []", "Concurrency group name cannot be empty"),
    ],
)
def test_a_job_that_cannot_be_planned_fails_with_the_reason(job: str, why: str) -> None:
    planner = planner_of(f"  a: {{{job}}}\n  b: {{needs: a, {STEPS}}}\n")

    first, second = (each for each in planner.begin() if not isinstance(each, Expand))

    assert isinstance(first, End)
    assert first.conclusion == "failure"
    assert why in first.why
    assert shown([second]) == ["-b:skipped"]
    assert planner.conclusion == "failure"


def test_a_cancelled_run_still_does_what_always_runs() -> None:
    jobs = (
        f"  a: {{{STEPS}}}\n  slow: {{if: always(), {STEPS}}}\n"
        f"  b: {{needs: a, {STEPS}}}\n  c: {{needs: a, if: cancelled(), {STEPS}}}\n"
    )
    planner = planner_of(jobs)
    planner.begin()

    assert shown(planner.cancel()) == ["!a"]
    assert shown(planner.finish("a", CANCELLED)) == ["-b:cancelled", "+c"]
    planner.finish("c", SUCCESS)
    planner.finish("slow", SUCCESS)
    assert planner.conclusion == "cancelled"


CALLED = """\
on:
  workflow_call:
    inputs: {os: {type: string, required: true}, ref: {type: string, default: '${{ github.ref }}'}}
    secrets: {token: {required: true}}
    outputs: {text: {value: '${{ jobs.one.outputs.text }}'}}
jobs:
  one: {name: One, runs-on: '${{ inputs.os }}', steps: [], concurrency: '${{ inputs.ref }}'}
  two: {needs: one, runs-on: x, steps: []}
"""
CALLER = """\
  call:
    strategy: {matrix: {os: [linux, mac]}}
    uses: ./.github/workflows/called.yml
    with: {os: '${{ matrix.os }}'}
    secrets: {token: '${{ secrets.T }}'}
  after: {needs: call, runs-on: '${{ needs.call.outputs.text }}', steps: []}
"""
FILES = {"./.github/workflows/called.yml": CALLED}


def test_a_called_workflow_runs_for_each_combination() -> None:
    planner = planner_of(CALLER, files=FILES)
    first, second = started(planner.begin())

    assert (first.job.key, first.job.name, first.job.labels) == ("call.0/one", "call (linux) / One", ("linux",))
    assert first.job.concurrency == PlannedConcurrency(group="refs/heads/main")
    assert first.job.secrets[0].inherits is False
    assert first.job.secrets[0].contexts["matrix"] == {"os": "linux"}
    assert first.job.env == ()
    assert second.job.inputs == {"os": "mac", "ref": "refs/heads/main"}

    text = Outcome(conclusion="success", outputs={"text": "big"})
    assert shown(planner.finish("call.0/one", text)) == ["+call.0/two"]
    assert shown(planner.finish("call.1/one", text)) == ["+call.1/two"]
    planner.finish("call.0/two", SUCCESS)
    (after,) = started(planner.finish("call.1/two", SUCCESS))
    assert after.job.labels == ("big",)


def test_a_called_workflow_gets_the_secrets_that_are_passed() -> None:
    (first, _) = started(planner_of(CALLER, files=FILES).begin())
    secrets = {"T": "t", "OTHER": "o", "GITHUB_TOKEN": "g"}

    assert passed_secrets(secrets, first.job.secrets) == {"token": "t", "GITHUB_TOKEN": "g"}
    assert passed_secrets(secrets, [SecretsStep(inherits=True)]) == secrets
    assert passed_secrets(secrets, [SecretsStep(inherits=False)]) == {"GITHUB_TOKEN": "g"}


def test_a_failure_in_a_called_workflow_is_one_of_its_job() -> None:
    planner = planner_of(CALLER, files=FILES)
    planner.begin()

    assert shown(planner.finish("call.0/one", FAILURE)) == ["-call.0/two:skipped", "!call.1/one"]
    assert shown(planner.finish("call.1/one", CANCELLED)) == ["-call.1/two:cancelled", "-after:skipped"]
    assert planner.conclusion == "failure"


def test_outcomes_of_an_earlier_attempt_are_reused() -> None:
    reused = {"a.0": Outcome(conclusion="success", outputs={"x": "1"}), "a.2": SUCCESS}
    planner = planner_of(f"  a: {{strategy: {{matrix: {{n: [1, 2, 3]}}}}, {STEPS}}}\n", reused=reused)

    assert shown(planner.begin()) == ["+a.1"]
    planner.finish("a.1", SUCCESS)
    assert planner.conclusion == "success"


def test_a_matrix_of_a_thousand_reused_jobs_is_planned_without_recursion() -> None:
    numbers = list(range(1_000))
    reused = {f"a.{number}": SUCCESS for number in numbers}
    planner = planner_of(f"  a: {{strategy: {{matrix: {{n: {numbers}}}}}, {STEPS}}}\n", reused=reused, jobs_max=1_000)

    assert shown(planner.begin()) == []
    assert planner.conclusion == "success"


def test_a_run_has_its_name_and_its_concurrency_group() -> None:
    text = "on: push\nrun-name: No. ${{ github.run_number }}\nconcurrency: {group: '${{ github.ref }}', queue: max}\n"
    workflow = read_workflow(f"{text}jobs: {{a: {{{STEPS}}}}}", file="ci.yml")

    assert run_name(workflow, contexts(), default="CI") == "No. 7"
    assert run_concurrency(workflow, contexts()) == PlannedConcurrency(group="refs/heads/main", queue="max")


CONDITIONS = ["success()", "always()", "failure()", "cancelled()", "true", "false", "needs.nothing"]


@st.composite
def graphs(draw: st.DrawFn) -> str:
    """Return jobs which need some of those before them, some with a matrix."""
    lines = []
    for number in range(draw(st.integers(1, 6))):
        needs = draw(st.lists(st.integers(0, number - 1), unique=True, max_size=3)) if number else []
        names = ", ".join(f"j{need}" for need in needs)
        matrix = f"strategy: {{matrix: {{n: [1, 2, 3]}}, max-parallel: {draw(st.integers(1, 3))}}}, "
        parts = f"needs: [{names}], " if needs else ""
        parts += f"if: {draw(st.sampled_from(CONDITIONS))}, " + draw(st.sampled_from(["", matrix]))
        lines.append(f"  j{number}: {{{parts}continue-on-error: {draw(st.sampled_from(['true', 'false']))}, {STEPS}}}")
    return "\n".join(lines)


@settings(max_examples=150, deadline=None)
@given(graphs(), st.data())
def test_every_run_ends_and_no_job_runs_twice(jobs: str, data: st.DataObject) -> None:
    planner = planner_of(jobs)
    decisions = list(planner.begin())
    seen: list[str] = []
    running: list[str] = []
    cancels_after = data.draw(st.integers(0, 30))
    for step in range(200):
        for decision in decisions:
            if isinstance(decision, Start):
                running.append(decision.job.key)
                seen.append(decision.job.key)
            elif isinstance(decision, End):
                seen.append(decision.key)
        if step == cancels_after:
            decisions = list(planner.cancel())
        elif running:
            key = running.pop(data.draw(st.integers(0, len(running) - 1)))
            decisions = list(planner.finish(key, data.draw(st.sampled_from([SUCCESS, FAILURE, CANCELLED]))))
        else:
            break

    assert running == []
    assert planner.conclusion is not None
    assert len(seen) == len(set(seen))


def test_what_becomes_known_of_a_run_is_said_before_its_jobs_start() -> None:
    matrix = f"  a: {{{STEPS}, strategy: {{matrix: {{n: [1, 2]}}}}}}\n  call: {{needs: a, uses: ./sub.yml}}\n"
    sub = f"on: workflow_call\njobs:\n  x: {{{STEPS}}}\n  y: {{needs: x, {STEPS}}}\n"
    planner = planner_of(matrix, files={"./sub.yml": sub})

    first = expanded(planner.begin())
    planner.finish("a.0", SUCCESS)
    second = expanded(planner.finish("a.1", SUCCESS))

    assert first == {None: [("a", ()), ("call", ("a",))], "a": [("a.0", ()), ("a.1", ())]}
    assert second == {"call": [("call/x", ("a",)), ("call/y", ("call/x",))]}


def test_a_call_with_a_concurrency_group_waits_until_it_is_in_it() -> None:
    sub = f"on: workflow_call\njobs: {{x: {{{STEPS}}}}}\n"
    planner = planner_of("  call: {uses: ./sub.yml, concurrency: deploy}\n", files={"./sub.yml": sub})

    (entering,) = (each for each in planner.begin() if isinstance(each, EnterGroup))
    entered = shown(planner.entered("call"))
    (left,) = planner.finish("call/x", SUCCESS)

    assert (entering.key, entering.concurrency.group) == ("call", "deploy")
    assert entered == ["+call/x"]
    assert left == LeaveGroup(key="call")
    assert planner.entered("call") == []
    assert planner.conclusion == "success"


def expanded(decisions: Sequence[Decision]) -> dict[str | None, list[tuple[str, tuple[str, ...]]]]:
    return {each.key: [(job.key, job.needs) for job in each.jobs] for each in decisions if isinstance(each, Expand)}

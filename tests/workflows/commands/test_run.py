import asyncio
import json
import os
import re
import signal
import sys
from pathlib import Path
from typing import Any, Protocol

import pytest

from git_http_servers import git, make_repository
from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.run import run_workflows
from workflow_jobs import write_action

CI = """
name: CI
on:
  push: {branches: [main]}
  workflow_dispatch: {inputs: {count: {type: number, default: 1}}}
jobs:
  plan:
    runs-on: ubuntu-latest
    outputs: {words: "${{ steps.words.outputs.words }}"}
    steps:
      - {id: words, run: "echo 'words=[\\"red\\", \\"blue\\"]' >> $GITHUB_OUTPUT"}
  paint:
    needs: plan
    strategy: {matrix: {word: "${{ fromJSON(needs.plan.outputs.words) }}"}}
    runs-on: ubuntu-latest
    steps:
      - uses: acme/checkout@v1
      - run: echo "${{ matrix.word }} $(cat paint.txt) ${{ secrets.TOKEN }} ${{ vars.PLACE }} ${{ github.ref_name }}"
      - {run: "echo count is ${{ inputs.count }}", if: inputs.count > 40}
      - {run: exit 3, if: matrix.word == vars.BAD}
  report:
    needs: [plan, paint]
    if: always()
    runs-on: ubuntu-latest
    steps: [{run: "echo paint ended as ${{ needs.paint.result }}"}]
"""
CHECKOUT = """
    name: checkout
    inputs: {token: {default: "${{ github.token }}"}}
    runs:
      using: composite
      steps:
        - shell: bash
          run: |
            git init -q . && git fetch -q --depth 1 \\
              "${GITHUB_SERVER_URL/:\\/\\//://x-access-token:${{ inputs.token }}@}/$GITHUB_REPOSITORY" "$GITHUB_SHA"
            git checkout -q FETCH_HEAD
"""


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    folder = tmp_path / "site"
    make_repository(folder, {".github/workflows/ci.yml": CI, "paint.txt": "paint"})
    write_action(tmp_path / "actions" / "acme" / "checkout", CHECKOUT)
    return folder


async def start(folder: Path, *arguments: str, **environment: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "ninefold", "workflows", "run", "--actions-dir", str(folder.parent / "actions"), *arguments),
        cwd=folder,
        env={**os.environ, **environment},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def run(folder: Path, *arguments: str, **environment: str) -> tuple[int, str]:
    process = await start(folder, *arguments, **environment)
    async with asyncio.timeout(120):
        output, error = await process.communicate()
    return process.returncode or 0, output.decode() + error.decode()


class RunHere(Protocol):
    """Runs workflows in this process, which is cheaper; returns the exit code and the output."""

    def __call__(self, **arguments: Any) -> tuple[int, str]: ...


@pytest.fixture
def run_here(checkout: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> RunHere:
    monkeypatch.chdir(checkout)

    def run(**arguments: Any) -> tuple[int, str]:
        code: int | str | None = 0
        try:
            run_workflows(actions_dir=checkout.parent / "actions", **arguments)
        except SystemExit as ended:
            code = ended.code
        assert isinstance(code, int)
        output, error = capsys.readouterr()
        return code, output + error

    return run


def events_of(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines() if line.startswith("{")]


async def test_jobs_of_a_workflow_run_as_their_needs_say(checkout: Path) -> None:
    (checkout / "paint.txt").write_text("changed paint")
    code, output = await run(checkout, "--secret", "TOKEN", "--var", "PLACE=here", TOKEN="correct horse")
    assert code == 0, output
    assert "paint (red)  │   red changed paint *** here main" in output
    assert "paint (blue) │   blue changed paint *** here main" in output
    assert "report       │   paint ended as success" in output
    assert output.index("Job success") < output.index("paint (red) ")
    assert "correct horse" not in output
    assert "\x1b" not in output, "colours are only for terminals"
    assert git(checkout, "status", "--short") == "M paint.txt"


def test_a_failed_job_fails_the_run_and_json_says_all(run_here: RunHere) -> None:
    code, output = run_here(json=True, workflows=Path(".github/workflows/ci.yml"), var=["BAD=blue"])
    assert code == 1
    events = events_of(output)
    assert {"job": "report", "text": "paint ended as failure"}.items() <= [
        event for event in events if event["type"] == "line" and "ended as" in event["text"]
    ][-1].items()
    assert events[-1]["conclusion"] == "failure"
    assert {job["name"]: job["conclusion"] for job in events[-1]["jobs"]}["paint (blue)"] == "failure"


def test_without_a_mirror_checkout_is_ninefolds_own_and_artifacts_have_no_services(
    checkout: Path, run_here: RunHere
) -> None:
    steps = "[{uses: actions/checkout@v4}, {run: cat paint.txt}, {uses: actions/upload-artifact@v4, with: {path: .}}]"
    workflow = checkout / ".github" / "workflows" / "own.yml"
    workflow.write_text(f"{{on: push, jobs: {{own: {{runs-on: x, steps: {steps}}}}}}}")
    (checkout / "paint.txt").write_text("wet paint\n")
    code, output = run_here(workflows=workflow)
    assert code == 1
    assert "│   wet paint" in output, output
    assert "There are no services for artifacts and caches: a local run has none." in output


def test_runs_by_hand_have_typed_inputs(run_here: RunHere) -> None:
    code, output = run_here(event="workflow_dispatch", input_=["count=41"])
    assert code == 0, output
    assert output.count("│   count is 41") == 2


def test_a_workflow_calls_another_one_with_inputs_and_some_secrets(checkout: Path, run_here: RunHere) -> None:
    (checkout / ".github" / "workflows" / "called.yml").write_text(
        """
        on:
          workflow_call:
            inputs: {word: {type: string}}
            secrets: {passed: {required: true}}
            outputs: {said: {value: "${{ jobs.inner.outputs.said }}"}}
        jobs:
          inner:
            runs-on: x
            outputs: {said: "${{ steps.say.outputs.said }}"}
            steps:
              - {id: say, run: "echo said=${{ inputs.word }}-${{ secrets.passed }} >> $GITHUB_OUTPUT"}
              - run: echo "it is ${{ secrets.passed == 'one' }} ${{ secrets.OTHER == '' }}"
        """
    )
    (checkout / "caller.yml").write_text(
        """
        on: push
        jobs:
          outer:
            uses: ./.github/workflows/called.yml
            with: {word: hello}
            secrets: {passed: "${{ secrets.ONE }}"}
        """
    )
    code, output = run_here(workflows=Path("caller.yml"), secret=["ONE=one", "OTHER=other"])
    assert code == 0, output
    assert "outer / inner │   it is true true" in output
    assert "Skip output 'said' since it may contain secret." in output


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"event": "release"}, "No workflow in .github/workflows is started by the event release."),
        ({"job": ["absent"]}, "has no job absent"),
        ({"secret": ["ABSENT_VARIABLE"]}, "The variable ABSENT_VARIABLE isn't set."),
        ({"event": "workflow_dispatch", "input_": ["count=many"]}, "count"),
        ({"workflows": Path("absent.yml")}, "absent.yml"),
        ({"event_file": Path("absent.json")}, "can't be read"),
    ],
)
def test_mistakes_are_told_before_anything_runs(
    checkout: Path, monkeypatch: pytest.MonkeyPatch, arguments: dict[str, Any], message: str
) -> None:
    monkeypatch.chdir(checkout)
    with pytest.raises(InvalidInputError, match=re.escape(message)):
        run_workflows(**arguments)


async def test_a_signal_cancels_the_run(checkout: Path) -> None:
    workflow = checkout / "slow.yml"
    workflow.write_text(
        "{on: push, jobs: {slow: {runs-on: x, steps: [{run: 'echo begun; sleep 1000'},"
        " {run: echo cleaned up, if: always()}]}, next: {needs: slow, runs-on: x, steps: [{run: echo next}]}}}"
    )
    process = await start(checkout, "-W", "slow.yml", "--json")
    assert process.stdout is not None
    lines = []
    async with asyncio.timeout(60):
        while b'"begun"' not in (line := await process.stdout.readline()):
            assert line
        process.send_signal(signal.SIGINT)
        lines = events_of((await process.stdout.read()).decode())
        assert await process.wait() == 1
    assert "cleaned up" in [event.get("text") for event in lines]
    assert {job["name"]: job["conclusion"] for job in lines[-1]["jobs"]}["slow"] == "cancelled"
    assert not any(event.get("text") == "next" for event in lines)

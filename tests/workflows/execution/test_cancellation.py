import asyncio
import re
from pathlib import Path

from ninefold.systems.workflows.execution.processes import StopTimes
from workflow_jobs import JobInTest


async def test_cancelling_runs_what_asks_for_it(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - {name: long, run: "echo begun; sleep 1000"}
          - {name: next, run: echo no}
          - {name: cleanup, if: always(), run: "echo ${{ job.status }}"}
          - {name: told, if: "cancelled()", run: echo told}
          - {name: failed, if: "failure()", run: echo no}
        """,
    )
    running = asyncio.create_task(job.run())
    await job.record.wait_for("begun")
    job.cancel.set()
    result = await running
    assert result.conclusion == "cancelled"
    assert {name: each[0] for name, each in job.record.results().items()} == {
        "Set up job": "success",
        "long": "cancelled",
        "next": "skipped",
        "cleanup": "success",
        "told": "success",
        "failed": "skipped",
        "Complete job": "success",
    }
    assert job.record.output() == ["begun", "##[error]The operation was canceled.", "cancelled", "told"]


async def test_a_running_step_with_always_is_not_stopped(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        "steps: [{if: always(), run: 'echo begun; while [ ! -e go ]; do sleep 0.02; done; echo finished'}]",
    )
    running = asyncio.create_task(job.run())
    await job.record.wait_for("begun")
    job.cancel.set()
    await asyncio.sleep(0.1)
    (job.workspace / "go").touch()
    assert (await running).conclusion == "cancelled"
    assert job.record.output() == ["begun", "finished"]


async def test_a_step_has_a_timeout_and_so_has_what_is_in_a_composite_action(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - {name: slow, timeout-minutes: "${{ fromJSON('0.01') }}", run: sleep 1000}
          - {name: within, if: failure(), timeout-minutes: 0.01, uses: ./slow}
          - {name: after, if: failure(), run: echo after}
        """,
    )
    (job.workspace / "slow").mkdir()
    (job.workspace / "slow" / "action.yml").write_text(
        "{name: slow, runs: {using: composite, steps: [{shell: sh, run: sleep 1000}]}}"
    )
    result = await job.run()
    assert result.conclusion == "failure"
    assert [job.record.results()[name][0] for name in ("slow", "within", "after")] == ["failure", "failure", "success"]
    assert "##[error]The action 'slow' has timed out after 0.01 minutes." in job.record.text
    assert "##[error]The action 'within' has timed out after 0.01 minutes." in job.record.text


async def test_a_job_has_a_timeout_and_nothing_outlives_it(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - {name: slow, run: sleep 1000}
          - {name: stubborn, if: always(), run: "trap '' INT TERM; echo begun; sleep 1000 & wait; sleep 1000"}
          - {name: never, if: always(), run: echo never}
        """,
        timeout_s=0.3,
        cancel_timeout_s=1.0,
        times=StopTimes(interrupt_s=0.2, terminate_s=0.2, output_s=0.2),
    )
    result = await job.run()
    assert result.conclusion == "timed_out"
    assert [job.record.results()[name][0] for name in ("slow", "stubborn", "never")] == [
        "cancelled",
        "cancelled",
        "skipped",
    ]
    assert re.search(r"##\[error\]The job has exceeded the maximum execution time", job.record.text)


async def test_a_server_that_a_step_leaves_serves_those_after_it_and_ends_with_the_job(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - run: (while sleep 0.05; do echo beat; date +%N > beat; done) &
          - run: |
              until [ -e beat ]; do sleep 0.05; done
              cp beat before; while cmp -s beat before; do sleep 0.05; done; echo alive
        """,
    )
    result = await job.run()
    assert result.conclusion == "success"
    assert "alive" in job.record.output()
    assert "Terminate orphan process: " in job.record.text
    before = (job.workspace / "beat").read_text()
    await asyncio.sleep(0.3)
    assert (job.workspace / "beat").read_text() == before

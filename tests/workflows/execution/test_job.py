import asyncio
import hashlib
import json
import os
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest

from ninefold.systems.workflows.execution.order import JobOrder
from workflow_jobs import JobInTest


def processes_of(group: int) -> list[psutil.Process]:
    found = []
    for process in psutil.process_iter():
        with suppress(ProcessLookupError):
            if os.getpgid(process.pid) == group:
                found.append(process)
    return found


async def run(folder: Path, text: str, **fields: Any) -> JobInTest:
    job = JobInTest(folder, text, **fields)
    await job.run()
    return job


async def test_steps_tell_each_other_through_files(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        env: {SHARED: job, MINE: job}
        outputs:
          answer: ${{ steps.first.outputs.answer }}
          nothing: ${{ steps.first.outputs.nothing }}
        steps:
          - id: first
            env: {MINE: step}
            run: |
              echo "$SHARED $MINE"
              echo "answer=42" >> "$GITHUB_OUTPUT"
              printf 'long<<END\\none\\ntwo\\nEND\\n' >> "$GITHUB_OUTPUT"
              echo "SHARED=changed" >> "$GITHUB_ENV"
              mkdir -p bin && printf '#!/bin/sh\\necho tool of mine' > bin/tool && chmod +x bin/tool
              echo "$PWD/bin" >> "$GITHUB_PATH"
              echo "# Done" >> "$GITHUB_STEP_SUMMARY"
          - run: |
              echo "$SHARED $MINE ${{ env.SHARED }}"
              tool
              echo "${{ steps.first.outputs.long }}"
        """,
    )
    result = await job.run()
    assert job.record.output() == ["job step", "changed job changed", "tool of mine", "one", "two"]
    assert (result.conclusion, result.outputs) == ("success", {"answer": "42"})
    assert job.record.summaries == [(2, "# Done\n")]


async def test_an_order_can_be_sent_to_a_runner(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        env: {WORD: "${{ matrix.words[0] }}"}
        steps:
          - {run: "echo $WORD ${{ matrix.words[1] }}", if: always(), timeout-minutes: 1}
          - {uses: ./absent, with: {a: 1}, continue-on-error: true}
        """,
        contexts={"matrix": {"words": ["one", 2, None, {"deep": True}]}},
        secrets={"A": "secret"},
    )
    sent = msgspec.json.decode(msgspec.json.encode(job.order), type=JobOrder)
    assert sent == job.order
    job.order = sent
    assert (await job.run()).conclusion == "success"
    assert "one 2" in job.record.output()


async def test_outcome_and_conclusion_and_the_functions_of_status(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - {name: allowed, id: allowed, run: exit 3, continue-on-error: true}
          - {name: wrong, if: steps.allowed.outcome == 'failure' && steps.allowed.conclusion == 'success', run: exit 4}
          - {name: left out, run: echo no}
          - {name: after, if: "failure()", run: "echo ${{ job.status }}"}
          - {name: in any case, if: "${{ always() }}", run: echo yes}
          - {name: never, if: "cancelled()", run: echo no}
        """,
    )
    assert job.record.results() == {
        "Set up job": ("success", "success"),
        "allowed": ("failure", "success"),
        "wrong": ("failure", "failure"),
        "left out": ("skipped", "skipped"),
        "after": ("success", "success"),
        "in any case": ("success", "success"),
        "never": ("skipped", "skipped"),
        "Complete job": ("success", "success"),
    }
    assert "##[error]Process completed with exit code 4." in job.record.output()
    assert "failure" in job.record.output()


async def test_a_job_without_a_failed_step_succeeds_and_one_with_one_fails(tmp_path: Path) -> None:
    good = await JobInTest(tmp_path / "good", "steps: [{run: 'true'}]").run()
    bad = await JobInTest(tmp_path / "bad", "steps: [{run: 'false'}, {run: 'true', if: always()}]").run()
    assert (good.conclusion, bad.conclusion) == ("success", "failure")


async def test_shells_and_working_directories(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        defaults: {run: {shell: sh, working-directory: sub}}
        steps:
          - {run: "mkdir -p sub/below", shell: bash, working-directory: .}
          - run: pwd
          - {run: "pwd; false | true; echo $BASH_VERSION | cut -c1", working-directory: sub/below}
          - {run: "import os; print(os.getcwd())", shell: python, working-directory: ""}
          - {run: "a=1; false | true", shell: bash, continue-on-error: true}
          - {run: "print qq(perl $ARGV[0]\\\\n);", shell: "perl {0} x"}
          - {run: "x", shell: nonesuch, continue-on-error: true}
        """,
    )
    workspace = str(job.workspace)
    assert job.record.output() == [
        f"{workspace}/sub",
        f"{workspace}/sub/below",
        "",
        workspace,
        "##[error]Process completed with exit code 1.",
        "perl x",
        "##[error]nonesuch: command not found. Install it on the runner, or use another shell.",
    ]


async def test_the_environment_of_a_step(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        env: {GITHUB_SHA: mine, CI: "no", "Mixed": a, "MIXED_2": b}
        steps:
          - id: here
            shell: python
            run: |
              import json, os
              print(json.dumps({name: value for name, value in os.environ.items()}))
        """,
        contexts={
            "github": {
                "sha": "abc",
                "repository": "acme/site",
                "ref_protected": True,
                "token": "t0ken-of-the-run",
                "event": {},
            }
        },
        event={"number": 7},
    )
    seen = json.loads(job.record.output()[0])
    assert seen["GITHUB_SHA"] == "abc", "what the runner sets can't be changed"
    assert seen["CI"] == "no"
    assert (seen["Mixed"], seen["MIXED_2"]) == ("a", "b")
    assert (seen["GITHUB_ACTIONS"], seen["GITHUB_ACTION"], seen["GITHUB_JOB"]) == ("true", "here", "job")
    assert seen["GITHUB_REF_PROTECTED"] == "true"
    assert "GITHUB_TOKEN" not in seen
    assert (seen["GITHUB_WORKSPACE"], seen["RUNNER_WORKSPACE"]) == (str(job.workspace), str(tmp_path))
    assert seen["RUNNER_TEMP"] == str(tmp_path / "temp")
    assert seen["GITHUB_EVENT_PATH"] == str(tmp_path / "temp" / "_github_workflow" / "event.json")
    assert json.loads((tmp_path / "temp" / "_github_workflow" / "event.json").read_bytes()) == {"number": 7}


async def test_secrets_are_masked_everywhere(tmp_path: Path) -> None:
    secret = "correct horse"
    job = JobInTest(
        tmp_path,
        """
        outputs: {leak: "${{ steps.a.outputs.leak }}", fine: "${{ steps.a.outputs.fine }}"}
        steps:
          - id: a
            name: say ${{ secrets.TOKEN }}
            env: {TOKEN: "${{ secrets.TOKEN }}"}
            run: |
              echo "${{ secrets.TOKEN }}"
              printf '%s\\n' "${{ secrets.TOKEN }}" | base64
              printf '%s' "$TOKEN" | head -c 5; sleep 0.1; printf '%s\\n' "$TOKEN" | tail -c +6
              echo "::warning file=${{ secrets.TOKEN }}.c::about ${{ secrets.TOKEN }}"
              echo "leak=${{ secrets.TOKEN }}" >> "$GITHUB_OUTPUT"
              echo "fine=yes" >> "$GITHUB_OUTPUT"
              echo "# ${{ secrets.TOKEN }}" >> "$GITHUB_STEP_SUMMARY"
              echo "::add-mask::latecomer"
              echo "a latecomer"
        """,
        secrets={"TOKEN": secret, "EMPTY": ""},
    )
    result = await job.run()
    said = [job.record.text, repr(job.record.annotations), repr(job.record.summaries), repr(job.record.started)]
    assert not [text for text in said if secret in text or "correct" in text]
    assert "a ***" in job.record.output()
    assert result.outputs == {"fine": "yes"}
    assert "##[warning]Skip output 'leak' since it may contain secret." in job.record.text


async def test_commands_of_a_step(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - id: a
            run: |
              echo "::group::Title"
              echo "inside"
              echo "::endgroup::"
              echo "::notice title=T,file=src/a.c,line=3,endLine=3,col=1,endColumn=5::look%0Ahere"
              echo "::stop-commands::token-of-mine"
              echo "::warning::not a command"
              echo "::token-of-mine::"
              echo "::set-output name=old::way"
              echo "::unknown::text"
              echo "::debug::hidden"
              for i in 1 2 3 4 5 6 7 8 9 10 11 12; do echo "::error::number $i"; done
          - run: echo "${{ steps.a.outputs.old }}"
        """,
    )
    lines = [line.text for line in job.record.log]
    assert "inside" in lines[lines.index("##[group]Title") :]
    assert "::warning::not a command" in lines
    assert "::unknown::text" in lines
    assert not any("hidden" in line for line in lines if not line.startswith("\x1b"))
    assert lines.count("##[error]number 12") == 1
    assert [each.message for each in job.record.annotations if each.level == "error"] == [
        f"number {number}" for number in range(1, 11)
    ]
    notice = job.record.annotations[0]
    assert (notice.title, notice.file, notice.line, notice.column, notice.end_column) == ("T", "src/a.c", 3, 1, 5)
    assert notice.message == "look\nhere"
    assert "way" in job.record.output()
    assert job.record.results()['Run echo "::group::Title"'] == ("success", "success")


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("echo '::set-env name=A::b'", "The `set-env` command is disabled."),
        ("echo '::add-path::/x'", "The `add-path` command is disabled."),
        ("echo '::set-output::b'", "Required field 'name' is missing in ##[set-output] command."),
        ("echo '::stop-commands::'", "You cannot use a endToken that is an empty string"),
        ("echo '::stop-commands::error'", "You cannot use a endToken that is an empty string"),
        ("echo '::echo::maybe'", "Invalid echo command value."),
        ("echo '::add-matcher::missing.json'", "No such file or directory"),
        ("echo nonsense >> $GITHUB_ENV", "Invalid format 'nonsense'"),
        ("echo '=x' >> $GITHUB_OUTPUT", "Name must not be empty"),
        ("echo 'a<<E' >> $GITHUB_STATE", "Invalid value. Matching delimiter not found 'E'"),
    ],
)
async def test_a_command_that_cannot_be_carried_out_fails_its_step(tmp_path: Path, command: str, message: str) -> None:
    job = await run(tmp_path, f'steps: [{{name: step, run: "{command}"}}]')
    assert job.record.results()["step"] == ("failure", "failure")
    assert message in job.record.text


async def test_a_step_cannot_set_node_options(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - run: printf 'node_options=--inspect\\nGOOD=yes\\n' >> "$GITHUB_ENV"
          - run: echo "[$node_options] $GOOD"
        """,
    )
    assert job.record.output() == [
        "##[error]Can't store NODE_OPTIONS output parameter using '$GITHUB_ENV' command.",
        "[] yes",
    ]


async def test_a_summary_that_is_too_large_is_refused(tmp_path: Path) -> None:
    job = await run(tmp_path, "steps: [{run: 'head -c 1048577 /dev/zero >> $GITHUB_STEP_SUMMARY'}]")
    assert job.record.summaries == []
    assert "supports content up to a size of 1024k, got 1024k" in job.record.text


async def test_problem_matchers_make_annotations(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - run: |
              echo "::add-matcher::gcc.json"
              printf 'src/a.c:3:14: warning: \\033[1munused\\033[0m\\n'
              echo "gone.c:1:1: error: no such file"
              echo "::remove-matcher owner=gcc::"
              echo "src/a.c:4:1: error: not seen"
        """,
    )
    matcher = {
        "regexp": r"^(.+):(\d+):(\d+): (warning|error): (.+)$",
        "file": 1,
        "line": 2,
        "column": 3,
        "severity": 4,
        "message": 5,
    }
    (job.workspace / "gcc.json").write_text(json.dumps({"problemMatcher": [{"owner": "gcc", "pattern": [matcher]}]}))
    (job.workspace / "src").mkdir()
    (job.workspace / "src" / "a.c").touch()
    await job.run()
    found = [(each.level, each.message, each.file, each.line, each.column) for each in job.record.annotations]
    assert found == [("warning", "unused", "src/a.c", 3, 14), ("error", "no such file", None, 1, 1)]


async def test_echo_shows_commands_but_never_a_mask_or_a_token(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - run: |
              echo "::echo::on"
              echo "::set-output name=a::b"
              echo "::add-mask::hidden word"
              echo "::stop-commands::long-token"
              echo "::long-token::"
              echo "::echo::off"
              echo "::endgroup::"
        """,
    )
    assert [line for line in job.record.output() if line.startswith("::")] == [
        "::set-output name=a::b",
        "::add-mask::***",
        "::stop-commands::***",
        "::***::",
        "::echo::off",
    ]


async def test_a_token_in_the_context_is_a_secret(tmp_path: Path) -> None:
    github = {"repository": "acme/site", "token": "t0ken-of-the-run"}
    job = await run(tmp_path, "steps: [{run: 'echo ${{ github.token }}'}]", contexts={"github": github})
    assert job.record.output() == ["***"]


async def test_files_of_the_workspace_can_be_hashed(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - run: printf a > a.lock && mkdir sub && printf b > sub/b.lock
          - run: echo "${{ hashFiles('**/*.lock') }} [${{ hashFiles('absent') }}]"
        """,
    )
    digests = b"".join(hashlib.sha256(content).digest() for content in (b"a", b"b"))
    assert job.record.output() == [f"{hashlib.sha256(digests).hexdigest()} []"]


async def test_a_job_is_given_up_if_nobody_takes_what_it_says(tmp_path: Path) -> None:
    job = JobInTest(tmp_path, "steps: [{run: 'echo $$ > pid; (sleep 1000)& echo hi; sleep 1'}]")

    async def fail() -> None:
        raise ConnectionError("the server is gone")

    job.record.flush = fail  # type: ignore[method-assign]  # only in this test.
    with pytest.raises(ConnectionError):
        await job.run()
    group = int((job.workspace / "pid").read_text())
    async with asyncio.timeout(30):
        while any(process.status() != psutil.STATUS_ZOMBIE for process in processes_of(group)):
            await asyncio.sleep(0.02)


async def test_what_a_step_deletes_is_created_again(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - run: rm -rf "$RUNNER_TEMP"; mkdir -p other
          - {run: pwd, working-directory: other}
          - {name: gone, run: pwd, working-directory: gone}
        """,
    )
    assert job.record.output()[0] == str(job.workspace / "other")
    assert job.record.results()["gone"] == ("failure", "failure")
    assert "No such file or directory" in job.record.text


async def test_expressions_that_fail_say_where(tmp_path: Path) -> None:
    job = await run(
        tmp_path,
        """
        steps:
          - {name: a, run: "echo ${{ fromJSON('{') }}"}
          - {name: b, if: always(), env: {A: "${{ fromJSON('[') }}"}, run: echo b}
          - {name: c, if: "always() && fromJSON('x')", run: echo c}
        """,
    )
    results = job.record.results()
    assert [results[name][0] for name in "abc"] == ["failure"] * 3
    assert "test.yml:" in job.record.text


@pytest.mark.parametrize("text", ["container: alpine", "services: {db: {image: postgres}}"])
async def test_containers_are_refused_with_a_remedy(tmp_path: Path, text: str) -> None:
    job = JobInTest(tmp_path, f"{text}\nsteps: [{{run: echo no}}]")
    assert (await job.run()).conclusion == "failure"
    assert "This runner has no containers." in job.record.text
    assert list(job.record.results()) == ["Set up job", "Complete job"]

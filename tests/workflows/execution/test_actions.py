from pathlib import Path

import pytest

from git_http_servers import commit_files, git, make_repository, serve_repositories
from ninefold.systems.workflows.execution.order import HostedActions
from workflow_jobs import JobInTest, write_action

JAVASCRIPT = """
    name: script
    inputs:
      fetch-depth: {default: "1"}
      two words: {default: "${{ github.repository }}"}
      old: {deprecationMessage: use fetch-depth}
    outputs: {said: {description: what was said}}
    runs: {using: node20, pre: pre.js, main: main.js, post: post.js, post-if: success() || failure()}
"""
FILES = {
    "pre.js": """
        const fs = require("fs")
        console.log("pre", process.env.STATE_from_pre)
        fs.appendFileSync(process.env.GITHUB_STATE, "from_pre=1\\n")
    """,
    "main.js": """
        const fs = require("fs"), {env} = process
        console.log("main", env.STATE_from_pre, env["INPUT_FETCH-DEPTH"], env.INPUT_TWO_WORDS)
        console.log(env.GITHUB_ACTION_REPOSITORY, env.GITHUB_ACTION_REF, env.GITHUB_ACTION)
        fs.appendFileSync(env.GITHUB_STATE, "from_main=2\\n")
        fs.appendFileSync(env.GITHUB_OUTPUT, `said=${env["INPUT_FETCH-DEPTH"]}\\n`)
        if (env["INPUT_FETCH-DEPTH"] === "fail") process.exit(1)
    """,
    "post.js": 'console.log("post", process.env.STATE_from_pre, process.env.STATE_from_main)',
}


@pytest.fixture
def mirrors(tmp_path: Path) -> Path:
    folder = tmp_path / "mirrors"
    write_action(folder / "acme" / "script", JAVASCRIPT, FILES)
    return folder


async def test_the_stages_of_javascript_actions(tmp_path: Path, mirrors: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - {id: one, uses: acme/script@v1, with: {fetch-depth: a}}
          - {id: two, uses: acme/script@v1, with: {fetch-depth: b, old: x, extra: y}}
          - run: echo "${{ steps.one.outputs.said }} ${{ steps.two.outputs.said }}"
        """,
        mirrors=str(mirrors),
    )
    assert (await job.run()).conclusion == "success"
    assert job.record.started == [
        "Set up job",
        "Pre Run acme/script@v1",
        "Pre Run acme/script@v1",
        "Run acme/script@v1",
        "Run acme/script@v1",
        'Run echo "a b"',
        "Post Run acme/script@v1",
        "Post Run acme/script@v1",
        "Complete job",
    ]
    assert job.record.output() == [
        "pre undefined",
        "pre undefined",
        "main 1 a acme/site",
        "acme/script v1 one",
        "##[warning]Input 'old' has been deprecated with message: use fetch-depth",
        "##[warning]Unexpected input(s) 'extra', valid inputs are ['fetch-depth', 'two words', 'old']",
        "main 1 b acme/site",
        "acme/script v1 two",
        "a b",
        "Post job cleanup.",
        "post 1 2",
        "Post job cleanup.",
        "post 1 2",
    ]


async def test_post_runs_after_failure_but_not_for_steps_that_did_not_run(tmp_path: Path, mirrors: Path) -> None:
    (mirrors / "acme" / "script" / "action.yml").write_text(
        "{name: x, runs: {using: node24, main: main.js, post: post.js}, inputs: {fetch-depth: {default: '1'}}}"
    )
    job = JobInTest(
        tmp_path,
        """
        steps:
          - {name: first, uses: acme/script@v1}
          - {name: fails, uses: acme/script@v1, with: {fetch-depth: fail}}
          - {name: skipped, uses: acme/script@v1}
        """,
        mirrors=str(mirrors),
    )
    assert (await job.run()).conclusion == "failure"
    assert job.record.started[4:] == ["Post fails", "Post first", "Complete job"]


async def test_composite_actions_have_steps_inputs_and_outputs_of_their_own(tmp_path: Path, mirrors: Path) -> None:
    write_action(
        mirrors / "acme" / "kit" / "inner",
        """
        name: inner
        inputs: {who: {default: nobody}}
        outputs: {text: {value: "${{ steps.say.outputs.text }}!"}}
        runs:
          using: composite
          steps:
            - id: say
              shell: bash
              run: |
                echo "inner sees $OUTER, $STEP and '${{ steps.before.outcome }}'"
                echo "text=hello ${{ inputs.who }}" >> "$GITHUB_OUTPUT"
                echo "LATER=set within" >> "$GITHUB_ENV"
                echo "path: $(basename "$GITHUB_ACTION_PATH")"
        """,
    )
    write_action(
        mirrors / "acme" / "kit",
        """
        name: outer
        inputs: {name: {default: world}}
        outputs: {greeting: {value: "${{ steps.in.outputs.text }}"}}
        runs:
          using: composite
          steps:
            - {id: in, uses: acme/kit/inner@v1, with: {who: "${{ inputs.name }}"}, env: {STEP: composite}}
            - {uses: acme/script@v1, with: {fetch-depth: "0"}}
            - {run: "exit 5", shell: sh, continue-on-error: true}
            - {run: "exit 6", shell: sh}
            - {run: echo not run, shell: sh}
            - {run: "echo ${{ github.action_status }}", shell: sh, if: always()}
        """,
    )
    job = JobInTest(
        tmp_path,
        """
        env: {OUTER: job}
        steps:
          - {id: before, run: 'true'}
          - {id: kit, uses: acme/kit@v1, with: {name: Ada}, continue-on-error: true}
          - run: echo "${{ steps.kit.outputs.greeting }} ${{ steps.kit.outcome }} $LATER [${{ steps.in }}]"
        """,
        mirrors=str(mirrors),
    )
    assert (await job.run()).conclusion == "success"
    assert job.record.output() == [
        "pre undefined",
        "inner sees job, composite and ''",
        "path: inner",
        "main 1 0 acme/site",
        "acme/script v1 __acme_script",
        "##[error]Process completed with exit code 5.",
        "##[error]Process completed with exit code 6.",
        "failure",
        "hello Ada! failure set within []",
        "Post job cleanup.",
        "Post job cleanup.",
        "post 1 2",
    ]


async def test_local_actions_are_read_when_their_step_begins(tmp_path: Path) -> None:
    job = JobInTest(
        tmp_path,
        """
        steps:
          - run: |
              mkdir -p kit
              steps="[{run: 'echo from the kit', shell: sh}]"
              echo "{name: kit, runs: {using: composite, steps: $steps}}" > kit/action.yml
          - uses: ./kit
          - uses: ./missing
        """,
    )
    assert (await job.run()).conclusion == "failure"
    assert "from the kit" in job.record.output()
    assert "Did you forget to run actions/checkout before running your local action?" in job.record.text


async def test_a_version_is_a_tag_a_branch_or_a_commit(tmp_path: Path) -> None:
    source = tmp_path / "mirrors" / "acme" / "kit"

    def action(word: str) -> dict[str, str]:
        return {"action.yml": f"{{name: kit, runs: {{using: composite, steps: [{{run: echo {word}, shell: sh}}]}}}}"}

    first = make_repository(source, action("first"))
    git(source, "tag", "-a", "v1", "-m", "v1")
    commit_files(source, action("second"))
    git(source, "branch", "next/minor")
    commit_files(source, action("third"))
    job = JobInTest(
        tmp_path,
        f"""
        steps:
          - uses: acme/kit@v1
          - uses: acme/kit@next/minor
          - uses: acme/kit@main
          - uses: acme/kit@{first}
          - uses: acme/kit@{first[:8]}
        """,
        mirrors=str(tmp_path / "mirrors"),
    )
    await job.run()
    assert job.record.output() == ["first", "second", "third", "first", "first"]
    assert f"Download action repository 'acme/kit@v1' (SHA:{first})" in job.record.text


@pytest.mark.parametrize(
    ("uses", "message"),
    [
        ("acme/script@v9", "Unable to resolve action `acme/script@v9`, unable to find version `v9`"),
        ("acme/absent@v1", "Unable to resolve action `acme/absent@v1`, repository not found"),
        (
            "acme/script/deep@v1",
            "Can't find 'action.yml', 'action.yaml' or 'Dockerfile' for action 'acme/script/deep@v1'.",
        ),
        ("acme/docker@v1", "runs in a container, and this runner has no containers"),
        ("docker://alpine", "runs in a container, and this runner has no containers"),
        ("acme/broken@v1", "Fail to load acme/broken@v1/action.yml: "),
        ("acme/loop@v1", "Composite action depth exceeded max depth 9"),
    ],
)
async def test_actions_that_cannot_be_used_stop_the_job_at_its_beginning(
    tmp_path: Path, mirrors: Path, uses: str, message: str
) -> None:
    make_repository(mirrors / "acme" / "script", {}, branch="v1")
    write_action(mirrors / "acme" / "docker", "{name: d, runs: {using: docker, image: Dockerfile}}")
    write_action(mirrors / "acme" / "broken", "{name: b, runs: {using: cobol}}")
    write_action(mirrors / "acme" / "loop", "{name: l, runs: {using: composite, steps: [{uses: acme/loop@v1}]}}")
    job = JobInTest(tmp_path, f"steps: [{{run: echo no}}, {{uses: '{uses}'}}]", mirrors=str(mirrors))
    assert (await job.run()).conclusion == "failure"
    assert message in job.record.text
    assert job.record.started == ["Set up job", "Complete job"]


async def test_an_action_of_the_own_organisation_comes_from_its_server(tmp_path: Path) -> None:
    source = tmp_path / "repositories" / "Acme" / "kit.git"
    action = "{name: kit, runs: {using: composite, steps: [{run: echo from the server, shell: sh}]}}"
    sha = make_repository(source, {"tools/action.yml": action})
    git(source, "tag", "v1")
    git(source, "config", "uploadpack.allowAnySHA1InWant", "true")
    with serve_repositories(tmp_path / "repositories") as url:
        hosted = HostedActions(url=url, token="a-token-of-the-job", owner="acme")
        job = JobInTest(
            tmp_path,
            f"steps: [{{uses: Acme/kit/tools@v1}}, {{uses: Acme/kit/tools@main}}, {{uses: 'Acme/kit/tools@{sha}'}}]",
            hosted_actions=hosted,
        )
        result = await job.run()
        other = JobInTest(tmp_path / "other", "steps: [{uses: other/kit@v1}]", hosted_actions=hosted)
        refused = await other.run()
        missing = JobInTest(tmp_path / "missing", "steps: [{uses: acme/absent@v1}]", hosted_actions=hosted)
        failed = await missing.run()
    assert result.conclusion == "success", job.record.text
    assert job.record.output() == ["from the server"] * 3
    assert f"Download action repository 'Acme/kit@v1' (SHA:{sha})" in job.record.text
    assert (refused.conclusion, failed.conclusion) == ("failure", "failure")
    assert "Unable to resolve action `acme/absent@v1`" in missing.record.text
    assert "no mirror of other/kit. Add one with `ninefold workflows actions add`" in other.record.text
    assert "a-token-of-the-job" not in missing.record.text

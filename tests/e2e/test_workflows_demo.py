import json
from pathlib import Path

from installations import clean_environment, run_command

WITHIN_S = 300.0
"""It takes half a minute on two quiet cores."""


async def test_the_workflows_demo_ends_as_it_must_though_a_runner_is_killed(tmp_path: Path) -> None:
    environment = clean_environment({"TMPDIR": str(tmp_path)})

    finished = await run_command("demo", "workflows", "--json", environment=environment, within_s=WITHIN_S)

    assert finished.exit_code == 0, finished.errors
    summary = json.loads(finished.output)
    assert (summary["is_complete"], summary["problems"]) == (True, [])
    assert summary["killed"] == ["ninefold process workflows.runner"]
    assert "lost" in summary["lost_why"]
    assert summary["failed_why"].startswith("There is no tag v1.2.0 yet.")
    verdicts = {job["name"]: job["verdicts"] for job in summary["jobs"]}
    assert verdicts["package"] == ["failed", "succeeded"]
    assert verdicts["publish"] == ["skipped", "failed", "succeeded"]
    assert {job["name"]: job["steps"] for job in summary["jobs"]}["package"]["Join the price lists"] == 2
    assert summary["artifact_bytes"] > 0
    assert files_in(tmp_path) == []


def files_in(folder: Path) -> list[Path]:
    return list(folder.iterdir())

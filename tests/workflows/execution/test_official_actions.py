"""GitHub's own `actions/checkout`, unmodified. Without its mirror, `test_actions` holds what it needs."""

import os
from pathlib import Path

import pytest

from git_http_servers import git, make_repository, serve_repositories
from workflow_jobs import JobInTest

MIRROR = Path(os.environ.get("NINEFOLD_TEST_MIRRORS", "absent"), "actions+checkout", "repo")


@pytest.fixture
def mirrors(tmp_path: Path) -> str:
    if not MIRROR.exists():
        pytest.skip("there is no mirror of actions/checkout")
    (tmp_path / "mirrors" / "actions").mkdir(parents=True)
    (tmp_path / "mirrors" / "actions" / "checkout.git").symlink_to(MIRROR)
    return str(tmp_path / "mirrors")


async def test_checkout_fetches_the_commit_of_the_run_and_cleans_up(tmp_path: Path, mirrors: str) -> None:
    source = tmp_path / "repositories" / "acme" / "site"
    action = "{name: kit, runs: {using: composite, steps: [{run: 'cat README.md', shell: sh}]}}"
    sha = make_repository(source, {"README.md": "of the run\n", "kit/action.yml": action})
    (source / "README.md").write_text("later\n")
    git(source, "commit", "-q", "-a", "-m", "later")
    git(source, "config", "uploadpack.allowAnySHA1InWant", "true")
    with serve_repositories(tmp_path / "repositories") as url:
        job = JobInTest(
            tmp_path,
            """
            steps:
              - uses: actions/checkout@v7
              - uses: ./kit
              - {uses: actions/checkout@v7, with: {path: whole, fetch-depth: 0, ref: main}}
              - run: git -C whole log --format=%s
              - run: git config --get-regexp 'includeif.*' | head -1 | wc -l
            """,
            contexts={
                "github": {
                    "repository": "acme/site",
                    "sha": sha,
                    "ref": "refs/heads/main",
                    "server_url": url,
                    "token": "a-token-of-the-run",
                }
            },
            secrets={"GITHUB_TOKEN": "a-token-of-the-run"},
            mirrors=mirrors,
        )
        result = await job.run()
    assert result.conclusion == "success", job.record.text
    output = job.record.output()
    assert "of the run" in output
    assert output[output.index("later") : output.index("later") + 2] == ["later", "files"]
    assert "a-token-of-the-run" not in job.record.text
    assert job.record.started[-3:-1] == ["Post Run actions/checkout@v7"] * 2
    assert "extraheader" not in git(job.workspace, "config", "--list", "--local")

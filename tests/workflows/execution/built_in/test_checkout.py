import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from git_http_servers import commit_files, git, make_repository, serve_repositories
from ninefold.systems.workflows.execution.report import JobResult
from workflow_jobs import JobInTest, write_action

TOKEN = "a-token-of-the-run"


class Site:
    """The repository `acme/site` with two commits on `main`, a branch and a tag, served over HTTP."""

    def __init__(self, root: Path, url: str) -> None:
        self.folder = root / "acme" / "site"
        self.url = url
        (root / "ACME").symlink_to("acme")
        make_repository(root / "acme" / "other", {"README.md": "other\n"}, branch="trunk")
        self.first = make_repository(self.folder, {"README.md": "first\n"})
        git(self.folder, "tag", "-a", "v1.0", "-m", "first release")
        git(self.folder, "config", "uploadpack.allowAnySHA1InWant", "true")
        self.second = commit_files(self.folder, {"README.md": "second\n"})
        git(self.folder, "checkout", "-q", "-b", "topic/one")
        self.topic = commit_files(self.folder, {"README.md": "topic\n"})
        git(self.folder, "checkout", "-q", "main")
        self.third = commit_files(self.folder, {"README.md": "third\n"})


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    root = tmp_path_factory.mktemp("repositories")
    with serve_repositories(root) as url:
        yield Site(root, url)


async def run(folder: Path, site: Site, text: str, **github: Any) -> tuple[JobInTest, JobResult]:
    context = {
        "repository": "acme/site",
        "sha": site.second,
        "ref": "refs/heads/main",
        "server_url": site.url,
        "token": TOKEN,
    }
    job = JobInTest(folder, text, contexts={"github": {**context, **github}}, secrets={"GITHUB_TOKEN": TOKEN})
    return job, await job.run()


async def test_the_commit_of_the_run_is_checked_out_on_its_branch(tmp_path: Path, site: Site) -> None:
    text = """
        steps:
          - {id: code, uses: actions/checkout@v4}
          - run: git status --short --branch; git log --format=%s; git tag
          - run: echo "${{ steps.code.outputs.ref }} ${{ steps.code.outputs.commit }}"
    """
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "success", job.record.text
    assert (job.workspace / "README.md").read_text() == "second\n"
    assert job.record.output()[-4:] == [
        "files",
        f"refs/heads/main {site.second}",
        "Post job cleanup.",
        f"The credentials are removed from {job.workspace}.",
    ]
    assert "## main...origin/main" in job.record.output()
    assert "No mirror has actions/checkout: Ninefold's own version is used for actions/checkout@v4" in job.record.text


async def test_later_steps_have_the_token_until_the_job_ends(tmp_path: Path, site: Site) -> None:
    text = """
        steps:
          - uses: actions/checkout@v4
          - run: git config --get-regexp extraheader | wc -l; cat .git/config > config
          - uses: actions/checkout@v4
            with: {path: bare, persist-credentials: false}
          - run: cd bare; git config --get-regexp extraheader | wc -l
    """
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "success", job.record.text
    assert [line for line in job.record.output() if line in {"0", "1"}] == ["1", "0"]
    assert TOKEN not in job.record.text
    assert "basic" not in (job.workspace / "config").read_text()
    assert list((tmp_path / "temp").glob("git-credentials-*")) == []
    assert "include" not in git(job.workspace, "config", "--list", "--local")


@pytest.mark.parametrize(
    ("inputs", "content", "ref"),
    [
        ("{ref: topic/one}", "topic", "topic/one"),
        ("{ref: v1.0}", "first", "v1.0"),
        ("{ref: refs/heads/main}", "third", "refs/heads/main"),
        ("{ref: refs/tags/v1.0, fetch-depth: 0}", "first", "refs/tags/v1.0"),
        ("{repository: ACME/site, fetch-depth: 0}", "second", "refs/heads/main"),
        ("{repository: acme/other}", "other", "refs/heads/trunk"),
    ],
)
async def test_a_ref_is_a_branch_a_tag_or_the_default_branch(
    tmp_path: Path, site: Site, inputs: str, content: str, ref: str
) -> None:
    text = f"""
        steps:
          - {{id: code, uses: actions/checkout@v4, with: {inputs}}}
          - run: cat README.md; echo "${{{{ steps.code.outputs.ref }}}}"
    """
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "success", job.record.text
    output = job.record.output()
    assert (content in output, ref in output) == (True, True), job.record.text


async def test_a_commit_is_checked_out_without_a_branch(tmp_path: Path, site: Site) -> None:
    text = f"""
        steps:
          - {{uses: actions/checkout@v4, with: {{ref: {site.first}}}}}
          - run: git branch --show-current | wc -c
    """
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "success", job.record.text
    assert (job.workspace / "README.md").read_text() == "first\n"
    assert "0" in job.record.output()


async def test_depth_zero_has_all_commits_branches_and_tags_also_after_a_shallow_checkout(
    tmp_path: Path, site: Site
) -> None:
    text = """
        steps:
          - uses: actions/checkout@v4
          - run: git rev-parse --is-shallow-repository; echo left > README.md; touch other
          - {uses: actions/checkout@v4, with: {fetch-depth: 0}}
          - run: git rev-parse --is-shallow-repository; git describe --tags; git branch -r | tr -d '\\n'; ls | wc -l
    """
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "success", job.record.text
    output = job.record.output()
    assert "true" in output
    assert "false" in output
    assert f"v1.0-1-g{site.second[:7]}" in output
    assert any("origin/main" in line and "origin/topic/one" in line for line in output)
    assert (job.workspace / "README.md").read_text() == "second\n"
    assert not (job.workspace / "other").exists()


async def test_what_is_in_the_folder_is_kept_only_without_clean(tmp_path: Path, site: Site) -> None:
    text = """
        steps:
          - run: echo old > old
          - uses: actions/checkout@v4
          - run: test ! -e old && touch built
          - {uses: actions/checkout@v4, with: {clean: false}}
          - run: test -e built
    """
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "success", job.record.text


async def test_a_pull_request_is_checked_out_by_its_ref(tmp_path: Path, site: Site) -> None:
    git(site.folder, "update-ref", "refs/pull/7/merge", site.topic)
    text = "steps: [{uses: actions/checkout@v4}, {run: git rev-parse --symbolic --glob=refs/remotes/pull}]"
    job, result = await run(tmp_path, site, text, ref="refs/pull/7/merge", sha=site.topic)
    assert result.conclusion == "success", job.record.text
    assert "refs/remotes/pull/7/merge" in job.record.output()


@pytest.mark.parametrize(
    ("inputs", "message"),
    [
        ("{ref: absent}", "has no branch or tag 'absent'."),
        ("{ref: --upload-pack=x}", "'--upload-pack=x' isn't a valid name of a branch or a tag."),
        ("{path: ../out}", "The input path is '../out', which isn't in the workspace."),
        ("{repository: site}", "The input repository is 'site', but must be <owner>/<name>."),
        ("{fetch-depth: -1}", "The input fetch-depth is '-1', but must be a number from 0 to"),
        ("{clean: perhaps}", "The input clean is 'perhaps', but must be true or false."),
        ("{submodules: recursive}", "Ninefold's own actions/checkout has no submodules."),
        ("{ssh-key: secret}", "Unexpected input(s) 'ssh-key', valid inputs are ['repository', 'ref',"),
    ],
)
async def test_what_is_wrong_is_said(tmp_path: Path, site: Site, inputs: str, message: str) -> None:
    job, result = await run(tmp_path, site, f"steps: [{{uses: actions/checkout@v4, with: {inputs}}}]")
    assert result.conclusion == "failure"
    assert message in job.record.text, job.record.text
    assert list((tmp_path / "temp").glob("git-credentials-*")) == []


async def test_a_repository_that_does_not_exist_is_an_error(tmp_path: Path, site: Site) -> None:
    text = "steps: [{uses: actions/checkout@v4, with: {repository: acme/absent, ref: main}}]"
    job, result = await run(tmp_path, site, text)
    assert result.conclusion == "failure"
    assert "git ls-remote failed" in job.record.text


@pytest.mark.parametrize(
    ("uses", "is_ours"),
    [
        ("actions/checkout@v4", True),
        ("Actions/Checkout@v4.2.2", True),
        ("actions/checkout@11bd71901bbe5b1630ceea73d27597364c9af683", True),
        ("actions/checkout@main", False),
        ("actions/setup-python@v5", False),
        ("acme/checkout@v4", False),
    ],
)
async def test_ours_is_for_versions_of_official_names_without_a_mirror(
    tmp_path: Path, site: Site, uses: str, *, is_ours: bool
) -> None:
    # Ours refuses this path, which is quicker than a checkout.
    job, result = await run(tmp_path, site, f"steps: [{{uses: '{uses}', with: {{path: ../out}}}}]")
    assert result.conclusion == "failure"
    assert ("The input path is '../out'" in job.record.text) is is_ours, job.record.text
    assert ("Unable to resolve action" in job.record.text) is not is_ours


async def test_a_mirror_comes_before_ours(tmp_path: Path, site: Site) -> None:
    write_action(
        tmp_path / "mirrors" / "actions" / "checkout",
        "{name: mine, runs: {using: composite, steps: [{run: echo of the mirror, shell: sh}]}}",
    )
    job = JobInTest(
        tmp_path, "steps: [{uses: actions/checkout@v4}]", mirrors=str(tmp_path / "mirrors"), contexts={"github": {}}
    )
    del site
    assert (await job.run()).conclusion == "success"
    assert "of the mirror" in job.record.output()
    assert "Ninefold's own" not in job.record.text


async def test_others_cannot_be_plugins(tmp_path: Path, site: Site) -> None:
    write_action(tmp_path / "mirrors" / "acme" / "sly", "{name: sly, runs: {plugin: checkout}}")
    job = JobInTest(tmp_path, "steps: [{uses: acme/sly@v1}]", mirrors=str(tmp_path / "mirrors"))
    del site
    assert (await job.run()).conclusion == "failure"
    assert "runs.using is composite, node20, node24 or docker" in job.record.text


async def test_without_a_relay_the_repository_is_below_git(tmp_path: Path) -> None:
    sha = make_repository(tmp_path / "served" / "git" / "acme" / "site.git", {"README.md": "of git\n"})
    git(tmp_path / "served" / "git" / "acme" / "site.git", "config", "uploadpack.allowAnySHA1InWant", "true")
    with serve_repositories(tmp_path / "served") as url:
        github = {"repository": "acme/site", "sha": sha, "ref": "refs/heads/main", "server_url": url, "token": TOKEN}
        job = JobInTest(tmp_path, "steps: [{uses: actions/checkout@v4}]", contexts={"github": github})
        result = await job.run()
    assert result.conclusion == "success", job.record.text
    assert (job.workspace / "README.md").read_text() == "of git\n"


async def test_a_token_that_is_not_accepted_is_not_tried_again(tmp_path: Path, site: Site) -> None:
    with refusing_server() as url:
        text = "steps: [{uses: actions/checkout@v4}]"
        job, result = await run(tmp_path, site, text, server_url=url)
    assert result.conclusion == "failure"
    assert "##[error]The server doesn't accept the token, or it isn't for this repository." in job.record.text
    assert job.record.text.count("[command]git fetch") == 1


@contextmanager
def refusing_server() -> Iterator[str]:
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(401)
            self.send_header("www-authenticate", 'Basic realm="test"')
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the name is the base class's.
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()

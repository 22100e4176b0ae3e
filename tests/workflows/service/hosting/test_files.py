from pathlib import Path

import pytest

from git_http_servers import commit_files, make_repository
from ninefold.systems.workflows.service.hosting.files import HostedFiles


async def no_other(full_name: str) -> HostedFiles | None:
    del full_name
    return None


@pytest.mark.parametrize("suffix", ["~1", "^", "@{0}", ":a.txt", "..main", "\n"])
async def test_a_ref_is_a_name_and_not_a_way_to_another_commit(tmp_path: Path, suffix: str) -> None:
    folder = tmp_path / "site"
    make_repository(folder, {"a.txt": "1"})
    last = commit_files(folder, {"a.txt": "2"})
    files = HostedFiles(folder / ".git", default_branch="main", find_other=no_other)

    assert await files.resolve("main") == last
    assert await files.resolve(f"main{suffix}") is None
    assert await files.resolve(f"refs/heads/main{suffix}") is None

"""The folder of mirrors: what is added, and under which name."""

from pathlib import Path

import pytest

from git_http_servers import git, make_repository
from ninefold.core.errors import InvalidInputError
from ninefold.systems.workflows.commands.actions import add_action, list_actions


@pytest.fixture
def mirrors(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("NINEFOLD_WORKFLOWS_ACTIONS", str(tmp_path / "mirrors"))
    return tmp_path / "mirrors"


def test_a_repository_is_added_by_the_name_of_its_origin(
    mirrors: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    sha = make_repository(tmp_path / "source", {"action.yml": "name: kit"})
    git(tmp_path / "source", "tag", "v1")
    git(tmp_path / "source", "remote", "add", "origin", "https://github.com/acme/kit.git")
    add_action(tmp_path / "source")
    add_action(tmp_path / "source")
    assert git(mirrors / "acme/kit.git", "rev-parse", "v1") == sha
    assert (mirrors / "acme/kit.git").stat().st_mode & 0o777 == 0o755
    list_actions()
    assert "acme/kit" in capsys.readouterr().out


def test_a_name_can_be_given_and_must_be_one(mirrors: Path, tmp_path: Path) -> None:
    make_repository(tmp_path / "source", {"action.yml": "name: kit"})
    with pytest.raises(InvalidInputError, match="doesn't say what it is called"):
        add_action(tmp_path / "source")
    for name in ("kit", "../kit", "a/../b", "a/.."):
        with pytest.raises(InvalidInputError):
            add_action(tmp_path / "source", name=name)
    add_action(tmp_path / "source", name="acme/kit")
    assert (mirrors / "acme/kit.git/HEAD").exists()


def test_what_isnt_a_repository_is_an_error(mirrors: Path, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="git says"):
        add_action(tmp_path, name="acme/kit")
    assert not list(mirrors.glob("*/*.git"))

"""Which users can connect, and which user runs the server. Some tests need root to act as another user."""

import os
import pwd
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import asyncpg
import pytest

from ninefold.core.errors import SettingError
from ninefold.core.postgres.embedded import EmbeddedPostgres, account, engine
from ninefold.core.postgres.embedded.account import Account, choose_account
from postgres_support import query

NOBODY_UID = 65534

only_root_can_act_as_others = pytest.mark.skipif(
    os.geteuid() != 0, reason="only root can act as another user, or hand a folder to one"
)


@pytest.fixture
def open_dir() -> Iterator[Path]:
    """A folder that every user can access; pytest's own folders are private."""
    with tempfile.TemporaryDirectory(prefix="ninefold-test-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@only_root_can_act_as_others
def test_another_user_cannot_reach_the_socket(open_dir: Path) -> None:
    with EmbeddedPostgres(open_dir, is_durable=False) as postgres:
        dsn = postgres.dsn()

        with _acting_as(NOBODY_UID), pytest.raises(PermissionError):
            query(dsn, "SELECT 1")


@only_root_can_act_as_others
def test_another_user_cannot_reach_a_private_socket_either(open_dir: Path) -> None:
    folder = open_dir / ("n" * 120)
    folder.mkdir(mode=0o755)
    with EmbeddedPostgres(folder, is_durable=False) as postgres:
        dsn = postgres.dsn()

        with _acting_as(NOBODY_UID), pytest.raises(PermissionError):
            query(dsn, "SELECT 1")


@only_root_can_act_as_others
@pytest.mark.parametrize("role", ["ninefold", "postgres"])
def test_another_user_is_refused_even_if_the_permissions_allow_access(open_dir: Path, role: str) -> None:
    with EmbeddedPostgres(open_dir, is_durable=False) as postgres:
        cluster_dir = open_dir / "postgres"
        cluster_dir.chmod(0o755)
        (cluster_dir / ".s.PGSQL.5432").chmod(0o777)

        with _acting_as(NOBODY_UID), pytest.raises(asyncpg.InvalidAuthorizationSpecificationError):
            query(postgres.dsn(role=role), "SELECT 1")


@only_root_can_act_as_others
def test_a_cluster_of_another_user_is_refused(data_dir: Path, server: EmbeddedPostgres) -> None:
    server.stop()
    os.chown(data_dir / "postgres", NOBODY_UID, NOBODY_UID)

    with pytest.raises(SettingError, match=f"belongs to the user with id {NOBODY_UID}") as caught:
        server.start()

    assert caught.value.field == "NINEFOLD_DATA_DIR"


@only_root_can_act_as_others
def test_programs_in_a_private_folder_are_copied_once_to_a_readable_one(
    tmp_path: Path, open_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "site-packages").symlink_to(engine._installed_root())
    monkeypatch.setattr(engine, "_installed_root", lambda: closed / "site-packages")
    monkeypatch.setattr(engine, "ENGINES_DIR", open_dir / "cache" / "postgres")

    found = engine.find_engine(choose_account())
    with EmbeddedPostgres(tmp_path / "data", is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT 1") == 1

    assert found.root.is_relative_to(open_dir)
    assert [found.root] == list((open_dir / "cache" / "postgres").iterdir())


@only_root_can_act_as_others
def test_programs_that_cannot_be_copied_are_an_error_with_a_remedy(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    (closed / "site-packages").symlink_to(engine._installed_root())
    monkeypatch.setattr(engine, "_installed_root", lambda: closed / "site-packages")
    monkeypatch.setattr(engine, "ENGINES_DIR", Path("/proc/ninefold/postgres"))

    with pytest.raises(SettingError, match="can't be copied to /proc/ninefold/postgres"):
        engine.find_engine(choose_account())


def test_a_missing_wheel_is_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "find_spec", lambda _name: None)

    with pytest.raises(SettingError, match="isn't installed") as caught:
        engine.find_engine(choose_account())

    assert "NINEFOLD_DATABASE_URL" in str(caught.value.remedy)


def test_the_server_of_an_ordinary_user_runs_as_that_user(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: NOBODY_UID)
    entry = pwd.getpwuid(NOBODY_UID)

    assert choose_account() == Account(name=entry.pw_name, uid=NOBODY_UID, gid=entry.pw_gid)
    assert choose_account().is_current_user


def test_a_user_without_a_name_gets_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 3_999_999_999)

    with pytest.raises(SettingError, match="3999999999 has no name on this machine"):
        choose_account()


def test_without_useradd_root_gets_an_error_with_a_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    monkeypatch.setattr(account, "SYSTEM_USER", "ninefold-nowhere")
    monkeypatch.setattr(shutil, "which", lambda _name, path: None)  # noqa: ARG005

    with pytest.raises(SettingError, match="the command useradd is missing") as caught:
        choose_account()

    assert "as an ordinary user" in str(caught.value.remedy)


@contextmanager
def _acting_as(uid: int) -> Iterator[None]:
    os.seteuid(uid)
    try:
        yield
    finally:
        os.seteuid(0)

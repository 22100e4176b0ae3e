import os
import signal
import stat
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from ninefold.core.errors import SettingError, UnavailableError
from ninefold.core.postgres.embedded import EmbeddedPostgres, cluster, server_processes
from ninefold.core.postgres.embedded import server as server_module
from postgres_support import query

DEATH_TIMEOUT_S = 20


def test_data_survives_a_restart(data_dir: Path) -> None:
    with EmbeddedPostgres(data_dir) as postgres:
        query(postgres.dsn(), "CREATE TABLE kept AS SELECT 42 AS answer")

    with EmbeddedPostgres(data_dir) as postgres:
        answer = query(postgres.dsn(), "SELECT answer FROM kept")

    assert answer == 42


def test_the_database_uses_utf8_and_data_checksums(server: EmbeddedPostgres) -> None:
    names = ("server_encoding", "data_checksums", "timezone")

    assert [query(server.dsn(), f"SHOW {name}") for name in names] == ["UTF8", "on", "UTC"]
    assert query(server.dsn(), "SELECT 'z' < 'ä' AND upper('ä') = 'Ä'") is True


def test_durability_is_on_by_default_and_can_be_turned_off_for_tests(data_dir: Path, server: EmbeddedPostgres) -> None:
    with EmbeddedPostgres(data_dir.with_name("durable")) as durable:
        settings = [query(durable.dsn(), f"SHOW {name}") for name in ("fsync", "synchronous_commit")]

    assert settings == ["on", "on"]
    assert query(server.dsn(), "SHOW fsync") == "off"


def test_the_application_is_not_a_superuser(server: EmbeddedPostgres) -> None:
    assert query(server.dsn(), "SELECT rolsuper FROM pg_roles WHERE rolname = current_user") is False


def test_start_and_stop_can_be_repeated(server: EmbeddedPostgres) -> None:
    assert server.start() == server.dsn()

    server.stop()
    server.stop()

    assert not server.is_running
    assert server.pid is None
    assert server.wait(0)


def test_it_outlives_the_thread_that_started_it(made_data_dir: Path) -> None:
    postgres = EmbeddedPostgres(made_data_dir, is_durable=False)
    with ThreadPoolExecutor(max_workers=1) as executor:
        dsn = executor.submit(postgres.start).result()

    assert not postgres.wait(0.2)
    assert query(dsn, "SELECT 1") == 1
    postgres.stop()


def test_committed_data_survives_a_kill_and_the_address_stays_the_same(made_data_dir: Path) -> None:
    with EmbeddedPostgres(made_data_dir) as postgres:
        dsn = postgres.dsn()
        query(dsn, "CREATE TABLE kept AS SELECT generate_series(1, 1000) AS number")
        _kill(postgres)

        assert postgres.wait(DEATH_TIMEOUT_S)
        assert not postgres.is_running
        assert postgres.start() == dsn
        assert query(dsn, "SELECT count(*) FROM kept") == 1000
        assert "automatic recovery in progress" in (made_data_dir / "postgres.log").read_text()


def test_a_frozen_server_is_resumed_and_stops_cleanly(made_data_dir: Path) -> None:
    with EmbeddedPostgres(made_data_dir, is_durable=False) as postgres:
        processes = server_processes.find_processes(made_data_dir / "postgres")
        for process in processes:
            process.suspend()

        postgres.stop()

    assert [process for process in processes if process.is_running()] == []
    assert "database system is shut down" in (made_data_dir / "postgres.log").read_text()


def test_nothing_of_a_server_that_must_be_killed_is_left(made_data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # As if they waited for a disk that doesn't answer: they can't be resumed.
    monkeypatch.setattr(server_module, "resume_processes", lambda _: None)
    monkeypatch.setattr(server_module, "STOP_SIGNALS", [(signal.SIGINT, 0.1), (signal.SIGKILL, DEATH_TIMEOUT_S)])
    with EmbeddedPostgres(made_data_dir, is_durable=False) as postgres:
        processes = server_processes.find_processes(made_data_dir / "postgres")
        for process in processes:
            process.suspend()

        postgres.stop()

    assert [process for process in processes if process.is_running()] == []


def test_it_listens_on_a_unix_socket_only(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    assert psutil.Process(server.pid).net_connections(kind="inet") == []


def test_it_runs_unprivileged_and_in_its_own_session(server: EmbeddedPostgres) -> None:
    assert server.pid is not None
    process = psutil.Process(server.pid)

    assert 0 not in process.uids()
    assert 0 not in process.gids()
    assert os.getsid(server.pid) == server.pid


def test_the_cluster_and_the_socket_are_private(data_dir: Path, server: EmbeddedPostgres) -> None:
    assert server.is_running
    modes = [
        stat.S_IMODE((data_dir / name).stat().st_mode)
        for name in (".", "postgres", "postgres/.s.PGSQL.5432", "postgres.lock", "postgres.log")
    ]

    assert modes == [0o700, 0o700, 0o700, 0o600, 0o600]


def test_the_permissions_of_existing_folders_do_not_change(tmp_path: Path) -> None:
    closed = tmp_path / "closed"
    closed.mkdir(mode=0o700)
    existing = closed / "open"
    existing.mkdir(mode=0o755)
    before = _permissions_up_to_the_root(existing)

    with EmbeddedPostgres(existing, is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT 1") == 1
        assert _permissions_up_to_the_root(existing) == before

    assert _permissions_up_to_the_root(existing) == before


def test_the_permissions_of_the_programs_folder_do_not_change(made_data_dir: Path) -> None:
    installation = Path(sys.prefix)
    before = _permissions_up_to_the_root(installation)

    with EmbeddedPostgres(made_data_dir, is_durable=False):
        pass

    assert _permissions_up_to_the_root(installation) == before


@pytest.mark.parametrize("name", ["with space", "日本語 ü", "per%cent?&=#", 'it\'s "quoted"', "back\\slash"])
def test_the_folder_can_have_any_name(data_dir: Path, name: str) -> None:
    # The path is short enough for the socket to be in it.
    folder = data_dir.with_name(name)
    with EmbeddedPostgres(folder, is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT 1") == 1
        assert _socket_dir(postgres) == folder / "postgres"


@pytest.mark.parametrize("name", ["n" * 120, "with,comma", os.fsdecode(b"not-utf8-\xff")])
def test_a_path_that_clients_cannot_use_gets_a_short_private_socket(tmp_path: Path, name: str) -> None:
    with EmbeddedPostgres(tmp_path / name, is_durable=False) as postgres:
        socket_dir = _socket_dir(postgres)

        assert query(postgres.dsn(), "SELECT 1") == 1
        assert len(os.fsencode(socket_dir)) < 80
        assert stat.S_IMODE(socket_dir.stat().st_mode) == 0o700

    assert not socket_dir.exists()


def test_a_relative_folder_is_found_after_a_change_of_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with EmbeddedPostgres(Path("data"), is_durable=False) as postgres:
        monkeypatch.chdir("/")

        assert query(postgres.dsn(), "SELECT 1") == 1


def test_environment_variables_for_other_servers_have_no_effect(
    data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"PGDATA": "/nowhere", "PGPORT": "1", "PGHOST": "example.org", "PGUSER": "who"}.items():
        monkeypatch.setenv(name, value)

    with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT current_user") == "ninefold"


def test_an_interrupted_creation_is_started_again(data_dir: Path) -> None:
    half_made = data_dir / "postgres.new" / "base"
    half_made.mkdir(parents=True)
    (half_made / "rest").write_text("of a power cut")

    with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT 1") == 1

    assert not (data_dir / "postgres.new").exists()


def test_a_file_instead_of_the_folder_is_named(data_dir: Path) -> None:
    data_dir.parent.mkdir()
    data_dir.write_text("")

    with pytest.raises(SettingError, match="File exists") as caught:
        EmbeddedPostgres(data_dir).start()

    assert caught.value.field == "NINEFOLD_DATA_DIR"
    assert str(data_dir) in caught.value.detail


def test_a_folder_that_cannot_be_created_is_named() -> None:
    with pytest.raises(SettingError, match="/proc/ninefold") as caught:
        EmbeddedPostgres(Path("/proc/ninefold")).start()

    assert caught.value.field == "NINEFOLD_DATA_DIR"
    assert caught.value.remedy is not None


def test_a_folder_with_other_content_is_not_touched(data_dir: Path) -> None:
    (data_dir / "postgres").mkdir(parents=True)
    (data_dir / "postgres" / "thesis.txt").write_text("years of work")

    with pytest.raises(SettingError, match="isn't a PostgreSQL cluster"):
        EmbeddedPostgres(data_dir).start()

    assert (data_dir / "postgres" / "thesis.txt").read_text() == "years of work"


def test_a_cluster_of_another_version_is_refused(data_dir: Path, server: EmbeddedPostgres) -> None:
    server.stop()
    (data_dir / "postgres" / "PG_VERSION").write_text("17\n")

    with pytest.raises(SettingError, match="created by PostgreSQL 17, but this Ninefold has PostgreSQL 18"):
        server.start()


def test_a_failed_start_reports_the_error_of_postgresql_and_releases_the_folder(
    data_dir: Path, server: EmbeddedPostgres
) -> None:
    server.stop()
    configuration = data_dir / "postgres" / "postgresql.conf"
    intact = configuration.read_text()
    configuration.write_text("max_connections = plenty\n")

    with pytest.raises(SettingError, match=r'invalid value for parameter "max_connections": "plenty"'):
        server.start()

    assert not server.is_running
    configuration.write_text(intact)
    with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT 1") == 1


def test_a_timeout_is_not_reported_as_a_bad_folder(data_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "_INITDB_TIMEOUT_S", 0.01)

    with pytest.raises(UnavailableError, match="didn't finish within"):
        EmbeddedPostgres(data_dir, is_durable=False).start()

    monkeypatch.undo()
    with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
        assert query(postgres.dsn(), "SELECT 1") == 1


def test_nothing_is_logged_after_the_stop(made_data_dir: Path) -> None:
    before = set(threading.enumerate())
    with EmbeddedPostgres(made_data_dir, is_durable=False):
        during = set(threading.enumerate())

    assert before < during
    assert not any(thread.name == "postgres-log" for thread in set(threading.enumerate()) - before)
    assert "database system is shut down" in (made_data_dir / "postgres.log").read_text()


def _kill(postgres: EmbeddedPostgres) -> None:
    assert postgres.pid is not None
    os.kill(postgres.pid, signal.SIGKILL)


def _socket_dir(postgres: EmbeddedPostgres) -> Path:
    return Path(parse_qs(urlsplit(postgres.dsn()).query)["host"][0])


def _permissions_up_to_the_root(folder: Path) -> dict[Path, tuple[int, int, int]]:
    found = {}
    for path in (folder, *folder.parents):
        status = path.stat()
        found[path] = (status.st_mode, status.st_uid, status.st_gid)
    return found

import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import psutil
import pytest

from ninefold.core.postgres.embedded import EmbeddedPostgres, crash_cleanup, server_processes, use_postgres
from ninefold.core.postgres.embedded import server as server_module
from ninefold.core.postgres.embedded.account import choose_account
from ninefold.core.postgres.embedded.cluster import reachable_path
from ninefold.core.postgres.embedded.engine import find_engine
from ninefold.core.postgres.embedded.ownership import AlreadyOwnedError, read_owner
from ninefold.core.postgres.embedded.process import ServerProcess
from postgres_support import query

TIMEOUT_S = 30
SOCKET_LOCK = ".s.PGSQL.5432.lock"


def test_a_second_owner_gets_an_error_that_names_the_first(data_dir: Path, server: EmbeddedPostgres) -> None:
    with pytest.raises(AlreadyOwnedError) as caught:
        EmbeddedPostgres(data_dir).start()

    assert str(data_dir) in caught.value.detail
    assert f"process {os.getpid()}" in caught.value.detail
    assert caught.value.field == "NINEFOLD_DATA_DIR"
    assert query(server.dsn(), "SELECT 1") == 1


def test_a_command_uses_the_running_server_and_does_not_stop_it(data_dir: Path, server: EmbeddedPostgres) -> None:
    with use_postgres(data_dir) as dsn:
        assert dsn == server.dsn()

    assert query(server.dsn(), "SELECT 1") == 1


def test_a_command_runs_its_own_server_if_there_is_none(made_data_dir: Path) -> None:
    with use_postgres(made_data_dir) as dsn:
        query(dsn, "CREATE TABLE kept AS SELECT 42 AS answer")

    assert not (made_data_dir / "postgres" / "postmaster.pid").exists()
    with use_postgres(made_data_dir) as dsn:
        assert query(dsn, "SELECT answer FROM kept") == 42


def test_the_owner_waits_for_a_command_that_started_first(made_data_dir: Path) -> None:
    postgres = EmbeddedPostgres(made_data_dir, is_durable=False)
    with ThreadPoolExecutor(max_workers=1) as executor:
        with use_postgres(made_data_dir) as command_dsn:
            start = executor.submit(postgres.start)
            assert query(command_dsn, "SELECT 1") == 1
            assert not start.done()
        dsn = start.result(TIMEOUT_S)

    assert query(dsn, "SELECT 1") == 1
    postgres.stop()


def test_the_owner_gives_up_on_a_command_that_does_not_end(
    made_data_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(server_module, "COMMAND_TIMEOUT_S", 0)

    with use_postgres(made_data_dir) as dsn:
        with pytest.raises(AlreadyOwnedError, match=f"process {os.getpid()}"):
            EmbeddedPostgres(made_data_dir).start()
        assert query(dsn, "SELECT 1") == 1


def test_concurrent_commands_all_succeed(data_dir: Path) -> None:
    def add(number: int) -> None:
        with use_postgres(data_dir) as dsn:
            query(dsn, f"CREATE TABLE of_{number} ()")

    with ThreadPoolExecutor(max_workers=4) as executor:
        list(executor.map(add, range(4)))

    with use_postgres(data_dir) as dsn:
        assert query(dsn, "SELECT count(*) FROM pg_tables WHERE tablename LIKE 'of%'") == 4


def test_a_command_waits_until_a_starting_owner_is_ready(data_dir: Path) -> None:
    def connect() -> str:
        with use_postgres(data_dir) as dsn:
            query(dsn, "SELECT 1")
            return dsn

    postgres = EmbeddedPostgres(data_dir, is_durable=False)
    with ThreadPoolExecutor(max_workers=2) as executor:
        start = executor.submit(postgres.start)
        connected = executor.submit(connect)
        assert connected.result(TIMEOUT_S) == start.result(TIMEOUT_S)
    postgres.stop()


def test_the_server_ends_when_its_owner_is_killed(made_data_dir: Path) -> None:
    with _owner(made_data_dir) as process:
        query(_dsn(process), "CREATE TABLE kept AS SELECT 42 AS answer")
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(TIMEOUT_S)
            client.connect(str(made_data_dir / "postgres" / ".s.PGSQL.5432"))
            process.kill()

            assert client.recv(1) == b""

    with EmbeddedPostgres(made_data_dir) as postgres:
        assert query(postgres.dsn(), "SELECT answer FROM kept") == 42


def test_the_server_ends_when_its_owner_is_killed_during_the_recovery_from_a_crash(made_data_dir: Path) -> None:
    with _owner(made_data_dir) as process:
        query(_dsn(process), "SELECT 1")
        processes = server_processes.find_processes(made_data_dir / "postgres")
        # Like every process with access to its memory: PostgreSQL restarts all of them.
        writer = next(part for part in processes if "walwriter" in " ".join(part.cmdline()))
        writer.kill()
        # Only now does PostgreSQL start the recovery, during which a fast shutdown would hang.
        _wait_for_log_line(made_data_dir, "all server processes terminated; reinitializing")
        process.kill()
        process.wait(TIMEOUT_S)

    psutil.wait_procs(processes, timeout=TIMEOUT_S)
    assert server_processes.find_processes(made_data_dir / "postgres") == []


def test_a_frozen_server_without_an_owner_is_stopped_by_the_next_start(made_data_dir: Path) -> None:
    with _owner(made_data_dir) as process:
        query(_dsn(process), "CREATE TABLE kept AS SELECT 42 AS answer")
        frozen = server_processes.find_processes(made_data_dir / "postgres")
        for part in frozen:
            part.suspend()
        process.kill()
        process.wait(TIMEOUT_S)

    began_at = time.monotonic()
    with EmbeddedPostgres(made_data_dir) as postgres:
        assert time.monotonic() - began_at < server_processes.STOP_TIMEOUT_S
        assert [part for part in frozen if part.is_running()] == []
        assert query(postgres.dsn(), "SELECT answer FROM kept") == 42


def test_the_next_owner_takes_over_immediately_from_a_killed_one(made_data_dir: Path) -> None:
    with _owner(made_data_dir) as process:
        query(_dsn(process), "CREATE TABLE kept AS SELECT 42 AS answer")
        process.kill()
        process.wait(TIMEOUT_S)

        with EmbeddedPostgres(made_data_dir) as postgres:
            assert query(postgres.dsn(), "SELECT answer FROM kept") == 42


def test_the_socket_folder_of_a_killed_owner_is_removed_by_the_next(tmp_path: Path) -> None:
    data_dir = tmp_path / ("n" * 120)
    with _owner(data_dir) as process:
        _dsn(process)
        process.kill()
        process.wait(TIMEOUT_S)
    left = Path(_read_socket_dir(data_dir))

    with EmbeddedPostgres(data_dir):
        assert not left.exists()


def test_ctrl_c_in_the_terminal_does_not_reach_the_server(made_data_dir: Path) -> None:
    with _owner(made_data_dir) as process:
        dsn = _dsn(process)
        process.send_signal(signal.SIGSTOP)
        os.killpg(process.pid, signal.SIGINT)

        assert query(dsn, "SELECT 1") == 1


def test_a_server_without_an_owner_is_stopped_by_the_next_start(data_dir: Path, server: EmbeddedPostgres) -> None:
    server.stop()
    engine = find_engine(choose_account())
    cluster_dir = data_dir / "postgres"
    with reachable_path(cluster_dir, engine.account) as (path, descriptors):
        orphan = ServerProcess(
            engine.command("postgres", "-D", path, "--listen_addresses=", "--unix_socket_directories=."),
            pass_fds=descriptors,
        )
    with orphan.output as output:
        # Wait until the server is ready.
        while b"ready to accept connections" not in output.readline():
            assert not orphan.has_exited

        with EmbeddedPostgres(data_dir, is_durable=False) as postgres:
            assert orphan.wait(TIMEOUT_S)
            assert query(postgres.dsn(), "SELECT 1") == 1


def test_a_server_without_owner_may_end_by_itself_meanwhile(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with subprocess.Popen(["true"]) as process:
        ended = psutil.Process(process.pid)
    found = iter([[ended], []])
    monkeypatch.setattr(server_processes, "find_processes", lambda _: next(found))
    (tmp_path / "postmaster.pid").touch()

    crash_cleanup.clean_up_after_crash(tmp_path, socket_dir=tmp_path)

    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "names", [["postmaster.pid"], [SOCKET_LOCK], ["postmaster.pid", SOCKET_LOCK]], ids=["data", "socket", "both"]
)
def test_a_process_id_that_another_process_has_now_does_not_prevent_the_start(
    data_dir: Path, server: EmbeddedPostgres, names: list[str]
) -> None:
    files = [data_dir / "postgres" / name for name in names]
    with _other_process() as other:
        rewritten = [_with_process_id(file, other.pid) for file in files]
        server.stop()
        for file, text in zip(files, rewritten, strict=True):
            file.write_text(text)

        assert query(server.start(), "SELECT 1") == 1
        assert other.poll() is None


def test_a_server_that_died_restarts_even_if_another_process_has_its_process_id(tmp_path: Path) -> None:
    with EmbeddedPostgres(tmp_path / ("n" * 120), is_durable=False) as postgres, _other_process() as other:
        assert postgres.pid is not None
        lock = Path(parse_qs(urlsplit(postgres.dsn()).query)["host"][0]) / SOCKET_LOCK
        text = _with_process_id(lock, other.pid)
        os.kill(postgres.pid, signal.SIGKILL)
        assert postgres.wait(TIMEOUT_S)
        lock.write_text(text)

        assert query(postgres.start(), "SELECT 1") == 1
        assert other.poll() is None


def _wait_for_log_line(data_dir: Path, text: str) -> None:
    give_up_at = time.monotonic() + TIMEOUT_S
    while text not in (data_dir / "postgres.log").read_text():
        assert time.monotonic() < give_up_at, text
        time.sleep(0.001)  # A log file gives no signal when it grows.


@contextmanager
def _other_process() -> Iterator["subprocess.Popen[bytes]"]:
    """Run a process of PostgreSQL's user that isn't part of PostgreSQL."""
    account = choose_account()
    process = subprocess.Popen(
        ["sleep", "600"],
        user=None if account.is_current_user else account.uid,
        group=None if account.is_current_user else account.gid,
        extra_groups=None if account.is_current_user else [],
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _with_process_id(file: Path, process_id: int) -> str:
    """Return the text of a PostgreSQL lock file, with another process id in its first line."""
    return "\n".join([str(process_id), *file.read_text().splitlines()[1:]]) + "\n"


@contextmanager
def _owner(data_dir: Path) -> Iterator["subprocess.Popen[str]"]:
    script = Path(__file__).with_name("owner.py")
    process = subprocess.Popen(
        [sys.executable, str(script), str(data_dir)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    with process:
        try:
            yield process
        finally:
            process.kill()


def _dsn(process: "subprocess.Popen[str]") -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def _read_socket_dir(data_dir: Path) -> str:
    owner = read_owner(data_dir)
    assert owner is not None
    assert owner.socket_dir is not None
    return owner.socket_dir

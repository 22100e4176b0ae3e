import errno
import json
import socket
from pathlib import Path

import pytest
import trustme

from chess_engines import EngineProgram
from installations import free_port
from ninefold.core.checks import Finding
from ninefold.core.postgres.embedded.ownership import Owner
from ninefold.edge import doctor
from ninefold.edge.cli import EXIT_FAILED, run
from ninefold.edge.doctor import examine


async def test_a_sound_machine_passes_every_check(tmp_path: Path, database_url: str) -> None:
    engine = EngineProgram(tmp_path)
    findings = await examine(
        settings(tmp_path, NINEFOLD_DATABASE_URL=database_url, NINEFOLD_CHESS_STOCKFISH=str(engine.path))
    )

    assert {"ok"} == {finding.state for finding in findings}
    assert "every migration applied" in find(findings, "database").detail


async def test_the_embedded_database_is_checked_without_starting_it(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path))

    assert "not running" in find(findings, "database").detail
    assert find(findings, "postgresql").state == "ok"
    assert find(findings, "data folder").state == "ok"
    assert not (tmp_path / "data").exists()


async def test_pending_migrations_are_a_warning(tmp_path: Path, empty_database_url: str) -> None:
    findings = await examine(settings(tmp_path, NINEFOLD_DATABASE_URL=empty_database_url))

    assert find(findings, "database").state == "warning"
    assert "ninefold migrate" in str(find(findings, "database").remedy)


async def test_an_unreachable_database_fails(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path, NINEFOLD_DATABASE_URL="postgresql://127.0.0.1:1/none"))

    assert find(findings, "database").state == "failed"


async def test_a_lock_that_cannot_be_read_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lock = tmp_path / "data" / "postgres.lock"

    def refuse(_: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied", str(lock))

    monkeypatch.setattr(doctor, "read_owner", refuse)

    finding = find(await examine(settings(tmp_path)), "database")

    assert finding.state == "warning"
    assert f"this user can't read {lock}" in finding.detail
    assert "as the user who runs Ninefold" in str(finding.remedy)


@pytest.mark.parametrize(
    ("is_alive", "state", "words"), [(True, "warning", "Process 1 runs it"), (False, "ok", "not running")]
)
async def test_a_running_database_that_does_not_answer_is_a_warning_and_a_stopped_one_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, is_alive: bool, state: str, words: str
) -> None:
    owner = Owner(pid=1, is_shared=True, dsn="postgresql://127.0.0.1:1/none")
    monkeypatch.setattr(doctor, "read_owner", lambda _: owner)
    monkeypatch.setattr("psutil.pid_exists", lambda _: is_alive)

    finding = find(await examine(settings(tmp_path)), "database")

    assert finding.state == state
    assert words in finding.detail


async def test_the_closest_name_is_suggested_for_an_unknown_variable(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path, NINEFOLD_EGRES_ALLOW="10.0.0.0/8"))

    assert find(findings, "settings").state == "warning"
    assert "NINEFOLD_EGRESS_ALLOW" in str(find(findings, "settings").remedy)


@pytest.mark.parametrize("variable", ["NINEFOLD_DATA_DIR", "NINEFOLD_API_KEY_FILE", "NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX"])
async def test_there_is_no_warning_for_known_variables(tmp_path: Path, variable: str) -> None:
    findings = await examine({**settings(tmp_path), variable: "100"})

    assert not any(variable in finding.detail for finding in findings if finding.state == "warning")


@pytest.mark.parametrize("variable", ["NINEFOLD_PORT", "NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX"])
async def test_an_invalid_value_fails_with_the_name_of_its_variable(tmp_path: Path, variable: str) -> None:
    findings = await examine({**settings(tmp_path), variable: "many"})

    assert [variable in finding.detail for finding in findings if finding.state == "failed"] == [True]


async def test_loopback_in_the_allow_list_is_a_warning(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path, NINEFOLD_EGRESS_ALLOW="10.0.0.0/8,127.0.0.0/8"))

    assert find(findings, "egress").state == "warning"
    assert "127.0.0.0/8" in find(findings, "egress").detail
    assert "10.0.0.0/8" not in find(findings, "egress").detail


@pytest.mark.parametrize(
    ("variables", "detail"),
    [
        ({}, "public addresses only: this shell has no NINEFOLD_EGRESS_ALLOW"),
        ({"NINEFOLD_EGRESS_ALLOW": "10.0.0.0/8"}, "and 10.0.0.0/8 by this shell's NINEFOLD_EGRESS_ALLOW"),
        ({"NINEFOLD_EGRESS_ALLOW": "127.0.0.0/8"}, "this shell's NINEFOLD_EGRESS_ALLOW has 127.0.0.0/8"),
    ],
)
async def test_egress_is_that_of_this_shell_and_says_so(tmp_path: Path, variables: dict[str, str], detail: str) -> None:
    finding = find(await examine(settings(tmp_path, **variables)), "egress")

    assert detail in finding.detail
    assert "a running server or worker uses the value that it was started with" in finding.detail


async def test_an_invalid_allow_list_fails(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path, NINEFOLD_EGRESS_ALLOW="everything"))

    assert find(findings, "egress").state == "failed"


async def test_the_file_of_authorities_is_read(tmp_path: Path) -> None:
    trustme.CA().cert_pem.write_to_path(tmp_path / "ca.pem")

    findings = await examine(settings(tmp_path, NINEFOLD_EGRESS_CA_FILE=str(tmp_path / "ca.pem")))

    assert find(findings, "egress").state == "ok"
    assert f"{tmp_path / 'ca.pem'} (1)" in find(findings, "egress").detail


async def test_a_missing_file_of_authorities_fails(tmp_path: Path) -> None:
    findings = await examine(settings(tmp_path, NINEFOLD_EGRESS_CA_FILE=str(tmp_path / "none.pem")))

    assert find(findings, "egress").state == "failed"
    assert "NINEFOLD_EGRESS_CA_FILE" in str(find(findings, "egress").remedy)


async def test_a_port_that_is_taken_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ninefold.edge.ports.PROBE_TIMEOUT_S", 0.05)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        findings = await examine(settings(tmp_path), port=listener.getsockname()[1])

    assert find(findings, "port").state == "failed"


async def test_a_port_where_ninefold_answers_passes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "looks_like_ninefold", lambda _: True)
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        findings = await examine(settings(tmp_path), port=listener.getsockname()[1])

    assert "Ninefold answers" in find(findings, "port").detail


async def test_a_data_folder_below_a_file_fails(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")

    findings = await examine(settings(tmp_path), data_dir=tmp_path / "file" / "data")

    assert find(findings, "data folder").state == "failed"


@pytest.mark.parametrize(
    ("hard", "in_flight_max", "words"),
    [
        (256, "100", "enough for 100 deliveries"),
        (228, "100", "enough for 100 deliveries"),
        (3_128, None, "enough for 3,000 deliveries"),
        (-1, None, "without limit"),
    ],
)
async def test_enough_open_files_for_the_deliveries_in_flight_pass(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, hard: int, in_flight_max: str | None, words: str
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, hard))
    variables = {} if in_flight_max is None else {"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX": in_flight_max}

    finding = find(await examine(settings(tmp_path, **variables)), "open files")

    assert finding.state == "ok"
    assert words in finding.detail


@pytest.mark.parametrize(
    ("hard", "in_flight_max", "connections_max", "files_needed"),
    [
        (227, "100", 99, 228),
        (256, "3000", 128, 3_128),
        (64, "3000", 16, 3_128),
        (256, "100000", 128, 4_224),
    ],
)
async def test_too_few_open_files_for_the_deliveries_in_flight_are_a_warning_with_the_number_needed(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    *,
    hard: int,
    in_flight_max: str,
    connections_max: int,
    files_needed: int,
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (64, hard))

    finding = find(await examine(settings(tmp_path, NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX=in_flight_max)), "open files")

    assert finding.state == "warning"
    assert f"a worker has at most {connections_max} connections" in finding.detail
    assert f"ulimit -Hn {files_needed})" in str(finding.remedy)
    assert f"NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX={connections_max}." in str(finding.remedy)


async def test_more_deliveries_in_flight_than_a_worker_has_connections_are_a_warning(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("resource.getrlimit", lambda _: (1_024, 1_048_576))

    findings = await examine(settings(tmp_path, NINEFOLD_WEBHOOKS_IN_FLIGHT_MAX="100000"))

    assert find(findings, "open files").state == "ok"
    assert "never has more than 4,096 connections" in find(findings, "settings").detail


async def test_a_full_disk_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "FREE_BYTES_MIN", 1 << 62)

    findings = await examine(settings(tmp_path))

    assert find(findings, "data folder").state == "failed"


def test_the_command_prints_a_line_for_each_check(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(monkeypatch, settings(tmp_path))

    assert run(["doctor"]) == 0

    shown = capsys.readouterr().out
    assert [check for check in ("python", "clock", "port", "egress", "database") if check not in shown] == []


def test_the_command_fails_if_a_check_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    set_environment(monkeypatch, settings(tmp_path, NINEFOLD_EGRESS_ALLOW="everything"))

    assert run(["doctor", "--json"]) == EXIT_FAILED

    states = [finding["state"] for finding in json.loads(capsys.readouterr().out)]
    assert "failed" in states


def settings(tmp_path: Path, **variables: str) -> dict[str, str]:
    return {"NINEFOLD_DATA_DIR": str(tmp_path / "data"), "NINEFOLD_PORT": str(free_port()), **variables}


def set_environment(monkeypatch: pytest.MonkeyPatch, variables: dict[str, str]) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def find(findings: list[Finding], check: str) -> Finding:
    return next(finding for finding in findings if finding.check == check)

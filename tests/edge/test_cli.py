from collections.abc import Iterator
from pathlib import Path

import cyclopts
import pytest

from ninefold import __version__
from ninefold.core.errors import SettingError
from ninefold.edge import cli
from ninefold.edge.cli import EXIT_FAILED, EXIT_INTERRUPTED, build_app, run

EDGE_COMMANDS = ["up", "serve", "worker", "migrate", "doctor", "demo", "organisations", "keys"]
USAGE_ERROR = 2


@pytest.fixture(autouse=True)
def no_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NINEFOLD_DATABASE_URL", "NINEFOLD_PORT", "NINEFOLD_DATA_DIR", "NINEFOLD_API_KEY"):
        monkeypatch.delenv(name, raising=False)


def test_help_lists_every_command(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--help"]) == 0

    shown = capsys.readouterr().out
    assert [name for name in EDGE_COMMANDS if f" {name} " not in shown] == []
    assert "subscriptions" in shown


@pytest.mark.parametrize(
    "command", ["demo", "doctor", "migrate", "keys create", "subscriptions create", "deliveries list"]
)
def test_help_does_not_show_useless_defaults(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*command.split(), "--help"]) == 0

    shown = capsys.readouterr().out
    assert "--json" in shown
    assert "default: False" not in shown
    assert 'default: ""' not in shown


def test_without_arguments_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    assert run([]) == 0

    assert "Usage: ninefold COMMAND" in capsys.readouterr().out


@pytest.mark.parametrize("name", EDGE_COMMANDS)
def test_each_command_has_help(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name, "--help"]) == 0

    assert f"Usage: ninefold {name}" in capsys.readouterr().out


def test_every_command_is_described() -> None:
    commands = list(walk(build_app(), ()))

    assert len(EDGE_COMMANDS) < len(commands)
    assert [path for path, command in commands if not command.help] == []


def test_the_version_is_that_of_the_package(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["--version"]) == 0

    assert capsys.readouterr().out.strip() == __version__


def test_an_unknown_command_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["nonsense"]) == USAGE_ERROR

    captured = capsys.readouterr()
    assert "nonsense" in captured.err
    assert captured.out == ""


def test_an_invalid_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["up", "--port", "many"]) == USAGE_ERROR

    assert "--port" in capsys.readouterr().err


def test_an_invalid_setting_names_its_variable(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("NINEFOLD_PORT", "many")

    assert run(["up"]) == EXIT_FAILED

    captured = capsys.readouterr()
    assert captured.err.startswith("✗ NINEFOLD_PORT has an invalid value")
    assert "Traceback" not in captured.err
    assert captured.out == ""


@pytest.mark.parametrize(
    ("arguments", "option"),
    [
        (["up", "--port", "70000"], "--port"),
        (["up", "--workers", "0"], "--workers"),
        (["up", "--data-dir", ""], "--data-dir"),
        (["serve", "--host", ""], "--host"),
        (["migrate", "--data-dir="], "--data-dir"),
        (["keys", "list", "--data-dir", ""], "--data-dir"),
        (["organisations", "create", "acme", "--data-dir", ""], "--data-dir"),
        (["doctor", "--data-dir", ""], "--data-dir"),
        (["events", "list", "--server", ""], "--server"),
        (["events", "list", "--api-key", ""], "--api-key"),
    ],
)
def test_an_option_that_the_settings_refuse_is_named(
    arguments: list[str],
    option: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)

    assert run(arguments) == EXIT_FAILED

    captured = capsys.readouterr()
    assert f"{option} " in captured.out + captured.err
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments",
    [
        ["migrate", "--dry-run"],
        ["keys", "list"],
        ["keys", "revoke", "key_01h455vb4pex5vsknk084sn02q"],
        ["keys", "create", "--organisation", "org_01h455vb4pex5vsknk084sn02q"],
        ["organisations", "list"],
    ],
)
def test_commands_that_only_read_create_no_database(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data_dir = tmp_path / "mistyped"

    assert run([*arguments, "--data-dir", str(data_dir)]) == EXIT_FAILED

    shown = capsys.readouterr().err
    assert f"There is no database in the data folder {data_dir}" in shown
    assert "--data-dir" in shown
    assert not data_dir.exists()


@pytest.mark.parametrize("name", ["serve", "worker"])
def test_server_and_worker_need_a_database(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name]) == EXIT_FAILED

    shown = capsys.readouterr().err
    assert "NINEFOLD_DATABASE_URL isn't set" in shown
    assert "ninefold up" in shown


def test_a_command_without_an_api_key_says_how_to_create_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["subscriptions", "list"]) == EXIT_FAILED

    shown = capsys.readouterr().err
    assert "No API key was given." in shown
    assert "ninefold keys create" in shown


def test_a_command_without_a_server_says_how_to_start_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["subscriptions", "list", "--api-key", "nfk_x", "--server", "http://127.0.0.1:1"]) == EXIT_FAILED

    shown = capsys.readouterr().err
    assert "No server responds at http://127.0.0.1:1" in shown
    assert "ninefold up" in shown


def test_an_interrupt_prints_nothing(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.setattr(cli, "build_app", failing_app(KeyboardInterrupt()))

    assert run(["up"]) == EXIT_INTERRUPTED

    assert capsys.readouterr().err == ""


def test_an_error_is_printed_with_its_remedy(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = SettingError("The disk is full.", remedy="Free some space.")
    monkeypatch.setattr(cli, "build_app", failing_app(error))

    assert run(["up"]) == EXIT_FAILED

    assert capsys.readouterr().err == "✗ The disk is full.\n  Free some space.\n"


def test_control_characters_in_an_error_are_made_visible(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = SettingError("It says \x1b[2J.\nTwice.", remedy="Fix \x1b[2J.")
    monkeypatch.setattr(cli, "build_app", failing_app(error))

    assert run(["up"]) == EXIT_FAILED

    assert capsys.readouterr().err == "✗ It says ␛[2J.\nTwice.\n  Fix ␛[2J.\n"


def failing_app(error: BaseException) -> object:
    def build(**_: object) -> cyclopts.App:
        app = cyclopts.App(name="ninefold")

        @app.command
        def up() -> None:
            """Fail."""
            raise error

        return app

    return build


def walk(app: cyclopts.App, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], cyclopts.App]]:
    yield (*path, *app.name), app
    for name in app:
        if not name.startswith("-"):
            yield from walk(app[name], (*path, *app.name))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["subscriptions", "create", "https://example.com"], "needs --event-type (-t)"),
        (["subscriptions", "create", "-t", "*"], "needs the argument URL"),
        (["events", "publish"], "needs the argument EVENT-TYPE"),
        (["subscriptions", "show"], "needs the argument SUBSCRIPTION-ID"),
        (["subscriptions", "create", "https://example.com", "-t"], "parameter -t requires an argument"),
        (["deliveries", "list", "x", "--unknown"], "Unknown option"),
    ],
)
def test_usage_error_names_what_is_missing(
    arguments: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(arguments) == 2

    assert words in capsys.readouterr().err

"""What each workflow command does.

Follows actions/runner, `Runner.Worker/ActionCommandManager.cs`, with its messages.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.commands import COMMAND_NAMES, Command
from ninefold.systems.workflows.execution.errors import CommandError, StepError
from ninefold.systems.workflows.execution.matchers import MatcherConfig, read_matchers
from ninefold.systems.workflows.execution.report import Level
from ninefold.systems.workflows.execution.step_log import StepLog
from ninefold.systems.workflows.execution.step_state import StepState

STOP_COMMANDS: Final = "stop-commands"

_STOP_TOKEN_LENGTH_MIN: Final = 7
"""Characters of a token that is masked, because a shorter one would hide innocent text."""

_MATCHER_BYTES_MAX: Final = 1024 * 1024
"""Of a file of problem matchers."""

_WITHOUT_ECHO: Final = frozenset({"add-mask", "debug", "error", "notice", "stop-commands", "warning"})

_LEVELS: Final[Mapping[str, Level]] = {"notice": "notice", "warning": "warning", "error": "error"}

_ALLOW_UNSECURE: Final = "ACTIONS_ALLOW_UNSECURE_COMMANDS"
_ALLOW_UNSECURE_TOKENS: Final = "ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS"

_DEPRECATED: Final = (
    "The `{name}` command is deprecated and will be disabled soon. Please upgrade to using Environment Files. For more "
    "information see: "
    "https://github.blog/changelog/2022-10-11-github-actions-deprecating-save-state-and-set-output-commands/"
)
_DISABLED: Final = (
    "The `{name}` command is disabled. Please upgrade to using Environment Files or opt into unsecure command "
    "execution by setting the `ACTIONS_ALLOW_UNSECURE_COMMANDS` environment variable to `true`. For more information "
    "see: https://github.blog/changelog/2020-10-01-github-actions-deprecating-set-env-and-add-path-commands/"
)
_INVALID_END: Final = (
    "You cannot use a endToken that is an empty string, the string 'pause-logging', or another workflow command. For "
    "more information see: https://docs.github.com/actions/learn-github-actions/workflow-commands-for-github-actions"
    "#example-stopping-and-starting-workflow-commands or opt into insecure command execution by setting the "
    "`ACTIONS_ALLOW_UNSECURE_STOPCOMMAND_TOKENS` environment variable to `true`."
)


class CommandHandler:
    """Carries out the commands of one step."""

    def __init__(self, state: StepState, log: StepLog, *, workspace: str) -> None:
        self._state = state
        self._log = log
        self._workspace = workspace
        self._has_echo = False
        self._stop_token: str | None = None
        self._handlers: Mapping[str, Callable[[Command], None]] = {
            "add-mask": self._add_mask,
            "add-matcher": self._add_matcher,
            "add-path": self._add_path,
            "debug": lambda command: log.write_debug(command.data),
            "echo": self._echo,
            "endgroup": lambda _: log.write("##[endgroup]"),
            "group": lambda command: log.write(f"##[group]{command.data}"),
            "remove-matcher": self._remove_matcher,
            "save-state": self._save_state,
            "set-env": self._set_env,
            "set-output": self._set_output,
            STOP_COMMANDS: self._stop,
            **dict.fromkeys(_LEVELS, self._annotate),
        }

    @property
    def names(self) -> frozenset[str]:
        """The commands that exist now; while commands are stopped, the token is one."""
        return COMMAND_NAMES | {self._stop_token.lower()} if self._stop_token else COMMAND_NAMES

    def handle(self, line: str, command: Command) -> bool:
        """Carry out a command, and return whether its line was one.

        It isn't while commands are stopped. A command that fails makes the step fail.
        """
        if self._stop_token is not None:
            return self._resume(line, command)
        if self._has_echo and command.name not in _WITHOUT_ECHO:
            self._log.write(line)
        try:
            self._handlers[command.name](command)
        except (StepError, OSError, ValueError) as error:
            shown = command.name if command.name in _WITHOUT_ECHO else line
            self._log.write_error(f"Unable to process command '{shown}' successfully.")
            self._log.write_error(str(error))
            self._state.has_failed_command = True
        return True

    def _resume(self, line: str, command: Command) -> bool:
        if command.name != (self._stop_token or "").lower():
            return False
        self._stop_token = None
        self._log.write(line)
        return True

    def _stop(self, command: Command) -> None:
        token = command.data
        is_invalid = not token or token.lower() in COMMAND_NAMES or token.lower() == "pause-logging"
        if is_invalid and not _is_true(self._state.env.get(_ALLOW_UNSECURE_TOKENS)):
            raise CommandError(_INVALID_END)
        self._stop_token = token
        if len(token) >= _STOP_TOKEN_LENGTH_MIN:
            self._state.job.masker.add(token)
        self._log.write(f"::{STOP_COMMANDS}::{token}")

    def _echo(self, command: Command) -> None:
        value = command.data.strip().upper()
        if value not in {"ON", "OFF"}:
            raise CommandError(
                f"Invalid echo command value. Possible values can be: 'on', 'off'. Current value is: '{command.data}'."
            )
        self._has_echo = value == "ON"

    def _add_mask(self, command: Command) -> None:
        if not command.data.strip():
            self._log.write_warning("Can't add secret mask for empty string in ##[add-mask] command.")
            return
        if self._has_echo:
            self._log.write("::add-mask::***")
        self._state.job.masker.add(command.data)

    def _annotate(self, command: Command) -> None:
        self._log.annotate(_LEVELS[command.name], command.data, properties=command.properties)

    def _set_output(self, command: Command) -> None:
        self._log.write_warning(_DEPRECATED.format(name=command.name))
        self._state.set_output(_name_of(command), command.data)

    def _save_state(self, command: Command) -> None:
        self._log.write_warning(_DEPRECATED.format(name=command.name))
        self._state.saved[_name_of(command)] = command.data

    def _set_env(self, command: Command) -> None:
        self._check_unsecure(command)
        name = _name_of(command)
        if name.upper() == "NODE_OPTIONS":
            self._log.write_error("Can't update NODE_OPTIONS environment variable using ::set-env:: command.")
            return
        self._state.job.set_variable(name, command.data)

    def _add_path(self, command: Command) -> None:
        self._check_unsecure(command)
        if not command.data:
            raise CommandError("Required value 'path' is missing in ##[add-path] command.")
        self._state.job.add_path(command.data)

    def _check_unsecure(self, command: Command) -> None:
        if not _is_true(self._state.env.get(_ALLOW_UNSECURE)):
            raise CommandError(_DISABLED.format(name=command.name))

    def _add_matcher(self, command: Command) -> None:
        if not command.data:
            self._log.write_warning("File path must be specified.")
            return
        self._state.job.add_matchers(self._read_matchers(command.data))

    def _remove_matcher(self, command: Command) -> None:
        owner = command.properties.get("owner")
        if owner and command.data:
            self._log.write_warning(
                "Either specify an owner name or a file path in ##[remove-matcher] command. Both values cannot be set."
            )
        elif owner:
            self._state.job.remove_matchers([owner])
        elif command.data:
            self._state.job.remove_matchers([config.owner for config in self._read_matchers(command.data)])
        else:
            self._log.write_warning(
                "Either an owner name or a file path must be specified in ##[remove-matcher] command."
            )

    def _read_matchers(self, file: str) -> list[MatcherConfig]:
        path = Path(self._workspace) / file
        if path.stat().st_size > _MATCHER_BYTES_MAX:
            raise CommandError(f"The file '{file}' has more than {_MATCHER_BYTES_MAX} bytes")
        return list(read_matchers(path.read_bytes()))


def _name_of(command: Command) -> str:
    name = command.properties.get("name")
    if not name:
        raise CommandError(f"Required field 'name' is missing in ##[{command.name}] command.")
    return name


def _is_true(text: str | None) -> bool:
    return (text or "").lower() in {"1", "true", "$true"}

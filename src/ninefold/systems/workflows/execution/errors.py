"""Errors of a step. Their messages are in its log; they never leave the execution of a job."""


class StepError(Exception):
    """The step fails with this message."""


class CommandError(StepError):
    """A workflow command can't be carried out."""


class FileCommandError(StepError):
    """A file through which a step sets outputs, variables or state has an invalid format."""


class MatcherError(StepError):
    """A file of problem matchers is invalid."""


class ShellError(StepError):
    """A shell doesn't exist, or its option is invalid."""


class ActionError(StepError):
    """An action doesn't exist, can't be read, or is of a kind that isn't supported."""

"""The errors of workflows that callers can get."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec

from ninefold.core.errors import (
    ConflictError,
    ForbiddenError,
    InvalidInputError,
    NotFoundError,
    PayloadTooLargeError,
    TooManyRequestsError,
    UnauthorizedError,
    UnavailableError,
)

ExpressionErrorKind: TypeAlias = Literal["lexing", "parsing", "evaluation"]
"""Where an expression fails: while it is split into tokens, while it is parsed, or while it is evaluated."""


class ExpressionError(InvalidInputError):
    """An expression can't be parsed or evaluated.

    Args:
        kind: which step fails.
        message: what is wrong, in GitHub's words.
        offset: the index of the character in the expression where it is wrong, from 0; None if there isn't one.
    """

    code = "invalid_expression"
    title = "Invalid expression"

    def __init__(self, kind: ExpressionErrorKind, message: str, *, offset: int | None = None) -> None:
        super().__init__(message)
        self.kind = kind
        self.message = message
        self.offset = offset


class InvalidPlanError(InvalidInputError):
    """A workflow can't be planned with the values that it has in this run: a matrix, a name, a concurrency group."""

    code = "invalid_plan"
    title = "The run can't be planned"


class InvalidDispatchError(InvalidInputError):
    """The inputs of a run that is started by hand, or by another workflow, don't match their declarations."""

    code = "invalid_inputs"
    title = "Invalid inputs"


class Problem(msgspec.Struct, frozen=True, kw_only=True):
    """What is wrong in a file, and where; lines and columns count from 1."""

    file: str
    message: str
    line: int | None = None
    column: int | None = None
    """None if the whole file is wrong."""
    remedy: str | None = None
    severity: Literal["error", "warning"] = "error"

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.message}" + (f" ({self.remedy})" if self.remedy else "")


class InvalidFileError(InvalidInputError):
    """A workflow file or an action can't be read.

    Args:
        problems: what is wrong in it, at least one and at most ten, in the order of the file.
    """

    code = "invalid_workflow"
    title = "Invalid workflow"

    def __init__(self, problems: Sequence[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = tuple(problems)


class RepositoryNotFoundError(NotFoundError):
    """There is no such repository in the organisation."""

    code = "repository_not_found"
    title = "Repository not found"


class RepositoryNameTakenError(ConflictError):
    """The organisation has another repository of this name."""

    code = "repository_name_taken"
    title = "Repository name taken"


class InvalidRepositoryError(InvalidInputError):
    """A repository can't be like this."""

    code = "invalid_repository"
    title = "Invalid repository"


class TooManyRepositoriesError(ConflictError):
    """The organisation has as many repositories as it can have."""

    code = "too_many_repositories"
    title = "Too many repositories"


class InvalidOwnerError(InvalidInputError):
    """The first part of the names of repositories can't be like this."""

    code = "invalid_owner"
    title = "Invalid owner"


class RunsUnfinishedError(ConflictError):
    """Runs go on that know the repository by its name."""

    code = "runs_unfinished"
    title = "Runs haven't ended"


class OwnerTakenError(ConflictError):
    """Another organisation has this first part of the names of its repositories."""

    code = "owner_taken"
    title = "Owner taken"


class InvalidGitRequestError(InvalidInputError):
    """A request isn't one of git's smart HTTP protocol."""

    code = "invalid_git_request"
    title = "Invalid git request"
    http_status = 400


class BranchRefusedError(InvalidGitRequestError):
    """A push creates or moves a branch that git can't check out."""

    code = "branch_refused"
    title = "Branch refused"


class GitBodyTooLargeError(PayloadTooLargeError):
    """What git sends is larger than its limit."""

    code = "git_body_too_large"
    title = "Push too large"


class GitBusyError(UnavailableError):
    """A repository, or the server, is busy with other requests of git."""

    code = "git_busy"
    title = "Busy"


class GitFailedError(UnavailableError):
    """The program git failed, or took too long."""

    code = "git_failed"
    title = "Git failed"


class RunNotFoundError(NotFoundError):
    """There is no such run, or no such job."""

    code = "run_not_found"
    title = "Run not found"


class RunEndedError(ConflictError):
    """A run has ended, and nothing of it can be changed."""

    code = "run_ended"
    title = "The run has ended"


class RunNotEndedError(ConflictError):
    """A run can't be run again before it has ended."""

    code = "run_not_ended"
    title = "The run has not ended"


class TooManyAttemptsError(ConflictError):
    """A run was run again as often as it can be."""

    code = "too_many_attempts"
    title = "Too many attempts"


class TooManyRunsError(TooManyRequestsError):
    """A repository has started too many runs within a few seconds."""

    code = "too_many_runs"
    title = "Too many runs"


class WorkflowNotFoundError(NotFoundError):
    """The repository has no such workflow file, branch or tag."""

    code = "workflow_not_found"
    title = "Workflow not found"


class StaleLeaseError(ConflictError):
    """A runner says something about a job that it doesn't have any more."""

    code = "stale_lease"
    title = "The lease has ended"


class JobTokenInvalidError(UnauthorizedError):
    """No job that runs has this token."""

    code = "job_token_invalid"
    title = "Invalid job token"


class ResultsForbiddenError(ForbiddenError):
    """A job asks for something of another run."""

    code = "results_forbidden"
    title = "Not of this job"


class ResultNotFoundError(NotFoundError):
    """There is no such artifact or cache, or it has expired."""

    code = "artifact_not_found"
    title = "Artifact not found"


class ArtifactNameTakenError(ConflictError):
    """The run has an artifact of this name."""

    code = "artifact_name_taken"
    title = "Artifact name taken"


class InvalidResultError(InvalidInputError):
    """An artifact or a cache can't be like this, or wasn't uploaded like this."""

    code = "invalid_result"
    title = "Invalid artifact or cache"


class ResultTooLargeError(PayloadTooLargeError):
    """An artifact or a cache is larger than its limit."""

    code = "result_too_large"
    title = "Too large"


class AddressInvalidError(ForbiddenError):
    """The address of contents isn't signed, or has expired."""

    code = "address_invalid"
    title = "Invalid address"


class InvalidSecretError(InvalidInputError):
    """A secret or a variable can't be like this."""

    code = "invalid_secret"
    title = "Invalid secret or variable"


class SecretNotFoundError(NotFoundError):
    """There is no such secret."""

    code = "secret_not_found"
    title = "Secret not found"


class VariableNotFoundError(NotFoundError):
    """There is no such variable."""

    code = "variable_not_found"
    title = "Variable not found"


class TooManySecretsError(ConflictError):
    """There are as many secrets or variables as there can be."""

    code = "too_many_secrets_or_variables"
    title = "Too many secrets or variables"

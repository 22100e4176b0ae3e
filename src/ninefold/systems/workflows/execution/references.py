"""What `uses` of a step refers to."""

import re
from typing import Final, TypeAlias

import msgspec

from ninefold.systems.workflows.execution.errors import ActionError

_NAME: Final = re.compile(r"[A-Za-z0-9_.-]+")
_DOCKER: Final = "docker://"


class LocalAction(msgspec.Struct, frozen=True):
    """An action in the workspace: `./path`."""

    path: str

    def __str__(self) -> str:
        return self.path


class RemoteAction(msgspec.Struct, frozen=True):
    """An action of a repository: `owner/repo@ref`, or `owner/repo/path@ref`."""

    owner: str
    repository: str
    path: str
    ref: str

    @property
    def name(self) -> str:
        """Owner and repository."""
        return f"{self.owner}/{self.repository}"

    def __str__(self) -> str:
        return f"{self.name}{'/' * bool(self.path)}{self.path}@{self.ref}"


Reference: TypeAlias = LocalAction | RemoteAction
"""Where an action is."""


def parse_reference(uses: str) -> Reference:
    """Return what `uses` refers to.

    Raises:
        ActionError: it is a container, or has another form than those of `Reference`.
    """
    if uses.startswith(_DOCKER):
        raise ActionError(f"'{uses}' runs in a container, and this runner has no containers")
    if uses.startswith(("./", "../", ".\\")) or uses == ".":
        return LocalAction(uses)
    name, separator, ref = uses.partition("@")
    owner, _, rest = name.partition("/")
    repository, _, path = rest.partition("/")
    is_name = all(_NAME.fullmatch(part) and part.strip(".") for part in (owner, repository))
    if not separator or not ref or not is_name or ".." in path.split("/"):
        raise ActionError(
            f"Expected format {{org}}/{{repo}}[/path]@ref. Actual '{uses}', Input string was not in a correct format."
        )
    return RemoteAction(owner, repository, path.strip("/"), ref)

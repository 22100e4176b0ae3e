"""Which actions Ninefold has of its own, and for which references they are used."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from ninefold.systems.workflows.execution.references import RemoteAction

BUILT_IN: Final = Path(__file__).with_name("actions")
"""The folder with the actions: `<repository>/action.yml`, or `<repository>/<path>/action.yml`."""

POSTS: Final[Mapping[str, str]] = {"cache": "success()", "checkout": "always()"}
"""Programs that also run after all steps of a job, and on which condition."""

_OWNER: Final = "actions"
_VERSION: Final = re.compile(r"v\d[A-Za-z0-9.-]*|[0-9a-f]{7,64}")


def find_built_in(reference: RemoteAction) -> Path | None:
    """Return the folder of Ninefold's own version of an action's repository, if there is one for this version.

    Only tags such as `v4` and commits are versions, since a branch asks for something newer than that.
    """
    folder = BUILT_IN / reference.repository.lower()
    is_ours = reference.owner.lower() == _OWNER and folder.is_dir() and folder.parent == BUILT_IN
    return folder if is_ours and _VERSION.fullmatch(reference.ref) else None


def is_built_in(folder: Path) -> bool:
    """Return whether a folder has an action of Ninefold's own."""
    return folder.is_relative_to(BUILT_IN)

"""Ids, tags and field types that the routes of workflows share."""

from typing import Annotated, Final

import msgspec

from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.systems.workflows.model.repositories import REPOSITORY_PREFIX

TAGS: Final = ["workflows"]

RepositoryIdText = Annotated[str, msgspec.Meta(examples=[f"{REPOSITORY_PREFIX}_{EXAMPLE_ID}"])]


class RepositoryId(PathId):
    """The id of a repository."""

    prefix = REPOSITORY_PREFIX

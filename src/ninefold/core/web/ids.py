"""Ids in paths and query strings: clients use the TypeID text, handlers get a UUID.

Each kind of id is a class. A handler uses it as the type of a parameter:

    from litestar import get

    class NoteId(PathId):
        prefix = "note"

    @get("/api/v1/notes/{note_id:str}")
    async def get_note(note_id: NoteId) -> str:
        return f"{note_id} is {note_id.hex}"

    assert decode_path_id(NoteId, "note_01h455vb4pex5vsknk084sn02q") == UUID("01890a5d-ac96-774b-bcce-b302099a8057")

A text that isn't such an id is answered with 404 in a path, like an id that doesn't exist. In a query string it is
answered with 422. In a body, ids are texts; `parse_body_id` reads them.
"""

from typing import Any, ClassVar, Final
from uuid import UUID

from ninefold.core.errors import InvalidInputError
from ninefold.core.ids import InvalidIdError, format_id, parse_id

ID_SHOWN_MAX: Final = 80
EXAMPLE_ID: Final = "01h455vb4pex5vsknk084sn02q"
"""An id without its prefix, for examples."""


class PathId(UUID):
    """A UUID that is written in paths and query strings as text with the prefix of its class."""

    prefix: ClassVar[str]

    def __str__(self) -> str:
        return format_id(self.prefix, self)


def is_path_id(kind: Any) -> bool:
    """Return whether a type is a subclass of `PathId`."""
    return isinstance(kind, type) and issubclass(kind, PathId)


def decode_path_id(kind: type[PathId], text: Any) -> PathId:
    """Return the id that a text represents.

    Raises:
        ValueError: the text isn't an id of this kind; Litestar adds the name of the parameter.
    """
    try:
        return kind(int=parse_id(kind.prefix, text).int)
    except InvalidIdError as error:
        raise ValueError(f"expected an id such as {kind.prefix}_01h45…, got {text[:ID_SHOWN_MAX]!r}") from error


def parse_body_id(prefix: str, text: str, *, field: str) -> UUID:
    """Return the id in a field of a body.

    Raises:
        InvalidInputError: the text isn't an id with this prefix; the error names `field`.
    """
    try:
        return parse_id(prefix, text)
    except InvalidIdError as error:
        raise InvalidInputError(
            f"{text[:ID_SHOWN_MAX]!r} isn't an id such as {prefix}_01h45….", field=field, remedy="Correct the id."
        ) from error


def path_id_schema(kind: type[PathId]) -> dict[str, Any]:
    """Return the JSON schema of the text of an id."""
    return {
        "type": "string",
        "pattern": f"^{kind.prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
        "examples": [f"{kind.prefix}_01h455vb4pex5vsknk084sn02q"],
    }

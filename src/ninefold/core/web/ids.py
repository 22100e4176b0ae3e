"""Ids in paths and queries: TypeID text outside, a UUID for the handler.

Each kind of id is a class, which a handler names:

    from litestar import get

    class NoteId(PathId):
        prefix = "note"

    @get("/api/v1/notes/{note_id:str}")
    async def get_note(note_id: NoteId) -> str:
        return f"{note_id} is {note_id.hex}"

    assert decode_path_id(NoteId, "note_01h455vb4pex5vsknk084sn02q") == UUID("01890a5d-ac96-774b-bcce-b302099a8057")

A text that isn't such an id answers 404 in a path, as an id does that nobody has: there is nothing at either. In a
query it answers 422.
"""

from typing import Any, ClassVar, Final
from uuid import UUID

from ninefold.core.ids import InvalidIdError, format_id, parse_id

ID_SHOWN_MAX: Final = 80


class PathId(UUID):
    """A UUID that stands in paths and queries as text with its class's prefix."""

    prefix: ClassVar[str]

    def __str__(self) -> str:
        return format_id(self.prefix, self)


def is_path_id(kind: Any) -> bool:
    """Say whether a type is one of `PathId`'s."""
    return isinstance(kind, type) and issubclass(kind, PathId)


def decode_path_id(kind: type[PathId], text: Any) -> PathId:
    """Return the id in a text.

    Raises:
        ValueError: it isn't an id of this kind; Litestar says of which parameter.
    """
    try:
        return kind(int=parse_id(kind.prefix, text).int)
    except InvalidIdError as error:
        raise ValueError(f"expected an id such as {kind.prefix}_01h45…, got {text[:ID_SHOWN_MAX]!r}") from error


def path_id_schema(kind: type[PathId]) -> dict[str, Any]:
    """Return the JSON schema of an id's text."""
    return {
        "type": "string",
        "pattern": f"^{kind.prefix}_[0-7][0-9a-hjkmnp-tv-z]{{25}}$",
        "examples": [f"{kind.prefix}_01h455vb4pex5vsknk084sn02q"],
    }

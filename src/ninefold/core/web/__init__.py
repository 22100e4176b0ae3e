"""The HTTP application: surfaces, authentication, request bodies, pagination, problems, OpenAPI, WebSockets.

A system's routes are plain Litestar handlers. The type of each parameter says where its value comes from:

    from typing import Annotated

    import msgspec
    from litestar import get, post
    from litestar.di import NamedDependency
    from litestar.params import FromPath

    from ninefold.core.postgres.database import Database
    from ninefold.core.tenancy.model import Principal
    from ninefold.core.web.bodies import FromBody, RequestBody
    from ninefold.core.web.ids import PathId
    from ninefold.core.web.problems import problem_responses

    class NoteId(PathId):
        prefix = "note"

    class CreateNote(RequestBody, frozen=True, kw_only=True):
        text: Annotated[str, msgspec.Meta(max_length=2000, description="The text of the note.")]

    class Note(msgspec.Struct, frozen=True, kw_only=True):
        note_id: str
        text: str

    @post("/api/v1/notes", tags=["notes"], responses=problem_responses(409))
    async def create_note(
        data: FromBody[CreateNote], principal: NamedDependency[Principal], database: NamedDependency[Database]
    ) -> Note:
        "Create a note."
        ...

    @get("/api/v1/notes/{note_id:str}", tags=["notes"])
    async def get_note(
        note_id: FromPath[NoteId], principal: NamedDependency[Principal], database: NamedDependency[Database]
    ) -> Note:
        "Show a note."
        ...

The application injects `principal` and `database`. A `NinefoldError` that a handler raises is sent as a problem.
"""

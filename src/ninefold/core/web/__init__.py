"""The HTTP application: surfaces, authentication, bodies, ids, pages, problems, documents, WebSockets.

A system's routes are plain Litestar handlers. Each parameter says where it comes from:

    from typing import Annotated

    import msgspec
    from litestar import get, post
    from litestar.di import NamedDependency
    from litestar.params import FromPath

    from ninefold.core.postgres.database import Database
    from ninefold.core.tenancy.model import Principal
    from ninefold.core.web.bodies import RequestBody
    from ninefold.core.web.body_reading import FromBody
    from ninefold.core.web.ids import PathId
    from ninefold.core.web.problems import problem_responses

    class NoteId(PathId):
        prefix = "note"

    class CreateNote(RequestBody, frozen=True, kw_only=True):
        text: Annotated[str, msgspec.Meta(max_length=2000, description="What is noted.")]

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

`principal` and `database` are given by the application. What is raised as a `NinefoldError` leaves as a problem.
"""

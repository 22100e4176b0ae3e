"""The sample data of workflows: repositories."""

from http_api import Api, Json
from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-knows-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Create repositories."""
    repository = await create(context.api, SECRET_TEXT)
    await create(context.api, "catalogue")
    doomed = await create(context.api, "doomed")
    return SampleData(
        ids={"repository_id": repository["repository_id"]},
        ids_of={"delete_repository": {"repository_id": doomed["repository_id"]}},
        secret_text=SECRET_TEXT,
        destroying=["delete_repository"],
    )


async def create(api: Api, name: str) -> Json:
    """Create a repository."""
    return await api.done("POST", "/workflows/repositories", json={"name": name})

"""The sample data of video: a title that can be played, and a profile that has begun it and has it on its list."""

from sample_data import SampleContext, SampleData
from video_titles import make_profile, make_title

SECRET_TEXT = "only-acme-watches-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Make two titles and two profiles, and let one watch."""
    api, database = context.api, context.database
    title_id = await make_title(api, database, SECRET_TEXT, tags=["sea"])
    await make_title(api, database, f"{SECRET_TEXT} too", tags=["sea"])
    await make_profile(api, "Rui")
    profile_id = await make_profile(api, SECRET_TEXT)
    await api.done("PUT", f"/video/profiles/{profile_id}/positions/{title_id}", json={"position_s": 1_000})
    await api.done("PUT", f"/video/profiles/{profile_id}/list/{title_id}")
    return SampleData(
        ids={"profile_id": profile_id, "title_id": title_id},
        secret_text=SECRET_TEXT,
        destroying=["remove_from_list", "forget_position", "delete_profile"],
    )

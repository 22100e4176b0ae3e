"""The core's sample data: jobs of an organisation, one of them canceled."""

from sample_data import SampleContext, SampleData


async def make_sample_data(context: SampleContext) -> SampleData:
    """Make two jobs: the deletion of a subscription enqueues one."""
    api = context.api
    for _ in range(2):
        subscription = {"url": "https://example.com/hooks", "event_types": ["*"]}
        created = await api.done("POST", "/subscriptions", json=subscription)
        response = await api.request("DELETE", f"/subscriptions/{created['subscription_id']}")
        assert response.status_code == 204
    waiting, canceled = [job["job_id"] for job in (await api.get("/jobs"))["items"]]
    secret_text = (await api.done("POST", f"/jobs/{canceled}/cancel"))["canceled_by"]
    return SampleData(
        ids={"job_id": waiting},
        secret_text=secret_text,
        destroying=["pause_job", "resume_job", "cancel_job", "retry_job"],
    )

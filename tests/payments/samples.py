"""The sample data of payments: a merchant whose name only its organisation may read."""

from sample_data import SampleContext, SampleData

SECRET_TEXT = "only-acme-knows-this"


async def make_sample_data(context: SampleContext) -> SampleData:
    """Create a merchant."""
    merchant = await context.api.done("POST", "/payments/merchants", json={"name": SECRET_TEXT})
    await context.api.done("POST", "/payments/merchants", json={"name": "Bakery"})
    return SampleData(ids={"merchant_id": merchant["merchant_id"]}, secret_text=SECRET_TEXT, destroying=[])

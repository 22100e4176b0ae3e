"""The sample data of workflows: nothing yet, because everything that it has works on files."""

from sample_data import SampleContext, SampleData


async def make_sample_data(_: SampleContext) -> SampleData:
    """Create nothing."""
    return SampleData(ids={}, secret_text="nothing of workflows is stored", destroying=[])

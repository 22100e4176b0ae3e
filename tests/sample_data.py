"""Sample data of each system, for the test suites that run on all systems."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import NamedTuple, TypeAlias

from http_api import Api
from in_process import StartWorker
from receivers import Receiver

TESTS = Path(__file__).parent


class SampleContext(NamedTuple):
    """What `make_sample_data` gets."""

    api: Api
    """A client of the organisation that will own the data."""
    receiver: Receiver
    start_worker: StartWorker


class SampleData(NamedTuple):
    """The data that an organisation has in one system."""

    ids: Mapping[str, str]
    """For each parameter of a path, an id on which every operation with this parameter succeeds.

    Every list of the organisation's data contains one of these, and has a second page if `limit` is 1.
    """
    secret_text: str
    """A text in the owner's responses that nobody else may see."""
    destroying: Sequence[str]
    """The operations to call last, in this order, because they delete what others need."""


MakeSampleData: TypeAlias = Callable[[SampleContext], Awaitable[SampleData]]


def sample_maker_of(system_name: str, *, tests: Path = TESTS) -> MakeSampleData:
    """Return the `make_sample_data` of a system's `samples.py`.

    Raises:
        AssertionError: the system has none.
    """
    file = tests / system_name / "samples.py"
    assert file.is_file(), (
        f"The system {system_name} has no sample data, so its isolation of organisations isn't tested. "
        f"Write tests/{system_name}/samples.py with a make_sample_data, as docs/testing.md says."
    )
    # Load it by path, because an installed package could have the system's name.
    spec = spec_from_file_location(f"samples_of_{system_name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    make: MakeSampleData = module.make_sample_data
    return make

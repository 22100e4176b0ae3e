"""Sample data: each system brings some, for the suites that run over all systems."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple, TypeAlias

from http_api import Api
from in_process import StartWorker
from ninefold.core.postgres.database import Database
from receivers import Receiver

TESTS = Path(__file__).parent


class SampleContext(NamedTuple):
    """What sample data is made with."""

    api: Api
    """A client of the organisation that will own it."""
    receiver: Receiver
    start_worker: StartWorker
    database: Database
    """That of the server, for what no client can bring about."""
    environment: Mapping[str, str] = MappingProxyType({})
    """The settings of the server, as far as a suite has chosen them."""


class SampleData(NamedTuple):
    """What an organisation has of one system."""

    ids: Mapping[str, str]
    """For each parameter of a path, an id on which every operation with this parameter succeeds.

    A list of all that an organisation has shows one of these, and has a second page when `limit` is 1.
    """
    secret_text: str
    """A text that only the owner's responses may contain."""
    destroying: Sequence[str]
    """The operations that are called last, in this order, because they remove what others need."""
    not_for_keys: Sequence[str] = ()
    """The operations that no API key can call, because it isn't a person."""
    needs_own: Sequence[str] = ()
    """The operations without an id in the path that name something of the organisation in their body."""
    creating: Sequence[str] = ()
    """The operations that create what their path names, because the caller chooses that name."""
    ids_of: Mapping[str, Mapping[str, str]] = MappingProxyType({})
    """For an operation that ends what it is called on, ids of its own instead of `ids`."""
    contents: Mapping[str, bytes] = MappingProxyType({})
    """For an operation whose body isn't JSON, a body that it accepts once."""

    def ids_for(self, operation_id: str) -> Mapping[str, str]:
        """Return the ids on which an operation succeeds."""
        return {**self.ids, **self.ids_of.get(operation_id, {})}


MakeSampleData: TypeAlias = Callable[[SampleContext], Awaitable[SampleData]]


def sample_maker_of(system_name: str, *, tests: Path = TESTS) -> MakeSampleData:
    """Return the `make_sample_data` of a system's `samples.py`.

    Raises:
        AssertionError: the system brings none.
    """
    file = tests / system_name / "samples.py"
    assert file.is_file(), (
        f"The system {system_name} brings no sample data, so nobody knows whether one organisation can see another's. "
        f"Write tests/{system_name}/samples.py with a make_sample_data, as docs/testing.md says."
    )
    # By its path, because a system may have the name of a package that is installed.
    spec = spec_from_file_location(f"samples_of_{system_name}", file)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    make: MakeSampleData = module.make_sample_data
    return make

"""How processes that systems add are found and started."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from ninefold.core.processes import ProcessAddress, ProcessFolder, ProcessRunsAlreadyError


@pytest.fixture
def address() -> Iterator[ProcessAddress]:
    with tempfile.TemporaryDirectory(prefix="nf") as folder:
        yield ProcessFolder.of(Path(folder)).address("notes.index")


def test_sockets_are_in_the_data_folder_unless_their_path_would_be_too_long(tmp_path: Path) -> None:
    assert ProcessFolder.of(Path("/data")).path == Path("/data/run")

    long = ProcessFolder.of(tmp_path / ("a long name " * 10))
    assert len(str(long.address("notes.index").starting_socket)) < 100
    assert long == ProcessFolder.of(tmp_path / ("a long name " * 10))
    assert long != ProcessFolder.of(tmp_path / ("another name " * 10))


def test_nobody_listens_without_a_supervisor(address: ProcessAddress) -> None:
    assert not address.request_start()


def test_a_supervisor_hears_the_ring(address: ProcessAddress) -> None:
    with address.exclusive(), address.listen_for_start_requests() as requests:
        assert address.request_start()
        assert requests.recv(16)


def test_many_start_requests_do_not_block(address: ProcessAddress) -> None:
    with address.exclusive(), address.listen_for_start_requests():
        assert all(address.request_start() for _ in range(2_000))


def test_one_process_at_a_time_has_the_place(address: ProcessAddress) -> None:
    with address.exclusive(), pytest.raises(ProcessRunsAlreadyError), address.exclusive():
        pass
    with address.exclusive():
        assert address.folder.stat().st_mode & 0o077 == 0


def test_a_process_that_is_ready_has_its_socket_in_place(address: ProcessAddress) -> None:
    with address.exclusive():
        address.starting_socket.touch()
        assert not address.ready_socket.exists()

        address.announce()

        assert address.ready_socket.exists()
        address.remove_sockets()
        assert not address.ready_socket.exists()

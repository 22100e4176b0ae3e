"""What `ninefold doctor` says about the store of blobs."""

from pathlib import Path

import pytest

from ninefold.core.blobs import checks
from ninefold.core.blobs.checks import check_blobs
from ninefold.core.config import CoreSettings


async def test_a_folder_that_can_be_created_is_fine(tmp_path: Path) -> None:
    finding = await check_blobs(CoreSettings(data_dir=tmp_path / "data"))

    assert finding.state == "ok"
    assert f"{tmp_path}/data/blobs, " in finding.detail
    assert "other machines" not in finding.detail
    assert not (tmp_path / "data").exists()


async def test_with_a_database_elsewhere_it_says_what_other_machines_need(tmp_path: Path) -> None:
    finding = await check_blobs(CoreSettings(data_dir=tmp_path, database_url="postgresql://db/ninefold"))

    assert finding.state == "ok"
    assert "processes on other machines need the same folder" in finding.detail


async def test_a_full_disk_is_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checks, "FREE_BYTES_COMFORTABLE", 2**62)

    assert (await check_blobs(CoreSettings(data_dir=tmp_path))).state == "warning"


async def test_a_file_instead_of_a_folder_fails(tmp_path: Path) -> None:
    (tmp_path / "blobs").write_text("")

    finding = await check_blobs(CoreSettings(data_dir=tmp_path))

    assert (finding.state, finding.detail) == ("failed", f"{tmp_path}/blobs isn't a folder.")


async def test_a_folder_that_cannot_be_written_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda *_: False)

    assert "can't write" in (await check_blobs(CoreSettings(data_dir=tmp_path))).detail


async def test_a_bucket_that_answers_is_fine(store_url: str) -> None:
    assert (await check_blobs(CoreSettings(blobs_url=store_url))).state == "ok"


@pytest.mark.usefixtures("s3_environment")
async def test_a_bucket_that_does_not_exist_fails() -> None:
    finding = await check_blobs(CoreSettings(blobs_url="s3://nobody-has-this"))

    assert finding.state == "failed"
    assert "s3://nobody-has-this" in finding.detail


async def test_a_wrong_address_fails() -> None:
    assert "NINEFOLD_BLOBS_URL" in (await check_blobs(CoreSettings(blobs_url="ftp://x"))).detail

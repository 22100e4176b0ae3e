"""The commands of the ledger: what they print."""

from functools import partial

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import run


@pytest.mark.parametrize(
    ("count", "shown"),
    [
        (1, ["1 transfer in 1 block.", "1 account;", "1 fault in the ledger"]),
        (2_000, ["2,000 transfers in 2,000 blocks.", "2,000 accounts;", "2,000 faults in the ledger"]),
    ],
)
def test_an_audit_says_what_it_has_verified(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], count: int, shown: list[str]
) -> None:
    counts = dict.fromkeys(("transfers", "unsealed", "accounts", "blocks", "fault_count"), count)
    audit: dict[str, object] = {**counts, "last_hash": None, "balances": {}, "faults": []}
    job: dict[str, object] = {
        **dict.fromkeys(("waiting_reason", "progress_done", "progress_total", "progress_note", "error", "canceled_by")),
        "job_id": "job_01h455vb4pex5vsknk084sn02q",
        "kind": "payments.audit",
        "state": "succeeded",
        "created_at": "2026-11-23T22:00:00Z",
        "finished_at": "2026-11-23T22:00:01Z",
        "result": audit,
    }
    transport = httpx.MockTransport(lambda _: httpx.Response(200, json=job))
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", partial(ApiClient, transport=transport))

    assert run(["payments", "audit"]) != 0

    printed = capsys.readouterr()
    text = " ".join((printed.out + printed.err).split())
    for part in shown:
        assert part in text

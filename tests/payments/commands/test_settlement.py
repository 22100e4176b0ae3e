"""The commands of settlement and reconciliation: what they send, and what they print."""

import json
from functools import partial
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from ninefold.core.commands import ApiClient
from ninefold.edge.cli import run

PAYMENTS: Final = "/api/v1/payments"
BREAK: Final[dict[str, Any]] = {
    "break_id": "brk_01h455vb4pex5vsknk084sn02q",
    "day": "2026-11-23",
    "source": "bank",
    "type": "amount",
    "reference": "PO123",
    "currency": "USD",
    "expected_amount": -9680,
    "found_amount": -9681,
    "state": "open",
    "opened_at": "2026-11-24T06:00:00Z",
    "advice": "Ask the bank.",
    "can_match": True,
    "evidence": None,
}
JOB: Final[dict[str, Any]] = {
    "job_id": "job_01h455vb4pex5vsknk084sn02q",
    "kind": "payments.settle_merchant",
    "state": "succeeded",
    "waiting_reason": None,
    "progress_done": None,
    "progress_total": None,
    "progress_note": None,
    "error": None,
    "canceled_by": None,
    "created_at": "2026-11-23T22:00:00Z",
    "finished_at": "2026-11-23T22:00:01Z",
    "result": {"batches": ["bat_1"]},
}

MERCHANT: Final[dict[str, Any]] = {
    "merchant_id": "mer_01h455vb4pex5vsknk084sn02q",
    "name": "Bakery",
    "processor": "simulator",
    "country": "US",
    "default_currency": "USD",
    "time_zone": "America/New_York",
    "cutoff": "17:00",
    "bank_account_last4": "6789",
    "fees": [{"currency": "JPY", "bps": 360, "fixed": 40}],
    "bank_account_name": "Bakery Inc.",
    "bank_routing_number": "021000021",
    "bank_account_kind": "checking",
    "created_at": "2026-11-01T12:00:00Z",
    **dict.fromkeys(
        ("fee_bps", "fee_fixed", "hold_days", "first_payout_days", "reserve_bps", "reserve_days", "payout_minimum"), 0
    ),
}
PAYOUT: Final[dict[str, Any]] = {
    "payout_id": "po_01h455vb4pex5vsknk084sn02q",
    "merchant_id": MERCHANT["merchant_id"],
    "batch_id": "bat_1",
    "amount": 1_912,
    "currency": "USD",
    "state": "in_transit",
    "method": "nacha",
    "reference": "PO123",
    "arrival_date": "2026-11-24",
    "created_at": "2026-11-23T22:00:00Z",
    **dict.fromkeys(
        (
            "bank_file_id",
            "trace_number",
            "bank_account_last4",
            "in_transit_at",
            "paid_at",
            "failed_at",
            "failure_code",
            "failure_message",
        )
    ),
}


class Server:
    """Returns the response that the test sets for each path, and records the requests."""

    def __init__(self) -> None:
        self.sent: list[httpx.Request] = []
        self.answers: dict[str, Any] = {}

    def handle(self, request: httpx.Request) -> httpx.Response:
        """Answer a request."""
        self.sent.append(request)
        answer = self.answers[f"{request.method} {request.url.path}"]
        return httpx.Response(200, content=answer) if isinstance(answer, bytes) else httpx.Response(200, json=answer)


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Server:
    server = Server()
    monkeypatch.setenv("NINEFOLD_URL", "http://ninefold.test")
    monkeypatch.setenv("NINEFOLD_API_KEY", "nfk_test")
    make_client = partial(ApiClient, transport=httpx.MockTransport(server.handle))
    monkeypatch.setattr("ninefold.core.commands.options.ApiClient", make_client)
    return server


def test_settle_waits_for_the_job(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"POST {PAYMENTS}/merchants/mer_1/settle"] = {**JOB, "state": "queued", "day": "2026-11-23"}
    server.answers[f"GET /api/v1/jobs/{JOB['job_id']}"] = JOB

    assert run(["payments", "settle", "mer_1", "--day", "2026-11-23", "--json"]) == 0

    assert json.loads(server.sent[0].content) == {"day": "2026-11-23"}
    assert json.loads(capsys.readouterr().out)["result"] == {"batches": ["bat_1"]}


def test_doubts_and_accounts_are_shown_with_decimals(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    doubt: dict[str, Any] = dict.fromkeys(
        ("processor_reference", "error_message", "in_doubt_since", "next_inquiry_at", "deadline_at")
    )
    doubt |= {"attempt_id": "att_1", "payment_id": "pi_1", "processor": "simulator", "operation": "authorise"}
    doubt |= {"state": "in_doubt", "amount": 1_700, "currency": "USD"}
    account: dict[str, Any] = {"account_id": "acct_1", "merchant_id": None, "kind": "fees", "currency": "KWD"}
    account |= {"balance": -1_117, "pending": 0}
    server.answers[f"GET {PAYMENTS}/doubts"] = {"items": [doubt], "next_cursor": None}
    server.answers[f"GET {PAYMENTS}/accounts"] = {"items": [account], "next_cursor": None}

    assert run(["payments", "doubts", "list"]) == 0
    assert "17.00 USD" in capsys.readouterr().out
    assert run(["payments", "accounts"]) == 0
    assert "-1.117 KWD" in capsys.readouterr().out


def test_breaks_are_shown_with_their_amounts(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"GET {PAYMENTS}/reconciliation/breaks"] = {"items": [BREAK], "next_cursor": None}

    assert run(["payments", "breaks", "list"]) == 0

    assert server.sent[0].url.params["state"] == "open"
    shown = capsys.readouterr().out
    assert "-96.80 USD" in shown
    assert "-96.81 USD" in shown


@pytest.mark.parametrize(
    ("options", "correction"),
    [
        ([], None),
        (
            ["--debit", "suspense", "--credit", "fees", "--amount", "1"],
            {"debit": "suspense", "credit": "fees", "amount": 1, "merchant_id": None},
        ),
    ],
)
def test_a_break_is_resolved(server: Server, options: list[str], correction: Any) -> None:
    path = f"{PAYMENTS}/reconciliation/breaks/{BREAK['break_id']}/resolve"
    server.answers[f"POST {path}"] = {**BREAK, "state": "resolved", "evidence": "Ticket 5521"}

    assert run(["payments", "breaks", "resolve", BREAK["break_id"], "--evidence", "Ticket 5521", *options]) == 0

    assert json.loads(server.sent[0].content) == {"evidence": "Ticket 5521", "correction": correction}


def test_a_break_is_matched_with_its_payout(server: Server) -> None:
    path = f"{PAYMENTS}/reconciliation/breaks/{BREAK['break_id']}/match"
    server.answers[f"POST {path}"] = {**BREAK, "state": "resolved", "evidence": "Ticket 5521"}
    options = ["--evidence", "Ticket 5521", "--payout", "po_1", "--difference-to", "bank_fees"]

    assert run(["payments", "breaks", "match", BREAK["break_id"], *options]) == 0

    sent = json.loads(server.sent[0].content)
    assert sent == {"evidence": "Ticket 5521", "payout_id": "po_1", "difference_account": "bank_fees"}


def test_what_is_taken_from_a_merchant_is_negative_in_the_list_of_batches(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    batch: dict[str, Any] = {"batch_id": "bat_1", "merchant_id": "mer_1", "day": "2026-11-23", "currency": "USD"}
    batch |= {"state": "delivered", "capture_amount": 10_000, "fee_amount": 320, "refund_amount": -500}
    batch |= {"payout_amount": 9_180, "carried_amount": 0, "carried_reason": None, "sha256": "", "bank_file_id": None}
    batch |= {"payout_state": "paid"}
    server.answers[f"GET {PAYMENTS}/batches"] = {"items": [batch], "next_cursor": None}

    assert run(["payments", "batches", "list"]) == 0

    header, row = capsys.readouterr().out.splitlines()
    assert "Captures (+)  Fees (-)   Refunds (-)" in header
    assert "100.00 USD    -3.20 USD  -5.00 USD" in row
    assert row.split()[-4:] == ["✓", "delivered", "✓", "paid"]


def test_a_statement_is_sent_as_it_is(server: Server, tmp_path: Path) -> None:
    server.answers[f"POST {PAYMENTS}/statements"] = {
        "statement_id": "stm_1",
        "name": "monday.xml",
        "format": "camt053",
        "line_count": 1,
        "known_line_count": 0,
        "imported_at": "2026-11-24T06:00:00Z",
        "imported_by": "API key",
    }
    file = tmp_path / "monday.xml"
    file.write_bytes(b"<\xff>")

    assert run(["payments", "statements", "import", str(file)]) == 0

    assert (server.sent[0].content, server.sent[0].url.params["name"]) == (b"<\xff>", "monday.xml")


def test_a_file_that_cannot_be_read_is_named(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["payments", "statements", "import", "/nowhere/monday.xml"]) == 1

    assert (server.sent, "/nowhere/monday.xml" in capsys.readouterr().err) == ([], True)


@pytest.mark.parametrize("command", [["reconcile"], ["close-day"], ["settle", "mer_1", "--day"]])
def test_what_is_no_day_is_refused_before_it_is_sent(
    server: Server, capsys: pytest.CaptureFixture[str], command: list[str]
) -> None:
    assert run(["payments", *command, "2026-13-26"]) != 0

    assert server.sent == []
    assert "'2026-13-26' isn't a day, such as 2026-11-23." in " ".join(capsys.readouterr().err.split())


def test_a_merchant_is_shown_and_changed(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    path = f"{PAYMENTS}/merchants/{MERCHANT['merchant_id']}"
    server.answers[f"GET {path}"] = MERCHANT
    server.answers[f"PATCH {path}"] = {**MERCHANT, "name": "Books"}

    assert run(["payments", "merchants", "show", MERCHANT["merchant_id"]]) == 0
    shown = capsys.readouterr().out
    assert "6789" in shown
    assert "JPY: bps 360, fixed 40" in shown
    changes = ["--name", "Books", "--fee-bps", "0", "--bank-account-kind", "savings"]
    assert run(["payments", "merchants", "update", MERCHANT["merchant_id"], *changes, "--json"]) == 0
    assert json.loads(server.sent[1].content) == {"name": "Books", "fee_bps": 0, "bank_account_kind": "savings"}
    assert json.loads(capsys.readouterr().out)["name"] == "Books"
    assert run(["payments", "merchants", "update", MERCHANT["merchant_id"]]) != 0
    assert run(["payments", "merchants", "show", "mer_x/keys"]) == 1
    assert len(server.sent) == 2


def test_a_payout_is_shown_with_decimals(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    server.answers[f"GET {PAYMENTS}/payouts/{PAYOUT['payout_id']}"] = PAYOUT

    assert run(["payments", "payouts", "show", PAYOUT["payout_id"]]) == 0

    assert "19.12 USD" in capsys.readouterr().out


def test_a_bank_file_is_downloaded(server: Server, tmp_path: Path) -> None:
    server.answers[f"GET {PAYMENTS}/bank-files/bfl_1/content"] = b"101 123"

    assert run(["payments", "bank-files", "download", "bfl_1", "--output", str(tmp_path / "file.ach")]) == 0

    assert (tmp_path / "file.ach").read_bytes() == b"101 123"

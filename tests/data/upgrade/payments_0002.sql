-- A settled day of the bakery, from its batch to the bank's statement, with a report of the processor, a break, and the
-- closing of the day.
INSERT INTO payments.account (account_id, organisation_id, merchant_id, kind, currency)
VALUES (
    '01930000-0000-7000-8000-00000000f0a3', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', 'merchant_available', 'USD'
);

INSERT INTO payments.bank_file (
    bank_file_id, organisation_id, name, format, currency, day, number, arrival_date, entry_count, total, content,
    sha256, state, created_at, delivered_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f201', '01930000-0000-7000-8000-000000000001', 'payouts-20251120-1.ach', 'nacha',
    'USD', '2025-11-20', 1, '2025-11-21', 1, 1900, 'file', sha256('file'), 'delivered', now(), now()
);

INSERT INTO payments.ach_trace (bank, last_sequence)
VALUES ('12345678', 1);

INSERT INTO payments.batch (
    batch_id, organisation_id, merchant_id, currency, day, cutoff_at, state, account_id, after_sequence, last_sequence,
    opening_amount, line_count, capture_count, capture_amount, fee_amount, reserve_amount, reserve_released_amount,
    refund_count, refund_amount, returned_amount, correction_amount, payout_minimum, payout_amount, carried_amount,
    digest, bank_file_id, computed_at, posted_at, file_written_at, delivered_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f202', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', 'USD', '2025-11-20', now(), 'delivered',
    '01930000-0000-7000-8000-00000000f0a3', 0, 5, 0, 1, 1, 2000, 100, 0, 0, 0, 0, 0, 0, 0, 1900, 0, sha256('batch'),
    '01930000-0000-7000-8000-00000000f201', now(), now(), now(), now()
);

INSERT INTO payments.batch_line (batch_id, sequence, type, source_id, intent_id, gross, fee, reserve, net, at)
VALUES (
    '01930000-0000-7000-8000-00000000f202', 5, 'capture', '01930000-0000-7000-8000-00000000f005',
    '01930000-0000-7000-8000-00000000f004', 2000, 100, 0, 1900, now()
);

INSERT INTO payments.settled_day (merchant_id, day)
VALUES ('01930000-0000-7000-8000-00000000f001', '2025-11-20');

INSERT INTO payments.payout (
    payout_id, organisation_id, merchant_id, batch_id, currency, amount, state, method, reference, trace_number,
    bank_file_id, bank_last4, arrival_date, created_at, in_transit_at, paid_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f203', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f001', '01930000-0000-7000-8000-00000000f202', 'USD', 1900, 'paid', 'nacha',
    '00000000000F203', '123456780000001', '01930000-0000-7000-8000-00000000f201', '6789', '2025-11-21', now(), now(),
    now()
);

INSERT INTO payments.settlement_report (
    settlement_report_id, organisation_id, processor, day, line_count, sha256, fetched_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f204', '01930000-0000-7000-8000-000000000001', 'simulator', '2025-11-20', 1,
    sha256('report'), now()
);

INSERT INTO payments.settlement_report_line (
    settlement_report_id, number, organisation_id, our_reference, attempt_id, occurrence, processor_reference, type,
    amount, currency, at
)
VALUES (
    '01930000-0000-7000-8000-00000000f204', 1, '01930000-0000-7000-8000-000000000001', 'att_1',
    '01930000-0000-7000-8000-00000000f005', 1, 'sim_1', 'capture', 2000, 'USD', now()
);

INSERT INTO payments.statement (
    statement_id, organisation_id, name, format, content, sha256, line_count, imported_at, imported_by
)
VALUES (
    '01930000-0000-7000-8000-00000000f205', '01930000-0000-7000-8000-000000000001', 'camt.053', 'camt053', 'file',
    sha256('file'), 1, now(), 'API key'
);

INSERT INTO payments.statement_line (
    statement_line_id, organisation_id, statement_id, number, account, fingerprint, kind, amount, currency, booked_on,
    "references", state, match_rule, payout_id, matched_at
)
VALUES (
    '01930000-0000-7000-8000-00000000f206', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000000f205', 1, '5550001', '5550001/1', 'entry', -1900, 'USD', '2025-11-21',
    '{00000000000F203}', 'matched', 'reference', '01930000-0000-7000-8000-00000000f203', now()
);

INSERT INTO payments.reconciliation_run (run_id, organisation_id, day, number, started_at, finished_at, summary)
VALUES (
    '01930000-0000-7000-8000-00000000f207', '01930000-0000-7000-8000-000000000001', '2025-11-20', 1, now(), now(),
    '{"totals": [], "counts": [], "open_breaks": 0}'
);

INSERT INTO payments.break (
    break_id, organisation_id, day, type, source, subject, reference, currency, expected_amount, state, opened_at,
    ended_at, ended_by, evidence
)
VALUES (
    '01930000-0000-7000-8000-00000000f208', '01930000-0000-7000-8000-000000000001', '2025-11-20', 'missing', 'report',
    'ledger:capture:1', 'ch_1', 'USD', 2000, 'resolved', now(), now(), 'acc_1', 'ticket 5521'
);

INSERT INTO payments.closed_day (organisation_id, day, ends_at, closed_at, closed_by, report, sha256)
VALUES (
    '01930000-0000-7000-8000-000000000001', '2025-11-20', '2025-11-21T00:00:00Z', now(), 'acc_1', '{}', sha256('{}')
);

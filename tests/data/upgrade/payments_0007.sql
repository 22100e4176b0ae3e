-- A payout of the bakery that the bank has paid with one cent less, and what the bank has kept.
INSERT INTO payments.account (account_id, organisation_id, kind, currency)
VALUES (
    '01930000-0000-7000-8000-00000000f0a7', '01930000-0000-7000-8000-000000000001', 'bank_fees', 'USD'
);

UPDATE payments.payout
SET paid_amount = 1899
WHERE payout_id = '01930000-0000-7000-8000-00000000f203';

UPDATE payments.statement
SET known_line_count = 1
WHERE statement_id = '01930000-0000-7000-8000-00000000f205';

-- A merchant that is paid in yen too.
UPDATE payments.merchant
SET fees = '[{"currency": "JPY", "bps": 360, "fixed": 40}]'
WHERE merchant_id = '01930000-0000-7000-8000-00000000f001';

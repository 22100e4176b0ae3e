-- The attempt was sent again.
UPDATE payments.attempt
SET sent_at = now()
WHERE attempt_id = '01930000-0000-7000-8000-00000000f005';

-- When a call was last sent: until its time limit is over, it can still arrive.
ALTER TABLE payments.attempt ADD COLUMN sent_at timestamptz;

UPDATE payments.attempt
SET sent_at = created_at;

ALTER TABLE payments.attempt ALTER COLUMN sent_at SET NOT NULL;

-- Blocks of the journal are sealed once every transaction has ended that could have a transfer in them. That is known
-- without the transaction of each.
ALTER TABLE payments.transfer
DROP COLUMN transaction_id;

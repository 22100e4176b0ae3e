-- name: merchant_find^
-- Read one merchant of an organisation.
SELECT *
FROM payments.merchant
WHERE merchant_id = :merchant_id AND organisation_id = :organisation_id;

-- name: merchant_insert^
-- Insert a merchant; returns no row when the organisation has one of this name.
INSERT INTO payments.merchant (
    merchant_id,
    organisation_id,
    name,
    country,
    default_currency,
    created_at
)
VALUES (
    :merchant_id,
    :organisation_id,
    :name,
    :country,
    :default_currency,
    :created_at
)
ON CONFLICT (organisation_id, name) DO NOTHING
RETURNING *;

-- name: merchant_list
-- Read the merchants of an organisation, oldest first, from a position.
SELECT *
FROM payments.merchant
WHERE organisation_id = :organisation_id AND (:after::uuid IS NULL OR merchant_id > :after)
ORDER BY merchant_id
LIMIT :limit;

-- name: merchant_update^
-- Set what is given for a merchant, and leave the rest as it is.
UPDATE payments.merchant
SET
    name = coalesce(:name::text, name),
    country = coalesce(:country::text, country),
    default_currency = coalesce(:default_currency::text, default_currency),
    processor = coalesce(:processor::text, processor),
    time_zone = coalesce(:time_zone::text, time_zone),
    cutoff = coalesce(:cutoff::time, cutoff),
    fee_bps = coalesce(:fee_bps::integer, fee_bps),
    fee_fixed = coalesce(:fee_fixed::bigint, fee_fixed),
    fees = coalesce(:fees::text::jsonb, fees),
    hold_days = coalesce(:hold_days::integer, hold_days),
    first_payout_days = coalesce(:first_payout_days::integer, first_payout_days),
    reserve_bps = coalesce(:reserve_bps::integer, reserve_bps),
    reserve_days = coalesce(:reserve_days::integer, reserve_days),
    payout_minimum = coalesce(:payout_minimum::bigint, payout_minimum),
    bank_account_name = coalesce(:bank_account_name::text, bank_account_name),
    bank_routing_number = coalesce(:bank_routing_number::text, bank_routing_number),
    bank_account_number = coalesce(:bank_account_number::text, bank_account_number),
    bank_account_kind = coalesce(:bank_account_kind::text, bank_account_kind)
WHERE merchant_id = :merchant_id AND organisation_id = :organisation_id
RETURNING *;

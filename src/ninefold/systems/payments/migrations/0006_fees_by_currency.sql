-- What captures cost in other currencies than the merchant's default one: a list of currency, share and fixed amount. One
-- that isn't in it costs the share of the default currency, and no fixed amount.
ALTER TABLE payments.merchant ADD COLUMN fees jsonb NOT NULL DEFAULT '[]' CHECK (
    jsonb_typeof(fees) = 'array'
    AND NOT jsonb_path_exists(
        fees,
        '$[*] ? (!(
            @.currency like_regex "^[A-Z]{3}$" && @.bps >= 0 && @.bps <= 10000 && @.fixed >= 0
        ))'
    )
);

-- Funds become the merchant's: `charge.released_at` says when the hold ended, this when the reserve did.
ALTER TABLE payments.charge ADD COLUMN reserve_released_at timestamptz;

ALTER TABLE payments.charge ADD CONSTRAINT charge_reserve_released_after_capture CHECK (
    reserve_released_at IS NULL OR (reserve > 0 AND captured_at IS NOT NULL)
);

CREATE INDEX charge_held_of_merchant ON payments.charge (merchant_id, currency, available_at)
WHERE captured_at IS NOT NULL AND released_at IS NULL;

CREATE INDEX charge_in_reserve ON payments.charge (merchant_id, currency, captured_at)
WHERE reserve > 0 AND captured_at IS NOT NULL AND reserve_released_at IS NULL;

CREATE INDEX charge_by_capture ON payments.charge (organisation_id, captured_at)
WHERE captured_at IS NOT NULL;

CREATE INDEX refund_by_end ON payments.refund (organisation_id, finished_at)
WHERE state = 'succeeded';

-- A file for a bank: payouts of one currency.
CREATE TABLE payments.bank_file (
    bank_file_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    name text NOT NULL CHECK (name ~ '^[a-z0-9_.-]{1,100}$'),
    format text NOT NULL CHECK (format IN ('nacha', 'csv')),
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    -- The day of the batches in it, and the number of the file on that day.
    day date NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    arrival_date date NOT NULL,
    entry_count integer NOT NULL CHECK (entry_count > 0),
    total bigint NOT NULL CHECK (total > 0),
    content bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    state text NOT NULL CHECK (state IN ('written', 'delivered')),
    created_at timestamptz NOT NULL,
    delivered_at timestamptz,
    UNIQUE (organisation_id, name),
    UNIQUE (organisation_id, day, number),
    CONSTRAINT bank_file_is_its_bytes CHECK (sha256 = sha256(content)),
    CONSTRAINT bank_file_delivered_at_a_time CHECK ((state = 'delivered') = (delivered_at IS NOT NULL))
);

CREATE INDEX bank_file_listed ON payments.bank_file (organisation_id, bank_file_id);

CREATE INDEX bank_file_undelivered ON payments.bank_file (organisation_id)
WHERE state = 'written';

-- The last number that a bank's trace numbers end in, so that no two entries in any files have the same.
CREATE TABLE payments.ach_trace (
    bank char(8) PRIMARY KEY CHECK (bank ~ '^[0-9]{8}$'),
    last_sequence integer NOT NULL CHECK (last_sequence BETWEEN 1 AND 9999999)
);

-- What one merchant gets in one currency for one day: the entries of its available account since the last batch.
CREATE TABLE payments.batch (
    batch_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    currency char(3) NOT NULL CHECK (currency ~ '^[A-Z]{3}$'),
    day date NOT NULL,
    cutoff_at timestamptz NOT NULL,
    state text NOT NULL CHECK (state IN ('computed', 'posted', 'file_written', 'delivered', 'carried')),
    -- The entries of this account with a sequence above the first and up to the second.
    account_id uuid NOT NULL REFERENCES payments.account,
    after_sequence bigint NOT NULL CHECK (after_sequence >= 0),
    last_sequence bigint NOT NULL,
    -- What the batch before has carried.
    opening_amount bigint NOT NULL,
    line_count integer NOT NULL CHECK (line_count >= 0),
    capture_count integer NOT NULL CHECK (capture_count >= 0),
    capture_amount bigint NOT NULL CHECK (capture_amount >= 0),
    fee_amount bigint NOT NULL CHECK (fee_amount >= 0),
    -- Of these captures, what is kept in reserve; and what comes back from it.
    reserve_amount bigint NOT NULL CHECK (reserve_amount >= 0),
    reserve_released_amount bigint NOT NULL CHECK (reserve_released_amount >= 0),
    refund_count integer NOT NULL CHECK (refund_count >= 0),
    -- Negative: what refunds take away.
    refund_amount bigint NOT NULL,
    -- Payouts that came back from the bank, and corrections.
    returned_amount bigint NOT NULL,
    correction_amount bigint NOT NULL,
    payout_minimum bigint NOT NULL,
    payout_amount bigint NOT NULL CHECK (payout_amount >= 0),
    -- What stays with Ninefold: less than the minimum, or negative.
    carried_amount bigint NOT NULL,
    carried_reason text CHECK (carried_reason IN ('nothing', 'negative', 'below_minimum', 'no_bank_account')),
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    bank_file_id uuid REFERENCES payments.bank_file,
    computed_at timestamptz NOT NULL,
    posted_at timestamptz,
    file_written_at timestamptz,
    delivered_at timestamptz,
    UNIQUE (merchant_id, currency, day),
    CONSTRAINT batch_in_order CHECK (last_sequence >= after_sequence),
    CONSTRAINT batch_adds_up CHECK (
        opening_amount + capture_amount - fee_amount - reserve_amount + reserve_released_amount + refund_amount
        + returned_amount + correction_amount = payout_amount + carried_amount
    ),
    CONSTRAINT batch_pays_all_or_nothing CHECK (payout_amount = 0 OR carried_amount = 0),
    CONSTRAINT batch_carried_for_a_reason CHECK ((payout_amount = 0) = (carried_reason IS NOT NULL)),
    CONSTRAINT batch_carried_without_payout CHECK (state <> 'carried' OR payout_amount = 0),
    CONSTRAINT batch_state_has_times CHECK (
        (posted_at IS NOT NULL) = (state IN ('posted', 'file_written', 'delivered', 'carried'))
        AND (file_written_at IS NOT NULL) = (state IN ('file_written', 'delivered'))
        AND (bank_file_id IS NOT NULL) = (state IN ('file_written', 'delivered'))
        AND (delivered_at IS NOT NULL) = (state = 'delivered')
    )
);

CREATE INDEX batch_listed ON payments.batch (organisation_id, batch_id);

CREATE INDEX batch_of_merchant ON payments.batch (merchant_id, batch_id);

CREATE INDEX batch_unfinished ON payments.batch (organisation_id, batch_id)
WHERE state IN ('computed', 'posted', 'file_written');

CREATE INDEX batch_of_bank_file ON payments.batch (bank_file_id)
WHERE bank_file_id IS NOT NULL;

-- What a batch consists of: an entry of the journal each.
CREATE TABLE payments.batch_line (
    -- The lines are inserted first: what they add up to is in the batch.
    batch_id uuid NOT NULL REFERENCES payments.batch DEFERRABLE INITIALLY DEFERRED,
    sequence bigint NOT NULL,
    type text NOT NULL CHECK (
        type IN ('capture', 'refund', 'refund_failed', 'reserve_release', 'payout_returned', 'correction')
    ),
    -- The charge, refund or payout that it is about.
    source_id uuid NOT NULL,
    intent_id uuid,
    gross bigint NOT NULL,
    fee bigint NOT NULL CHECK (fee >= 0),
    reserve bigint NOT NULL CHECK (reserve >= 0),
    net bigint NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (batch_id, sequence),
    CONSTRAINT batch_line_adds_up CHECK (gross - fee - reserve = net)
);

CREATE INDEX batch_line_of_intent ON payments.batch_line (intent_id)
WHERE intent_id IS NOT NULL;

-- What batches consist of: the entries of a merchant's available account with a sequence above the first, up to the
-- second. It follows from the journal alone, so it is the same each time.
CREATE FUNCTION payments.entries_to_settle(account uuid, after_sequence bigint, last_sequence bigint)
RETURNS TABLE (
    sequence bigint,
    type text,
    source_id uuid,
    intent_id uuid,
    gross bigint,
    fee bigint,
    reserve bigint,
    net bigint,
    at timestamptz
) LANGUAGE sql STABLE AS $$
    SELECT
        entry.sequence,
        CASE
            WHEN entry.cause_type = 'release' THEN 'capture'
            WHEN entry.cause_type = 'reserve_release' THEN 'reserve_release'
            WHEN entry.cause_type = 'refund' AND entry.net < 0 THEN 'refund'
            WHEN entry.cause_type = 'refund' THEN 'refund_failed'
            WHEN entry.cause_type = 'payout_failed' THEN 'payout_returned'
            ELSE 'correction'
        END,
        entry.cause_id,
        coalesce(charge.intent_id, refund.intent_id),
        CASE WHEN entry.cause_type = 'release' THEN charge.amount_captured ELSE entry.net END,
        CASE WHEN entry.cause_type = 'release' THEN charge.fee ELSE 0 END,
        CASE WHEN entry.cause_type = 'release' THEN charge.reserve ELSE 0 END,
        entry.net,
        entry.at
    FROM (
        SELECT credit.sequence, credit.cause_type, credit.cause_id, credit.amount AS net, credit.at
        FROM payments.transfer AS credit
        WHERE
            credit.credit_account_id = entries_to_settle.account
            AND credit.sequence > entries_to_settle.after_sequence
            AND credit.sequence <= entries_to_settle.last_sequence
            AND credit.kind IN ('posted', 'posts')
        UNION ALL
        SELECT debit.sequence, debit.cause_type, debit.cause_id, -debit.amount, debit.at
        FROM payments.transfer AS debit
        WHERE
            debit.debit_account_id = entries_to_settle.account
            AND debit.sequence > entries_to_settle.after_sequence
            AND debit.sequence <= entries_to_settle.last_sequence
            AND debit.kind IN ('posted', 'posts')
            -- The payout of the batch before is part of what that batch has carried.
            AND debit.cause_type <> 'batch'
    ) AS entry
    LEFT JOIN payments.charge ON entry.cause_type IN ('release', 'reserve_release') AND charge.charge_id = entry.cause_id
    LEFT JOIN payments.refund ON entry.cause_type = 'refund' AND refund.refund_id = entry.cause_id
    ORDER BY entry.sequence
$$;

-- Until which day a merchant is settled.
CREATE TABLE payments.settled_day (
    merchant_id uuid PRIMARY KEY REFERENCES payments.merchant,
    day date NOT NULL
);

-- What is paid to a merchant's bank.
CREATE TABLE payments.payout (
    payout_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    merchant_id uuid NOT NULL REFERENCES payments.merchant,
    batch_id uuid NOT NULL UNIQUE REFERENCES payments.batch,
    currency char(3) NOT NULL,
    amount bigint NOT NULL CHECK (amount > 0),
    state text NOT NULL CHECK (state IN ('pending', 'in_transit', 'paid', 'failed', 'canceled')),
    method text NOT NULL CHECK (method IN ('nacha', 'csv')),
    -- What the bank repeats: 15 characters.
    reference text NOT NULL UNIQUE CHECK (reference ~ '^[0-9A-Z]{15}$'),
    trace_number text CHECK (trace_number ~ '^[0-9]{15}$'),
    bank_file_id uuid REFERENCES payments.bank_file,
    bank_last4 text,
    arrival_date date NOT NULL,
    statement_descriptor text,
    created_at timestamptz NOT NULL,
    in_transit_at timestamptz,
    paid_at timestamptz,
    failed_at timestamptz,
    canceled_at timestamptz,
    -- Such as R03.
    failure_code text,
    failure_message text,
    CONSTRAINT payout_paid_at_a_time CHECK (state <> 'paid' OR paid_at IS NOT NULL),
    CONSTRAINT payout_in_transit_at_a_time CHECK (state NOT IN ('in_transit', 'paid', 'failed') OR in_transit_at IS NOT NULL),
    CONSTRAINT payout_failed_for_a_reason CHECK (
        (state = 'failed') = (failed_at IS NOT NULL) AND (failed_at IS NULL) = (failure_code IS NULL)
    ),
    CONSTRAINT payout_canceled_at_a_time CHECK ((state = 'canceled') = (canceled_at IS NOT NULL))
);

CREATE INDEX payout_listed ON payments.payout (organisation_id, payout_id);

CREATE INDEX payout_of_merchant ON payments.payout (merchant_id, payout_id);

CREATE INDEX payout_by_trace ON payments.payout (trace_number, payout_id)
WHERE trace_number IS NOT NULL;

CREATE INDEX payout_in_transit ON payments.payout (organisation_id, currency, amount)
WHERE state = 'in_transit';

CREATE INDEX payout_of_bank_file ON payments.payout (bank_file_id)
WHERE bank_file_id IS NOT NULL;

-- What a processor settles for a day (UTC).
CREATE TABLE payments.settlement_report (
    settlement_report_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    processor text NOT NULL,
    day date NOT NULL,
    line_count integer NOT NULL CHECK (line_count >= 0),
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    fetched_at timestamptz NOT NULL,
    UNIQUE (organisation_id, processor, day)
);

CREATE INDEX settlement_report_listed ON payments.settlement_report (organisation_id, settlement_report_id);

CREATE TABLE payments.settlement_report_line (
    settlement_report_id uuid NOT NULL REFERENCES payments.settlement_report,
    number integer NOT NULL CHECK (number > 0),
    organisation_id uuid NOT NULL,
    our_reference text NOT NULL,
    -- What our reference names; empty if it isn't ours.
    attempt_id uuid,
    -- How many lines name the same, up to this one.
    occurrence integer NOT NULL CHECK (occurrence > 0),
    processor_reference text NOT NULL,
    type text NOT NULL CHECK (type IN ('capture', 'refund')),
    -- Negative for refunds.
    amount bigint NOT NULL,
    currency char(3) NOT NULL,
    at timestamptz NOT NULL,
    -- What it was matched with: a charge or a refund.
    source_id uuid,
    match_rule text CHECK (match_rule IN ('reference', 'amount_and_date')),
    PRIMARY KEY (settlement_report_id, number),
    CONSTRAINT settlement_report_line_matched_by_rule CHECK ((source_id IS NULL) = (match_rule IS NULL))
);

CREATE INDEX settlement_report_line_of_source ON payments.settlement_report_line (source_id)
WHERE source_id IS NOT NULL;

CREATE INDEX settlement_report_line_by_attempt ON payments.settlement_report_line (organisation_id, attempt_id)
WHERE attempt_id IS NOT NULL;

-- What the ledger and the processors' reports say about a day (UTC): each line of the day's reports with what it is
-- about, and each capture and refund of the day that these reports don't have.
CREATE FUNCTION payments.compare_reports(organisation uuid, for_day date)
RETURNS TABLE (
    verdict text,
    type text,
    charge_id uuid,
    refund_id uuid,
    intent_id uuid,
    currency char(3),
    ledger_amount bigint,
    ledger_at timestamptz,
    settlement_report_id uuid,
    number integer,
    our_reference text,
    report_currency char(3),
    report_amount bigint,
    report_day date,
    match_rule text
) LANGUAGE sql STABLE AS $$
    SELECT
        CASE
            WHEN line.source_id IS NULL AND attempt.attempt_id IS NULL THEN 'unknown'
            WHEN line.occurrence > 1 THEN 'duplicate'
            WHEN charge.charge_id IS NULL AND refund.refund_id IS NULL THEN
                CASE
                    WHEN attempt.state IN ('intended', 'waiting_for_customer', 'in_doubt', 'needs_person') THEN 'timing'
                    ELSE 'unknown'
                END
            WHEN coalesce(charge.currency, refund.currency) <> line.currency THEN 'currency'
            WHEN coalesce(charge.amount_captured, -refund.amount) <> line.amount THEN 'amount'
            ELSE 'agrees'
        END,
        line.type,
        charge.charge_id,
        refund.refund_id,
        coalesce(charge.intent_id, refund.intent_id, attempt.intent_id),
        coalesce(charge.currency, refund.currency, line.currency),
        coalesce(charge.amount_captured, -refund.amount),
        coalesce(charge.captured_at, refund.finished_at),
        line.settlement_report_id,
        line.number,
        line.our_reference,
        line.currency,
        line.amount,
        report.day,
        coalesce(line.match_rule, CASE WHEN attempt.attempt_id IS NOT NULL THEN 'reference' END)
    FROM payments.settlement_report AS report
    INNER JOIN payments.settlement_report_line AS line USING (settlement_report_id)
    LEFT JOIN payments.attempt
        ON attempt.attempt_id = line.attempt_id AND attempt.organisation_id = compare_reports.organisation
    LEFT JOIN payments.charge
        ON
            line.type = 'capture'
            AND charge.charge_id = coalesce(line.source_id, attempt.charge_id, attempt.attempt_id)
            AND charge.captured_at IS NOT NULL
    LEFT JOIN payments.refund
        ON
            line.type = 'refund'
            AND refund.refund_id = coalesce(line.source_id, attempt.refund_id)
            AND refund.state = 'succeeded'
    WHERE report.organisation_id = compare_reports.organisation AND report.day = compare_reports.for_day
    UNION ALL
    SELECT
        CASE
            WHEN line.settlement_report_id IS NULL THEN 'missing'
            WHEN line.currency <> item.currency OR line.amount <> item.amount THEN 'elsewhere'
            ELSE 'agrees'
        END,
        item.type,
        item.charge_id,
        item.refund_id,
        item.intent_id,
        item.currency,
        item.amount,
        item.at,
        line.settlement_report_id,
        line.number,
        NULL,
        line.currency,
        line.amount,
        line.day,
        line.match_rule
    FROM (
        SELECT
            'capture' AS type,
            charge.charge_id,
            NULL::uuid AS refund_id,
            charge.intent_id,
            charge.merchant_id,
            charge.currency,
            charge.amount_captured AS amount,
            charge.captured_at AS at,
            charge.charge_id AS source_id,
            coalesce(
                (
                    SELECT attempt.attempt_id
                    FROM payments.attempt
                    WHERE
                        attempt.intent_id = charge.intent_id
                        AND attempt.charge_id = charge.charge_id
                        AND attempt.operation = 'capture'
                        AND attempt.state = 'succeeded'
                    LIMIT 1
                ),
                charge.charge_id
            ) AS attempt_id
        FROM payments.charge
        WHERE
            charge.organisation_id = compare_reports.organisation
            AND charge.captured_at >= compare_reports.for_day::timestamp AT TIME ZONE 'UTC'
            AND charge.captured_at < (compare_reports.for_day + 1)::timestamp AT TIME ZONE 'UTC'
        UNION ALL
        SELECT
            'refund',
            NULL,
            refund.refund_id,
            refund.intent_id,
            refund.merchant_id,
            refund.currency,
            -refund.amount,
            refund.finished_at,
            refund.refund_id,
            (
                SELECT attempt.attempt_id
                FROM payments.attempt
                WHERE
                    attempt.intent_id = refund.intent_id
                    AND attempt.refund_id = refund.refund_id
                    AND attempt.state = 'succeeded'
                LIMIT 1
            )
        FROM payments.refund
        WHERE
            refund.organisation_id = compare_reports.organisation
            AND refund.state = 'succeeded'
            AND refund.finished_at >= compare_reports.for_day::timestamp AT TIME ZONE 'UTC'
            AND refund.finished_at < (compare_reports.for_day + 1)::timestamp AT TIME ZONE 'UTC'
    ) AS item
    INNER JOIN payments.merchant USING (merchant_id)
    -- Without the day's report, nothing is missing in it.
    INNER JOIN payments.settlement_report AS expected
        ON
            expected.organisation_id = compare_reports.organisation
            AND expected.day = compare_reports.for_day
            AND expected.processor = merchant.processor
    LEFT JOIN LATERAL (
        SELECT
            found.settlement_report_id,
            found.number,
            found.currency,
            found.amount,
            found.match_rule,
            report.day
        FROM payments.settlement_report_line AS found
        INNER JOIN payments.settlement_report AS report USING (settlement_report_id)
        WHERE
            found.organisation_id = compare_reports.organisation
            AND found.type = item.type
            AND (found.attempt_id = item.attempt_id OR found.source_id = item.source_id)
        ORDER BY report.day, found.number
        LIMIT 1
    ) AS line ON TRUE
    WHERE line.day IS DISTINCT FROM compare_reports.for_day
$$;

-- A file from a bank: a statement, or returns.
CREATE TABLE payments.statement (
    statement_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    format text NOT NULL CHECK (format IN ('camt053', 'nacha_returns')),
    content bytea NOT NULL,
    sha256 bytea NOT NULL CHECK (octet_length(sha256) = 32),
    line_count integer NOT NULL CHECK (line_count >= 0),
    imported_at timestamptz NOT NULL,
    imported_by text NOT NULL,
    UNIQUE (organisation_id, sha256)
);

CREATE INDEX statement_listed ON payments.statement (organisation_id, statement_id);

CREATE TABLE payments.statement_line (
    statement_line_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    statement_id uuid NOT NULL REFERENCES payments.statement,
    number integer NOT NULL CHECK (number > 0),
    -- The bank's own number of the statement and of the account, and what tells that the same entry comes again.
    account text NOT NULL,
    fingerprint text NOT NULL,
    kind text NOT NULL CHECK (kind IN ('entry', 'return', 'change')),
    -- Positive if it is paid in. A return says what comes back, and a change is 0.
    amount bigint NOT NULL,
    currency char(3) NOT NULL,
    booked_on date NOT NULL,
    -- What the bank repeats of ours, in the order in which it is looked for.
    "references" text[] NOT NULL,
    bank_reference text,
    text text,
    -- Such as R03 or C01.
    reason text,
    -- The line of the file.
    file_line integer,
    state text NOT NULL CHECK (state IN ('unmatched', 'matched', 'suspense', 'noted', 'duplicate')),
    match_rule text CHECK (match_rule IN ('reference', 'amount_and_date', 'person')),
    payout_id uuid REFERENCES payments.payout,
    bank_file_id uuid REFERENCES payments.bank_file,
    settlement_report_id uuid REFERENCES payments.settlement_report,
    matched_at timestamptz,
    UNIQUE (statement_id, number),
    CONSTRAINT statement_line_matched_with_something CHECK (
        (state IN ('matched', 'noted')) = (num_nonnulls(payout_id, bank_file_id, settlement_report_id) = 1 AND match_rule IS NOT NULL)
    ),
    CONSTRAINT statement_line_matched_at_a_time CHECK ((state = 'unmatched') = (matched_at IS NULL))
);

CREATE INDEX statement_line_open ON payments.statement_line (organisation_id, statement_line_id)
WHERE state IN ('unmatched', 'suspense');

CREATE INDEX statement_line_by_day ON payments.statement_line (organisation_id, booked_on);

CREATE UNIQUE INDEX statement_line_once ON payments.statement_line (organisation_id, fingerprint)
WHERE state <> 'duplicate';

CREATE INDEX statement_line_of_payout ON payments.statement_line (payout_id)
WHERE payout_id IS NOT NULL;

CREATE INDEX statement_line_of_bank_file ON payments.statement_line (bank_file_id)
WHERE bank_file_id IS NOT NULL;

CREATE UNIQUE INDEX statement_line_of_settlement_report ON payments.statement_line (settlement_report_id, currency)
WHERE settlement_report_id IS NOT NULL;

-- One comparison of a day.
CREATE TABLE payments.reconciliation_run (
    run_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    day date NOT NULL,
    number integer NOT NULL CHECK (number > 0),
    started_at timestamptz NOT NULL,
    finished_at timestamptz NOT NULL,
    -- Totals by currency, and counts.
    summary jsonb NOT NULL,
    UNIQUE (organisation_id, day, number)
);

-- What doesn't agree, and what became of it.
CREATE TABLE payments.break (
    break_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    day date NOT NULL,
    type text NOT NULL CHECK (type IN ('missing', 'duplicate', 'amount', 'currency', 'timing', 'unknown')),
    -- Where it shows: the processor's report, the bank's statement.
    source text NOT NULL CHECK (source IN ('report', 'bank')),
    -- What tells that a later run finds the same break.
    subject text NOT NULL,
    reference text NOT NULL,
    currency char(3) NOT NULL,
    -- What our side has and what the other has; empty where there is nothing.
    expected_amount bigint,
    found_amount bigint,
    charge_id uuid,
    refund_id uuid,
    payout_id uuid REFERENCES payments.payout,
    statement_line_id uuid REFERENCES payments.statement_line,
    settlement_report_id uuid REFERENCES payments.settlement_report,
    state text NOT NULL CHECK (state IN ('open', 'closed', 'resolved')),
    opened_at timestamptz NOT NULL,
    -- `closed`: a later comparison agrees. `resolved`: a person has said why.
    ended_at timestamptz,
    ended_by text,
    evidence text CHECK (char_length(evidence) BETWEEN 1 AND 2000),
    correction_id uuid REFERENCES payments.transfer,
    UNIQUE (organisation_id, subject),
    CONSTRAINT break_ended_at_a_time CHECK ((state = 'open') = (ended_at IS NULL)),
    CONSTRAINT break_resolved_with_evidence CHECK ((state = 'resolved') = (evidence IS NOT NULL)),
    CONSTRAINT break_is_between_two CHECK (num_nonnulls(expected_amount, found_amount) > 0)
);

CREATE INDEX break_listed ON payments.break (organisation_id, break_id);

CREATE INDEX break_open ON payments.break (organisation_id, day, break_id)
WHERE state = 'open';

CREATE INDEX break_of_statement_line ON payments.break (statement_line_id)
WHERE statement_line_id IS NOT NULL;

-- A day (UTC) of which nothing changes any more, with the report of its closing.
CREATE TABLE payments.closed_day (
    organisation_id uuid NOT NULL,
    day date NOT NULL,
    -- The first moment after it, in UTC.
    ends_at timestamptz NOT NULL,
    closed_at timestamptz NOT NULL,
    closed_by text NOT NULL,
    report bytea NOT NULL,
    sha256 bytea NOT NULL,
    PRIMARY KEY (organisation_id, day),
    CONSTRAINT closed_day_ends_with_its_day CHECK (ends_at = (day + 1)::timestamp AT TIME ZONE 'UTC'),
    CONSTRAINT closed_day_is_its_bytes CHECK (sha256 = sha256(report))
);

CREATE TRIGGER closed_day_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON payments.closed_day
FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_change();

CREATE FUNCTION payments.refuse_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM (
            SELECT
                organisation_id,
                min(at) AS at
            FROM appended
            GROUP BY organisation_id
        ) AS earliest
        WHERE EXISTS (
            SELECT 1
            FROM payments.closed_day
            WHERE closed_day.organisation_id = earliest.organisation_id AND closed_day.ends_at > earliest.at
        )
    ) THEN
        RAISE EXCEPTION 'a transfer is dated in a closed day'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'transfer_not_in_closed_day';
    END IF;
    RETURN NULL;
END
$$;

CREATE TRIGGER transfer_not_in_closed_day AFTER INSERT ON payments.transfer
REFERENCING NEW TABLE AS appended
FOR EACH STATEMENT EXECUTE FUNCTION payments.refuse_closed_day();

CREATE FUNCTION payments.refuse_match_in_closed_day() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF EXISTS (
        SELECT 1
        FROM payments.closed_day
        WHERE organisation_id = NEW.organisation_id AND ends_at > NEW.matched_at
    ) THEN
        RAISE EXCEPTION 'a match is dated in a closed day'
        USING ERRCODE = 'check_violation', CONSTRAINT = 'statement_line_not_in_closed_day';
    END IF;
    RETURN NEW;
END
$$;

CREATE TRIGGER statement_line_not_in_closed_day BEFORE INSERT OR UPDATE ON payments.statement_line
FOR EACH ROW WHEN (NEW.matched_at IS NOT NULL) EXECUTE FUNCTION payments.refuse_match_in_closed_day();

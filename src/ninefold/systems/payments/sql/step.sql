-- name: step_limit_lock_waits$
-- Let a statement fail that waits longer for a lock, until the end of the transaction.
SELECT set_config('lock_timeout', :duration, TRUE);

-- name: step_store$
-- Store the rows that steps of payments change, and post their transfers; returns how many of those were new.
WITH payment_methods AS (
    INSERT INTO payments.payment_method (
        payment_method_id,
        merchant_id,
        customer_id,
        token,
        brand,
        last4,
        exp_month,
        exp_year,
        funding,
        country,
        billing_details,
        metadata,
        created_at
    )
    SELECT
        payment_method_id,
        merchant_id,
        customer_id,
        token,
        brand,
        last4,
        exp_month,
        exp_year,
        funding,
        country,
        billing_details,
        metadata,
        created_at
    FROM jsonb_populate_recordset(NULL::payments.payment_method, :payment_methods::text::jsonb)
),

intents AS (
    INSERT INTO payments.intent (
        intent_id,
        organisation_id,
        merchant_id,
        state,
        amount,
        currency,
        capture_method,
        amount_capturable,
        amount_received,
        customer_id,
        payment_method_id,
        latest_charge_id,
        client_secret,
        description,
        receipt_email,
        statement_descriptor,
        metadata,
        action_url,
        error_code,
        decline_code,
        error_message,
        in_doubt_since,
        capture_before,
        cancel_reason,
        canceled_at,
        created_at,
        updated_at,
        version,
        options
    )
    SELECT
        intent_id,
        organisation_id,
        merchant_id,
        state,
        amount,
        currency,
        capture_method,
        amount_capturable,
        amount_received,
        customer_id,
        payment_method_id,
        latest_charge_id,
        client_secret,
        description,
        receipt_email,
        statement_descriptor,
        metadata,
        action_url,
        error_code,
        decline_code,
        error_message,
        in_doubt_since,
        capture_before,
        cancel_reason,
        canceled_at,
        created_at,
        updated_at,
        version,
        options
    FROM jsonb_populate_recordset(NULL::payments.intent, :intents::text::jsonb)
    ON CONFLICT (intent_id) DO UPDATE
    SET
        state = excluded.state,
        amount = excluded.amount,
        currency = excluded.currency,
        capture_method = excluded.capture_method,
        amount_capturable = excluded.amount_capturable,
        amount_received = excluded.amount_received,
        customer_id = excluded.customer_id,
        payment_method_id = excluded.payment_method_id,
        latest_charge_id = excluded.latest_charge_id,
        description = excluded.description,
        receipt_email = excluded.receipt_email,
        statement_descriptor = excluded.statement_descriptor,
        metadata = excluded.metadata,
        action_url = excluded.action_url,
        error_code = excluded.error_code,
        decline_code = excluded.decline_code,
        error_message = excluded.error_message,
        in_doubt_since = excluded.in_doubt_since,
        capture_before = excluded.capture_before,
        cancel_reason = excluded.cancel_reason,
        canceled_at = excluded.canceled_at,
        updated_at = excluded.updated_at,
        version = excluded.version,
        options = excluded.options
),

events AS (
    INSERT INTO payments.intent_event (
        intent_id,
        version,
        type,
        at,
        detail
    )
    SELECT
        intent_id,
        version,
        type,
        at,
        detail
    FROM jsonb_populate_recordset(NULL::payments.intent_event, :events::text::jsonb)
),

refunds AS (
    INSERT INTO payments.refund (
        refund_id,
        organisation_id,
        merchant_id,
        intent_id,
        charge_id,
        state,
        amount,
        currency,
        reason,
        failure_reason,
        metadata,
        created_at,
        finished_at
    )
    SELECT
        refund_id,
        organisation_id,
        merchant_id,
        intent_id,
        charge_id,
        state,
        amount,
        currency,
        reason,
        failure_reason,
        metadata,
        created_at,
        finished_at
    FROM jsonb_populate_recordset(NULL::payments.refund, :refunds::text::jsonb)
    ON CONFLICT (refund_id) DO UPDATE
    SET
        state = excluded.state,
        failure_reason = excluded.failure_reason,
        metadata = excluded.metadata,
        finished_at = excluded.finished_at
),

charges AS (
    INSERT INTO payments.charge (
        charge_id,
        organisation_id,
        merchant_id,
        intent_id,
        payment_method_id,
        state,
        amount,
        currency,
        amount_captured,
        amount_refunded,
        amount_refunding,
        fee,
        reserve,
        hold_id,
        processor_reference,
        error_code,
        decline_code,
        error_message,
        created_at,
        captured_at,
        available_at,
        released_at,
        voided_at,
        metadata
    )
    SELECT
        charge_id,
        organisation_id,
        merchant_id,
        intent_id,
        payment_method_id,
        state,
        amount,
        currency,
        amount_captured,
        amount_refunded,
        amount_refunding,
        fee,
        reserve,
        hold_id,
        processor_reference,
        error_code,
        decline_code,
        error_message,
        created_at,
        captured_at,
        available_at,
        released_at,
        voided_at,
        metadata
    FROM jsonb_populate_recordset(NULL::payments.charge, :charges::text::jsonb)
    ON CONFLICT (charge_id) DO UPDATE
    SET
        state = excluded.state,
        amount_captured = excluded.amount_captured,
        amount_refunded = excluded.amount_refunded,
        amount_refunding = excluded.amount_refunding,
        fee = excluded.fee,
        reserve = excluded.reserve,
        hold_id = excluded.hold_id,
        processor_reference = excluded.processor_reference,
        error_code = excluded.error_code,
        decline_code = excluded.decline_code,
        error_message = excluded.error_message,
        captured_at = excluded.captured_at,
        available_at = excluded.available_at,
        released_at = excluded.released_at,
        voided_at = excluded.voided_at
),

attempts AS (
    INSERT INTO payments.attempt (
        attempt_id,
        organisation_id,
        merchant_id,
        intent_id,
        charge_id,
        refund_id,
        processor,
        operation,
        state,
        amount,
        currency,
        cancel_reason,
        authorisation_reference,
        processor_reference,
        error_code,
        error_message,
        created_at,
        sent_at,
        finished_at,
        in_doubt_since,
        inquiry_count,
        next_inquiry_at,
        deadline_at,
        evidence_kind,
        evidence,
        closed_by
    )
    SELECT
        attempt_id,
        organisation_id,
        merchant_id,
        intent_id,
        charge_id,
        refund_id,
        processor,
        operation,
        state,
        amount,
        currency,
        cancel_reason,
        authorisation_reference,
        processor_reference,
        error_code,
        error_message,
        created_at,
        sent_at,
        finished_at,
        in_doubt_since,
        inquiry_count,
        next_inquiry_at,
        deadline_at,
        evidence_kind,
        evidence,
        closed_by
    FROM jsonb_populate_recordset(NULL::payments.attempt, :attempts::text::jsonb)
    ON CONFLICT (attempt_id) DO UPDATE
    SET
        state = excluded.state,
        processor_reference = excluded.processor_reference,
        error_code = excluded.error_code,
        error_message = excluded.error_message,
        finished_at = excluded.finished_at,
        in_doubt_since = excluded.in_doubt_since,
        inquiry_count = excluded.inquiry_count,
        next_inquiry_at = excluded.next_inquiry_at,
        deadline_at = excluded.deadline_at,
        evidence_kind = excluded.evidence_kind,
        evidence = excluded.evidence,
        closed_by = excluded.closed_by
)
SELECT payments.post_transfers(:accounts::text::jsonb, :transfers::text::jsonb);

-- name: audit_entry_delete_old$
-- Delete old entries, at most `limit` of them; returns how many.
WITH deleted AS (
    DELETE FROM tenancy.audit_entry
    WHERE audit_entry_id IN (
        SELECT audit_entry_id
        FROM tenancy.audit_entry
        WHERE occurred_at < now() - :retention::interval
        ORDER BY occurred_at
        LIMIT :limit
    )
    RETURNING 1
)
SELECT count(*)
FROM deleted;

-- name: audit_entry_insert!
-- Add an entry to the audit log.
INSERT INTO tenancy.audit_entry (
    audit_entry_id, organisation_id, operation, target_id, account_id, credential_id, address, request_id, result
)
VALUES (
    :audit_entry_id,
    :organisation_id,
    :operation,
    :target_id,
    :account_id,
    :credential_id,
    :address,
    :request_id,
    :result
);

-- name: audit_entry_list
-- List entries, newest first: those of an organisation, or all of them for the operator.
SELECT
    entry.audit_entry_id,
    entry.organisation_id,
    entry.occurred_at,
    entry.operation,
    entry.target_id,
    entry.account_id,
    account.email AS account_email,
    entry.credential_id,
    credential.kind AS credential_kind,
    credential.prefix AS credential_prefix,
    credential.name AS credential_name,
    entry.address,
    entry.request_id,
    entry.result
FROM tenancy.audit_entry AS entry
LEFT JOIN tenancy.account USING (account_id)
LEFT JOIN tenancy.credential ON credential.credential_id = entry.credential_id
WHERE (:organisation_id::uuid IS NULL OR entry.organisation_id = :organisation_id::uuid)
    AND (:before::uuid IS NULL OR entry.audit_entry_id < :before::uuid)
    AND (:account_id::uuid IS NULL OR entry.account_id = :account_id::uuid)
    AND (:operation::text IS NULL OR entry.operation = :operation::text)
    AND (:target_id::text IS NULL OR entry.target_id = :target_id::text)
    AND (:result::text IS NULL OR entry.result = :result::text)
ORDER BY entry.audit_entry_id DESC
LIMIT :limit;

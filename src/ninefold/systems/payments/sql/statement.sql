-- name: statement_find^
-- Read one statement of an organisation.
SELECT
    statement_id,
    organisation_id,
    name,
    format,
    sha256,
    line_count,
    known_line_count,
    imported_at,
    imported_by
FROM payments.statement
WHERE statement_id = :statement_id AND organisation_id = :organisation_id;

-- name: statement_find_by_digest$
-- Read the id of the statement with these bytes.
SELECT statement_id
FROM payments.statement
WHERE organisation_id = :organisation_id AND sha256 = :sha256;

-- name: statement_insert!
-- Insert a statement.
INSERT INTO payments.statement (
    statement_id,
    organisation_id,
    name,
    format,
    content,
    sha256,
    line_count,
    known_line_count,
    imported_at,
    imported_by
)
VALUES (
    :statement_id,
    :organisation_id,
    :name,
    :format,
    :content,
    :sha256,
    :line_count,
    :known_line_count,
    :imported_at,
    :imported_by
);

-- name: statement_list
-- Read statements of an organisation, newest first.
SELECT
    statement_id,
    organisation_id,
    name,
    format,
    sha256,
    line_count,
    known_line_count,
    imported_at,
    imported_by
FROM payments.statement
WHERE organisation_id = :organisation_id AND (:before::uuid IS NULL OR statement_id < :before)
ORDER BY statement_id DESC
LIMIT :limit;

-- name: statement_update_known$
-- Write how many lines of a statement were imported before, and return that.
UPDATE payments.statement
SET
    known_line_count = (
        SELECT count(*)
        FROM payments.statement_line
        WHERE statement_line.statement_id = :statement_id AND statement_line.state = 'duplicate'
    )
WHERE statement_id = :statement_id
RETURNING known_line_count;

-- name: reachability_note!
-- Note that a server can be reached; after a break, it is since now.
INSERT INTO workflows.reachability (reachable_since, seen_at)
VALUES (clock_timestamp(), clock_timestamp())
ON CONFLICT (is_only) DO UPDATE
SET
    reachable_since = CASE
        WHEN reachability.seen_at < statement_timestamp() - :silence::interval THEN statement_timestamp()
        ELSE reachability.reachable_since
    END,
    seen_at = clock_timestamp();

-- name: session_terminate$
-- End the sessions of this role that have one of these names, whatever they are doing.
SELECT count(pg_terminate_backend(pid))
FROM pg_stat_activity
WHERE application_name = ANY(:names::text[])
    AND usename = current_user;

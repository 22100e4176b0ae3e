-- name: database_identify$
-- Return what is different for each database cluster, and after each restoration to an earlier time.
SELECT format('%s/%s/%s', system.system_identifier, checkpoint.timeline_id, current_database())
FROM pg_control_system() AS system, pg_control_checkpoint() AS checkpoint;

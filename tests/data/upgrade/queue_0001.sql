-- A worker that was killed: its lease runs out while the upgrade goes on.
INSERT INTO queue.worker (worker_id, host, pid, lease_expires_at)
VALUES ('019b7760-0000-7000-8000-0000000000f1', 'host', 4711, now() + interval '1 second');

-- A queued job was there before: its organisation has a share and a turn by the migration itself.
INSERT INTO workflows.registration (registration_id, organisation_id, digest, expires_at)
VALUES
(
    '01930000-0000-7000-8000-00000000f001', '019b7760-0000-7000-8000-0000000000a1', sha256('registration'),
    now() + interval '1 hour'
);

INSERT INTO workflows.runner (
    runner_id, organisation_id, name, labels, jobs_max, is_ephemeral, version, prefix, digest
)
VALUES
(
    '01930000-0000-7000-8000-00000000f101', NULL, 'builder-1', '{self-hosted,linux,x64}', 2, FALSE, '0.1.0',
    'nfrun_AbCd1234', sha256('runner')
);

INSERT INTO workflows.job_log (job_id, organisation_id, lease_number, last_batch, last_line, size_bytes, ended_at)
VALUES
(
    '01930000-0000-7000-8000-00000000e201', '019b7760-0000-7000-8000-0000000000a1', 1, 3, 1, 5, now()
);

INSERT INTO workflows.log_chunk (job_id, last_line, lines, content)
VALUES ('01930000-0000-7000-8000-00000000e201', 1, 1, '[{"line":1,"step":1,"text":"Hello"}]');

INSERT INTO workflows.orphaned_log (blob_id, organisation_id)
VALUES ('01930000-0000-7000-8000-00000000f201', '019b7760-0000-7000-8000-0000000000a1');

INSERT INTO workflows.reachability (reachable_since, seen_at)
VALUES (now(), now());

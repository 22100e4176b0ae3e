-- An organisation with a repository that was pushed to, a secret and a variable.
INSERT INTO workflows.owner (organisation_id, slug)
VALUES ('01930000-0000-7000-8000-000000000001', 'acme');

INSERT INTO workflows.repository (
    repository_id, organisation_id, name, default_branch, created_at, updated_at, pushed_at
)
VALUES (
    '01930000-0000-7000-8000-00000001a001', '01930000-0000-7000-8000-000000000001', 'storefront', 'main', now(), now(),
    now()
);

INSERT INTO workflows.ref (repository_id, name, sha, updated_at)
VALUES ('01930000-0000-7000-8000-00000001a001', 'refs/heads/main', repeat('a', 40), now());

INSERT INTO workflows.push (
    push_id, repository_id, state, pushed_by, received_at, updates, accepted_at, triggered_at
)
VALUES (
    '01930000-0000-7000-8000-00000001a002', '01930000-0000-7000-8000-00000001a001', 'triggered', 'API key', now(), '[]',
    now(), now()
);

INSERT INTO workflows.secret (secret_id, organisation_id, name, sealed, created_at, updated_at)
VALUES (
    '01930000-0000-7000-8000-00000001a003', '01930000-0000-7000-8000-000000000001', 'TOKEN', '\x00', now(), now()
);

INSERT INTO workflows.variable (variable_id, organisation_id, repository_id, name, value, created_at, updated_at)
VALUES (
    '01930000-0000-7000-8000-00000001a004', '01930000-0000-7000-8000-000000000001',
    '01930000-0000-7000-8000-00000001a001', 'REGION', 'eu', now(), now()
);

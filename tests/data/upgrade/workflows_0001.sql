INSERT INTO workflows.owner (organisation_id, slug)
VALUES ('019b7760-0000-7000-8000-0000000000a1', 'kestrel-outdoor');

INSERT INTO workflows.repository (repository_id, organisation_id, name, default_branch)
VALUES ('01930000-0000-7000-8000-00000000e001', '019b7760-0000-7000-8000-0000000000a1', 'storefront', 'main');

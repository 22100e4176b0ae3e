CREATE SCHEMA workflows;

-- The first part of the names of an organisation's repositories.
CREATE TABLE workflows.owner (
    organisation_id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE
);

CREATE TABLE workflows.repository (
    repository_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    name text NOT NULL,
    default_branch text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    updated_at timestamptz NOT NULL DEFAULT now(),
    pushed_at timestamptz,
    last_run_number bigint NOT NULL DEFAULT 0,
    github_full_name text
);

CREATE UNIQUE INDEX repository_by_name ON workflows.repository (organisation_id, lower(name));

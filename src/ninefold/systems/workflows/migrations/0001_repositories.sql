CREATE SCHEMA workflows;

-- The first part of `kestrel-outdoor/storefront`.
CREATE TABLE workflows.owner (
    organisation_id uuid PRIMARY KEY,
    slug text NOT NULL UNIQUE CHECK (slug ~ '^[a-z0-9]([a-z0-9-]{0,37}[a-z0-9])?$')
);

-- Bare repositories that this installation hosts. The folder of each is named by its id.
CREATE TABLE workflows.repository (
    repository_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL REFERENCES workflows.owner,
    name text NOT NULL CHECK (name ~ '^[A-Za-z0-9._-]{1,100}$' AND name NOT IN ('.', '..')),
    default_branch text NOT NULL CHECK (char_length(default_branch) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL,
    pushed_at timestamptz,
    -- Of the runs of all its workflows together; each workflow counts its own.
    last_run_number bigint NOT NULL DEFAULT 0 CHECK (last_run_number >= 0),
    -- Pushes and pull requests of this repository at GitHub start workflows too.
    github_full_name text CHECK (github_full_name ~ '^[A-Za-z0-9._-]{1,100}/[A-Za-z0-9._-]{1,100}$'),
    github_clone_url text CHECK (char_length(github_clone_url) BETWEEN 1 AND 2000),
    -- Nobody sees it any more; its folder and its contents are removed by a job.
    deleted_at timestamptz,
    CONSTRAINT repository_github_is_whole CHECK (num_nulls(github_full_name, github_clone_url) IN (0, 2))
);

CREATE UNIQUE INDEX repository_by_name ON workflows.repository (organisation_id, lower(name)) WHERE deleted_at IS NULL;

CREATE INDEX repository_by_github ON workflows.repository (organisation_id, lower(github_full_name))
WHERE github_full_name IS NOT NULL AND deleted_at IS NULL;

-- The branches and tags of each repository, as the last accepted push left them. Where git's own refs differ, a push was
-- accepted by git and not yet recorded here.
CREATE TABLE workflows.ref (
    repository_id uuid NOT NULL REFERENCES workflows.repository,
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 1000),
    sha text NOT NULL CHECK (sha ~ '^[0-9a-f]{40}$'),
    updated_at timestamptz NOT NULL,
    PRIMARY KEY (repository_id, name)
);

-- Pushes. One is `receiving` from before git moves a ref until its updates are recorded, and `accepted` until its updates
-- have started workflows.
CREATE TABLE workflows.push (
    push_id uuid PRIMARY KEY,
    repository_id uuid NOT NULL REFERENCES workflows.repository,
    state text NOT NULL CHECK (state IN ('receiving', 'accepted', 'triggered')),
    -- Who pushed, such as `API key key_01h45…`.
    pushed_by text NOT NULL CHECK (char_length(pushed_by) BETWEEN 1 AND 200),
    received_at timestamptz NOT NULL,
    -- An array of objects with `ref`, `before` and `after`.
    updates jsonb,
    accepted_at timestamptz,
    triggered_at timestamptz,
    CONSTRAINT push_accepted CHECK ((state = 'receiving') = (accepted_at IS NULL AND updates IS NULL)),
    CONSTRAINT push_triggered CHECK ((state = 'triggered') = (triggered_at IS NOT NULL))
);

CREATE INDEX push_of_repository ON workflows.push (repository_id, push_id);

CREATE INDEX push_receiving ON workflows.push (repository_id) WHERE state = 'receiving';

CREATE INDEX push_waiting ON workflows.push (push_id) WHERE state = 'accepted';

-- Secrets of an organisation, or of one repository. Values are sealed.
CREATE TABLE workflows.secret (
    secret_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    repository_id uuid REFERENCES workflows.repository,
    name text NOT NULL CHECK (name ~ '^[A-Z_][A-Z0-9_]{0,254}$'),
    sealed bytea NOT NULL CHECK (octet_length(sealed) <= 65536),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX secret_by_name ON workflows.secret (organisation_id, repository_id, name) NULLS NOT DISTINCT;

-- Variables of an organisation, or of one repository.
CREATE TABLE workflows.variable (
    variable_id uuid PRIMARY KEY,
    organisation_id uuid NOT NULL,
    repository_id uuid REFERENCES workflows.repository,
    name text NOT NULL CHECK (name ~ '^[A-Z_][A-Z0-9_]{0,254}$'),
    value text NOT NULL CHECK (octet_length(value) <= 49152),
    created_at timestamptz NOT NULL,
    updated_at timestamptz NOT NULL
);

CREATE UNIQUE INDEX variable_by_name ON workflows.variable (organisation_id, repository_id, name) NULLS NOT DISTINCT;

-- People: accounts, memberships in organisations, invitations, the limits of sign-ins, and the audit log.

CREATE TABLE tenancy.account (
    account_id uuid PRIMARY KEY,
    -- In lower case, so that one person doesn't get two accounts.
    email text NOT NULL UNIQUE CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
    name text NOT NULL CHECK (char_length(name) BETWEEN 1 AND 200),
    created_at timestamptz NOT NULL DEFAULT now(),
    disabled_at timestamptz,
    -- Empty until the person has chosen a password.
    password_hash text CHECK (password_hash LIKE '$argon2id$%'),
    password_changed_at timestamptz,
    -- The secret of an authenticator app, in base32. It is used from `totp_enabled_at` on.
    totp_secret text CHECK (char_length(totp_secret) BETWEEN 16 AND 128),
    totp_enabled_at timestamptz,
    -- The time step of the last code that was accepted; no code is accepted twice.
    totp_last_step bigint,
    CONSTRAINT account_password_has_a_time CHECK ((password_hash IS NULL) = (password_changed_at IS NULL)),
    CONSTRAINT account_totp_has_a_secret CHECK (totp_secret IS NOT NULL OR totp_enabled_at IS NULL),
    CONSTRAINT account_totp_step_is_of_an_enabled_one CHECK (totp_enabled_at IS NOT NULL OR totp_last_step IS NULL)
);

-- Codes that replace the authenticator app, each once. `digest` is the SHA-256 of a code of 80 random bits.
CREATE TABLE tenancy.recovery_code (
    account_id uuid NOT NULL REFERENCES tenancy.account ON DELETE CASCADE,
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    used_at timestamptz,
    PRIMARY KEY (account_id, digest)
);

CREATE TABLE tenancy.membership (
    organisation_id uuid NOT NULL REFERENCES tenancy.organisation ON DELETE CASCADE,
    account_id uuid NOT NULL REFERENCES tenancy.account ON DELETE CASCADE,
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (organisation_id, account_id)
);

CREATE INDEX membership_of_account ON tenancy.membership (account_id, organisation_id);

-- No version could create a credential with an account before there were accounts.
DELETE FROM tenancy.credential WHERE account_id IS NOT NULL;

ALTER TABLE tenancy.credential
    -- Empty for a session without a current organisation, and for a link of an account.
    ALTER COLUMN organisation_id DROP NOT NULL,
    -- The address of the client that created it; empty if a command did.
    ADD COLUMN created_from text CHECK (char_length(created_from) BETWEEN 1 AND 100),
    ADD CONSTRAINT credential_account_exists FOREIGN KEY (account_id) REFERENCES tenancy.account ON DELETE CASCADE,
    ADD CONSTRAINT credential_has_an_owner CHECK (organisation_id IS NOT NULL OR account_id IS NOT NULL);

CREATE INDEX credential_of_account ON tenancy.credential (account_id, kind, credential_id)
WHERE account_id IS NOT NULL;

CREATE INDEX credential_by_expiry ON tenancy.credential (kind, expires_at)
WHERE expires_at IS NOT NULL;

-- What the link of an invitation offers. The link itself is a credential with the same id.
CREATE TABLE tenancy.invitation (
    invitation_id uuid PRIMARY KEY REFERENCES tenancy.credential (credential_id) ON DELETE CASCADE,
    organisation_id uuid NOT NULL REFERENCES tenancy.organisation ON DELETE CASCADE,
    email text NOT NULL CHECK (email = lower(email) AND char_length(email) BETWEEN 3 AND 254),
    role text NOT NULL CHECK (role IN ('owner', 'admin', 'developer', 'viewer')),
    -- Empty if an API key or a command invited.
    invited_by uuid REFERENCES tenancy.account ON DELETE SET NULL,
    accepted_at timestamptz,
    accepted_by uuid REFERENCES tenancy.account ON DELETE SET NULL,
    CONSTRAINT invitation_is_accepted_at_a_time CHECK (accepted_by IS NULL OR accepted_at IS NOT NULL)
);

CREATE INDEX invitation_of_organisation ON tenancy.invitation (organisation_id, invitation_id);

-- Counts the failed sign-ins of each mail address and from each client address, whether they exist or not.
CREATE TABLE tenancy.sign_in_limit (
    subject text NOT NULL CHECK (subject IN ('account', 'address')),
    -- The SHA-256 of the mail address or of the client's address.
    digest bytea NOT NULL CHECK (octet_length(digest) = 32),
    failure_count integer NOT NULL DEFAULT 0 CHECK (failure_count >= 0),
    last_failed_at timestamptz,
    locked_until timestamptz,
    PRIMARY KEY (subject, digest)
);

CREATE INDEX sign_in_limit_by_age ON tenancy.sign_in_limit (last_failed_at);

CREATE TABLE tenancy.audit_entry (
    audit_entry_id uuid PRIMARY KEY,
    -- Empty for what isn't about an organisation. Entries outlive what they are about.
    organisation_id uuid,
    occurred_at timestamptz NOT NULL DEFAULT now(),
    operation text NOT NULL CHECK (char_length(operation) BETWEEN 1 AND 100),
    target_id text CHECK (char_length(target_id) BETWEEN 1 AND 200),
    -- Both are empty for an operator's command. The credential may have been deleted since.
    account_id uuid REFERENCES tenancy.account ON DELETE SET NULL,
    credential_id uuid,
    -- Empty for a command.
    address text CHECK (char_length(address) BETWEEN 1 AND 100),
    request_id text CHECK (char_length(request_id) BETWEEN 1 AND 200),
    result text NOT NULL CHECK (result IN ('succeeded', 'denied'))
);

CREATE INDEX audit_entry_of_organisation ON tenancy.audit_entry (organisation_id, audit_entry_id);
CREATE INDEX audit_entry_by_account ON tenancy.audit_entry (organisation_id, account_id, audit_entry_id);
CREATE INDEX audit_entry_by_operation ON tenancy.audit_entry (organisation_id, operation, audit_entry_id);
CREATE INDEX audit_entry_by_target ON tenancy.audit_entry (organisation_id, target_id, audit_entry_id);
CREATE INDEX audit_entry_by_age ON tenancy.audit_entry (occurred_at);

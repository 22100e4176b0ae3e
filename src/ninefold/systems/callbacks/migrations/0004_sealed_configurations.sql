-- The secrets and options of a source are sealed together. Those that exist are sealed by the first process of this version
-- that starts, since SQL doesn't have the key; `configuration` is empty from then on. A source has neither form after the key
-- that it was sealed with was lost.
ALTER TABLE callbacks.source
ADD COLUMN configuration bytea,
ADD COLUMN sealed bytea,
ADD CONSTRAINT source_has_one_form CHECK (num_nonnulls(configuration, sealed) <= 1);

UPDATE callbacks.source
SET configuration = convert_to(jsonb_build_object('secrets', secrets, 'options', options)::text, 'UTF8');

ALTER TABLE callbacks.source
DROP COLUMN secrets,
DROP COLUMN options;

-- Each list of callbacks follows an index, so that it ends after a bounded number of rows, also in the middle of a list.
CREATE INDEX callback_listed_of_provider ON callbacks.callback (organisation_id, provider, callback_id);

-- The list of a provider was made from those of its sources.
DROP INDEX callbacks.source_of_provider;

-- Callbacks have a type once they are verified, so only that writes to this index.
CREATE INDEX callback_listed_of_type ON callbacks.callback (organisation_id, event_type, callback_id)
WHERE event_type IS NOT NULL;

-- The sources of a provider, including deleted ones: the list of a provider's callbacks is made from theirs.
CREATE INDEX source_of_provider ON callbacks.source (organisation_id, provider);

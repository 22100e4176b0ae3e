-- What people should know about a title that is ready, such as that a part of its file was damaged; for people.
ALTER TABLE video.title ADD COLUMN warnings text[] NOT NULL DEFAULT '{}';

-- Whether packets of the chunk are damaged: pictures of it can be replaced by the ones before them.
ALTER TABLE video.chunk ADD COLUMN is_damaged boolean NOT NULL DEFAULT FALSE;

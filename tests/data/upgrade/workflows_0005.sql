-- A repository whose runs go first, and a run with the lowest priority.
UPDATE workflows.repository
SET default_priority = 1
WHERE repository_id = '01930000-0000-7000-8000-00000001a001';

UPDATE workflows.run
SET priority = -1;

-- name: access_notify!
-- Tell every process, at the commit, that somebody's access may have ended.
SELECT pg_notify('tenancy.access', '');

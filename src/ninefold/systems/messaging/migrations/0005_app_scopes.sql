-- What the token of an app's bot is limited to, so that the app is told no more than that; NULL: it has no limits.
ALTER TABLE messaging.app ADD COLUMN scopes text[];

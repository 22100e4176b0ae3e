-- An app that is told only what its scopes allow.
UPDATE messaging.app
SET scopes = '{chat:write,channels:history}'
WHERE app_id = '01930000-0000-7000-8000-00000000e101';

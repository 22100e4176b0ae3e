-- The key of the installation, by its id.
INSERT INTO secrets.known_key (key_id)
VALUES ('\x0011223344556677');

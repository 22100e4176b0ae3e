"""The HTTP API of people: sessions, accounts, members, invitations, keys and tokens, and the audit log."""

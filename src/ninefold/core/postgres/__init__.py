"""PostgreSQL: the embedded server, the pool and its transactions, named SQL, migrations."""

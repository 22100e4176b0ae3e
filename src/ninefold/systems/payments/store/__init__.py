"""The named SQL queries of payments, one typed function each."""

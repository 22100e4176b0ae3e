"""What workflows do on a server. Services take a connection and never commit."""

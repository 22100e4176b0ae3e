"""What video does; takes a connection and never commits."""

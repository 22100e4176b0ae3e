"""What the assistant does; each function takes a connection and never commits, except where it says so."""

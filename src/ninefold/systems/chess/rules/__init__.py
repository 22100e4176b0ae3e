"""The rules of chess and of its clocks: pure functions, without I/O; the time is an argument."""

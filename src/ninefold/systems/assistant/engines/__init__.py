"""The engines that write answers: one port, and an adapter for each kind of engine.

`port.py` says what an engine does; every adapter passes the tests in `tests/assistant/engines/test_conformance.py`.
"""

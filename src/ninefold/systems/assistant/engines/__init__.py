"""The engines that write answers: one port, and an adapter for each kind of engine.

`port.py` says what an engine does. `tests/conformance/assistant` has the tests that every adapter passes.
"""

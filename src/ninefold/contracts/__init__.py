"""What systems let each other use: frozen data, protocols and names, without I/O.

One module for each system that offers something. A system imports the module, never the other system; the edge gives it
the implementation (`ninefold/core/contracts.py`).
"""

"""Runs the command line as `python -m ninefold`; the supervisor starts its processes this way."""

from ninefold.edge.cli import main

if __name__ == "__main__":
    main()

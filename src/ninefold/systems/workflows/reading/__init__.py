"""Reads workflow files and actions by GitHub's published grammar, into the data of `model`.

Steps of reading: `yaml_nodes` reads YAML, `template_reader` validates it by a grammar and checks the expressions in it,
`workflow_files` and `actions` make data of it and check what no grammar can say. `calls` follows calls of workflows.
"""

from ninefold.systems.workflows.reading.actions import ACTION_FILES, read_action
from ninefold.systems.workflows.reading.calls import read_calls, resolve_reference
from ninefold.systems.workflows.reading.workflow_files import read_workflow

__all__ = ["ACTION_FILES", "read_action", "read_calls", "read_workflow", "resolve_reference"]

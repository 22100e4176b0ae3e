"""The expressions of workflows: parses and evaluates what stands in `${{ }}`.

`parse` and `evaluate` are for an expression alone, `interpolate` and `evaluate_template` for what a file has,
`is_met` for conditions. `hash_files_in` is `hashFiles` of a workspace.
"""

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions.allowed import ANYTHING, Allowed, allow_contexts, allowed_of_grammar
from ninefold.systems.workflows.expressions.coercion import is_truthy
from ninefold.systems.workflows.expressions.conditions import is_met
from ninefold.systems.workflows.expressions.evaluator import evaluate
from ninefold.systems.workflows.expressions.file_hashes import hash_files_in
from ninefold.systems.workflows.expressions.parser import parse
from ninefold.systems.workflows.expressions.scope import Conclusion, HashFiles, Scope, Status, make_scope
from ninefold.systems.workflows.expressions.syntax import Expression
from ninefold.systems.workflows.expressions.templates import evaluate_template, interpolate
from ninefold.systems.workflows.model.values import Object, Value, text_of, to_json_data, to_value

__all__ = [
    "ANYTHING",
    "Allowed",
    "Conclusion",
    "Expression",
    "ExpressionError",
    "HashFiles",
    "Object",
    "Scope",
    "Status",
    "Value",
    "allow_contexts",
    "allowed_of_grammar",
    "evaluate",
    "evaluate_template",
    "hash_files_in",
    "interpolate",
    "is_met",
    "is_truthy",
    "make_scope",
    "parse",
    "text_of",
    "to_json_data",
    "to_value",
]

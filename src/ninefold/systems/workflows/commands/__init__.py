"""The commands `ninefold workflows …`. Those for files and expressions need no server."""

from typing import Final

from cyclopts import App

from ninefold.systems.workflows.commands.check import check
from ninefold.systems.workflows.commands.evaluate import evaluate_expressions
from ninefold.systems.workflows.commands.run import run_workflows
from ninefold.systems.workflows.commands.runner import runner

workflows = App(name="workflows", help="Check workflow files of GitHub Actions, and evaluate their expressions.")
workflows.command(check)
workflows.command(evaluate_expressions, name="evaluate")
workflows.command(run_workflows, name="run")

COMMANDS: Final = (workflows, runner)

"""The commands `ninefold workflows …`. Those for files and expressions need no server."""

from typing import Final

from cyclopts import App

from ninefold.systems.workflows.commands.actions import actions
from ninefold.systems.workflows.commands.artifacts import artifacts
from ninefold.systems.workflows.commands.check import check
from ninefold.systems.workflows.commands.evaluate import evaluate_expressions
from ninefold.systems.workflows.commands.fleet import list_queue, runners, show_share, show_usage
from ninefold.systems.workflows.commands.job_log import show_log
from ninefold.systems.workflows.commands.repositories import repositories, show_owner
from ninefold.systems.workflows.commands.run import run_workflows
from ninefold.systems.workflows.commands.runner import runner
from ninefold.systems.workflows.commands.runs import dispatch_workflow, runs
from ninefold.systems.workflows.commands.secrets import secrets, variables

workflows = App(name="workflows", help="Check and run workflows of GitHub Actions, and manage their repositories.")
workflows.command(check)
workflows.command(evaluate_expressions, name="evaluate")
workflows.command(run_workflows, name="run")
workflows.command(actions)
workflows.command(repositories)
workflows.command(artifacts)
workflows.command(runs)
workflows.command(show_log, name="log")
workflows.command(dispatch_workflow, name="dispatch")
workflows.command(secrets)
workflows.command(variables)
workflows.command(show_owner, name="owner")
workflows.command(runners)
workflows.command(list_queue, name="queue")
workflows.command(show_usage, name="usage")
workflows.command(show_share, name="share")

COMMANDS: Final = (workflows, runner)

"""An app of Slack's framework, unmodified, that the console's journeys use: it deploys nothing.

It gets `BOT_TOKEN`, `APP_TOKEN` and `API_URL` from its environment, and prints `connected` once it is.
"""

import os
from typing import Any, Final, TypeAlias

from slack_bolt import Ack, App, Respond
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient

Json: TypeAlias = dict[str, Any]

STAGES: Final = {"test": "Test", "live": "Production"}


def plain(text: str) -> Json:
    """Return a text of Block Kit."""
    return {"type": "plain_text", "text": text}


def section(text: str, accessory: Json | None = None) -> Json:
    """Return a paragraph, with an element at its side."""
    block: Json = {"type": "section", "text": {"type": "mrkdwn", "text": text}}
    return block if accessory is None else {**block, "accessory": accessory}


def button(action_id: str, text: str, value: str = "12", **more: Any) -> Json:
    """Return a button."""
    return {"type": "button", "action_id": action_id, "text": plain(text), "value": value, **more}


def stage_select(action_id: str) -> Json:
    """Return a menu of the stages."""
    options = [{"text": plain(name), "value": value} for value, name in STAGES.items()]
    return {"type": "static_select", "action_id": action_id, "placeholder": plain("Stage"), "options": options}


def proposal(stage: str) -> list[Json]:
    """Return the blocks of a message that asks whether to deploy."""
    return [
        {"type": "header", "text": plain("Version 12")},
        section(f"Goes to *{STAGES[stage]}*. 14 commits since version 11.", stage_select("stage")),
        {
            "type": "actions",
            "elements": [
                button("approve", "Approve", style="primary"),
                button("reject", "Reject", style="danger"),
                button("ask", "Deploy another one"),
            ],
        },
        {"type": "context", "elements": [{"type": "mrkdwn", "text": "Proposed by the `release` branch"}]},
    ]


def form() -> Json:
    """Return the modal in which a deployment is asked for."""
    notify = [{"text": plain("Tell the channel"), "value": "tell"}]
    return {
        "type": "modal",
        "callback_id": "deployment",
        "title": plain("Deploy"),
        "submit": plain("Deploy"),
        "close": plain("Cancel"),
        "blocks": [
            section("Which version, and where?", button("older", "Older versions")),
            {
                "type": "input",
                "block_id": "version",
                "label": plain("Version"),
                "hint": plain("A number, such as 12."),
                "element": {"type": "plain_text_input", "action_id": "entered"},
            },
            {
                "type": "input",
                "block_id": "stage",
                "label": plain("Stage"),
                "element": {**stage_select("entered"), "initial_option": {"text": plain("Test"), "value": "test"}},
            },
            {
                "type": "input",
                "block_id": "notify",
                "optional": True,
                "label": plain("Afterwards"),
                "element": {"type": "checkboxes", "action_id": "entered", "options": notify},
            },
        ],
    }


def notice(title: str, text: str) -> Json:
    """Return a modal without input."""
    return {"type": "modal", "title": plain(title), "close": plain("Close"), "blocks": [section(text)]}


def add_commands(app: App) -> None:
    """Add the slash commands."""

    @app.command("/proposal")
    def propose(ack: Ack) -> None:
        ack(response_type="in_channel", text="Deploy version 12?", blocks=proposal("test"))

    @app.command("/stages")
    def stages(ack: Ack, command: Json) -> None:
        ack(f"*Test* has version 11, *Production* version 10. You asked for `{command['text']}`.")

    @app.command("/deploy")
    def deploy(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form())


def add_actions(app: App) -> None:
    """Add what clicks do."""

    @app.action("approve")
    def approve(ack: Ack, body: Json, action: Json, respond: Respond) -> None:
        ack()
        text = f"Version {action['value']} was approved by <@{body['user']['id']}>."
        respond(replace_original=True, text=text, blocks=[section(text)])

    @app.action("reject")
    def reject(ack: Ack, respond: Respond) -> None:
        ack()
        respond(replace_original=False, text="Only a release manager can reject it.")

    @app.action("stage")
    def choose(ack: Ack, action: Json, respond: Respond) -> None:
        ack()
        blocks = proposal(action["selected_option"]["value"])
        respond(replace_original=True, text="Deploy version 12?", blocks=blocks)

    @app.action("ask")
    def ask(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        client.views_open(trigger_id=body["trigger_id"], view=form())

    @app.action("older")
    def older(ack: Ack, body: Json, client: WebClient) -> None:
        ack()
        client.views_push(trigger_id=body["trigger_id"], view=notice("Older versions", "11, 10 and 9."))


def add_views(app: App) -> None:
    """Add the modal's answer, and the home tab."""

    @app.view("deployment")
    def submit(ack: Ack, view: Json) -> None:
        values = view["state"]["values"]
        version = values["version"]["entered"]["value"]
        if not version.isdecimal():
            ack(response_action="errors", errors={"version": "That isn't a number."})
            return
        stage = values["stage"]["entered"]["selected_option"]["value"]
        told = "the channel is told" if values["notify"]["entered"]["selected_options"] else "nobody is told"
        text = f"Version {version} goes to {STAGES[stage]}; {told}."
        ack(response_action="update", view=notice("Deploying", text))

    @app.event("app_home_opened")
    def show_home(event: Json, client: WebClient) -> None:
        blocks = [
            {"type": "header", "text": plain("Your deployments")},
            section("None is under way."),
            {"type": "divider"},
            {"type": "actions", "elements": [button("ask", "Deploy a version", style="primary")]},
        ]
        client.views_publish(user_id=event["user"], view={"type": "home", "blocks": blocks})

    @app.event("message")
    def read() -> None:
        """Read messages without doing anything."""


def main() -> None:
    """Run the app until the process is ended."""
    app = App(client=WebClient(os.environ["BOT_TOKEN"], base_url=os.environ["API_URL"]))
    add_commands(app)
    add_actions(app)
    add_views(app)
    SocketModeHandler(app, os.environ["APP_TOKEN"]).connect()  # type: ignore[no-untyped-call]  # slack_bolt lacks it.
    print("connected", flush=True)  # noqa: T201 - the journey waits for it.
    while os.read(0, 1):
        pass


if __name__ == "__main__":
    main()

"""`ninefold chat`."""

import sys
from contextlib import suppress
from typing import Annotated, Any, Final

from cyclopts import App, Parameter
from cyclopts.validators import Number

from ninefold.core.commands import (
    FROM_ENVIRONMENT,
    ApiClient,
    ApiOptions,
    Page,
    as_plain,
    parse_argument_id,
    print_json_text,
    print_note,
)
from ninefold.core.errors import InvalidInputError, NinefoldError
from ninefold.systems.assistant.commands.answers import (
    ConversationAnswer,
    LogEntry,
    ResponseAnswer,
    SentAnswer,
)
from ninefold.systems.assistant.commands.following import follow_response
from ninefold.systems.assistant.commands.screen import CONNECTION_LOST, Screen
from ninefold.systems.assistant.commands.stopping import StopOnInterrupt
from ninefold.systems.assistant.model import CONVERSATION_PREFIX
from ninefold.systems.assistant.rules.events import CANCELLED, FAILED, INCOMPLETE

_CONVERSATIONS: Final = "/api/v1/assistant/conversations"
_RESPONSES: Final = "/api/v1/assistant/responses"
PROMPT: Final = "> "

_REMEDIES: Final = {
    "queue_timeout": "Send it again later, or start more workers.",
    "engine_overloaded": "Send it again later.",
    "engine_refused": "Change the question.",
    "engine_cannot_continue": "Send it again.",
    "too_many_attempts": "Look at the workers' logs.",
}
_REMEDY: Final = "`ninefold doctor` checks the engine; its log says more."

New = Annotated[bool, Parameter(negative="", show_default=False)]
MaxOutputTokens = Annotated[int | None, Parameter(validator=Number(gte=1))]

chat = App(name="chat", help="Talk with the assistant.")


class AnswerFailedError(NinefoldError):
    """The answer has ended with an error."""

    code = "answer_failed"
    title = "The answer failed"


@chat.default
def talk(
    question: str | None = None,
    *,
    new: New = False,
    conversation: str | None = None,
    model: str | None = None,
    instructions: str | None = None,
    max_output_tokens: MaxOutputTokens = None,
    api: ApiOptions = FROM_ENVIRONMENT,
) -> None:
    """Ask one question, or talk until Ctrl-D. It goes on with the conversation that changed last.

    Ctrl-C stops an answer; what it has so far is kept. A second Ctrl-C leaves.

    Args:
        question: What to ask; without it, it is read from the terminal or from standard input.
        new: Begin another conversation.
        conversation: Id of the conversation to go on with, such as conv_01h455vb4pex5vsknk084sn02q.
        model: Model that answers.
        instructions: What the model is told before the conversation.
        max_output_tokens: The most tokens that an answer may have.
        api: The server and API key to use.
    """
    options = {"model": model, "instructions": instructions, "max_output_tokens": max_output_tokens}
    if conversation is not None:
        parse_argument_id(CONVERSATION_PREFIX, conversation, shown_by="ninefold chat")
    is_talking = question is None and sys.stdin.isatty()
    if is_talking and api.json:
        raise InvalidInputError(
            "--json needs a question.", remedy='Add one: ninefold chat "Why is the sky blue?" --json'
        )
    with api.client() as client:
        talking = _Conversation(client, None if new else _find(client, conversation), options=options)
        if is_talking:
            talking.run()
        else:
            talking.ask_once(sys.stdin.read().strip() if question is None else question, is_json=api.json)


class _Conversation:
    """A conversation with the person at the terminal; it is created with its first message.

    Args:
        client: of the server.
        conversation: the one to go on with, if there is one.
        options: how answers are to be generated; None is the server's default.
    """

    def __init__(self, client: ApiClient, conversation: ConversationAnswer | None, *, options: dict[str, Any]) -> None:
        self._client = client
        self._conversation = conversation
        self._options = {name: value for name, value in options.items() if value is not None}

    def run(self) -> None:
        """Talk until Ctrl-D, or Ctrl-C where no answer is generated."""
        # Lines can be edited, and earlier ones found, as soon as it is imported.
        with suppress(ImportError):
            import readline  # noqa: F401, PLC0415 - Windows doesn't have it.

        self._show_last()
        with suppress(EOFError, KeyboardInterrupt):
            while True:
                if question := input(PROMPT).strip():
                    self._ask_and_report(question)
        sys.stdout.write("\n")

    def ask_once(self, question: str, *, is_json: bool) -> None:
        """Ask one question, and print the answer, or as JSON its response.

        Raises:
            AnswerFailedError: the answer has failed.
            KeyboardInterrupt: it was stopped.
        """
        before = self._unfinished()
        if before is not None:
            print_note("Waiting until the answer before has ended.")
            for _ in follow_response(self._client, before, on_lost=lambda: None):
                pass
        response = self._send(question)
        end, was_stopped = self._show(response, shows_text=not is_json)
        if is_json:
            print_json_text(self._client.get(f"{_RESPONSES}/{response.response_id}").content)
        _report(end)
        if was_stopped:
            raise KeyboardInterrupt

    def _ask_and_report(self, question: str) -> None:
        """Ask a question; print an error instead of leaving."""
        try:
            end, _ = self._show(self._send(question))
            _report(end)
        except NinefoldError as error:
            print_note(f"✗ {error.detail}" + (f"\n  {error.remedy}" if error.remedy else ""))

    def _send(self, question: str) -> ResponseAnswer:
        if self._conversation is None:
            self._conversation = self._client.post(_CONVERSATIONS, {}).read(ConversationAnswer)
        path = f"{_CONVERSATIONS}/{self._conversation.conversation_id}/messages"
        return self._client.post(path, {"text": question, **self._options}).read(SentAnswer).answer.response

    def _show(self, response: ResponseAnswer, *, shows_text: bool = True) -> tuple[LogEntry, bool]:
        """Show an answer until its end; return its last event, and whether it was stopped here."""
        with StopOnInterrupt(self._client, response) as stop, Screen(shows_text=shows_text) as screen:
            for entry in follow_response(self._client, response, on_lost=lambda: screen.say(CONNECTION_LOST)):
                screen.show(entry)
        return entry, stop.was_asked and entry.type == CANCELLED

    def _show_last(self) -> None:
        """Show the last question with its answer, as far as it is now, and wait for the rest of it."""
        if self._conversation is None:
            print_note("A new conversation. Ctrl-C stops an answer, Ctrl-D leaves.")
            return
        print_note(
            f"{self._conversation.title or 'Conversation'} ({self._conversation.conversation_id}). "
            "Ctrl-C stops an answer, Ctrl-D leaves; --new begins another conversation."
        )
        answer = self._conversation.message(self._conversation.current_message_id)
        if answer is None:
            return
        if (question := self._conversation.message(answer.parent_id)) is not None:
            sys.stdout.write(f"{PROMPT}{as_plain(question.text, has_lines=True)}\n")
        if (response := self._unfinished()) is not None:
            _report(self._show(response)[0])
        else:
            sys.stdout.write(f"{as_plain(answer.text, has_lines=True)}\n")

    def _unfinished(self) -> ResponseAnswer | None:
        """Return the answer that is still being generated."""
        if self._conversation is None:
            return None
        last = self._conversation.message(self._conversation.current_message_id)
        if last is None or last.response is None or last.response.status.is_final:
            return None
        return last.response


def _find(client: ApiClient, conversation_id: str | None) -> ConversationAnswer | None:
    """Return a conversation with its messages: by its id, or the one that changed last; None if there is none."""
    if conversation_id is None:
        found = client.get(_CONVERSATIONS, limit=1).read(Page[ConversationAnswer]).items
        if not found:
            return None
        conversation_id = found[0].conversation_id
    return client.get(f"{_CONVERSATIONS}/{conversation_id}").read(ConversationAnswer)


def _report(end: LogEntry) -> None:
    """Say how an answer has ended, unless it is complete.

    Raises:
        AnswerFailedError: it has failed.
    """
    error = end.response.error
    if end.type == FAILED and error is not None:
        raise AnswerFailedError(f"The answer failed: {error.message}", remedy=_REMEDIES.get(error.code, _REMEDY))
    if end.type == INCOMPLETE:
        print_note("The answer ends here, because it has reached its limit.")
    if end.type == CANCELLED:
        print_note("Stopped. What is above is kept.")

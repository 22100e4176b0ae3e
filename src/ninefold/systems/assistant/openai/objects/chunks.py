"""The translation of a response's log into the chunks of a streamed chat completion.

A chunk is written without decoding and encoding its text again: the text is copied as JSON from the log's event.
"""

from typing import Final

import msgspec

from ninefold.systems.assistant.model import LogEvent, Response
from ninefold.systems.assistant.openai.objects.chat import CompletionUsage, completion_id_of, finish_reason

DONE: Final = b"data: [DONE]\n\n"

_NO_DELTA: Final = b"{}"


class _Delta(msgspec.Struct, frozen=True):
    delta: msgspec.Raw


class _Item(msgspec.Struct, frozen=True):
    type: str
    call_id: msgspec.Raw = msgspec.Raw(b'""')
    name: msgspec.Raw = msgspec.Raw(b'""')


class _Added(msgspec.Struct, frozen=True):
    item: _Item
    output_index: int


class _ArgumentsDelta(msgspec.Struct, frozen=True):
    output_index: int
    delta: msgspec.Raw


_delta_decoder: Final = msgspec.json.Decoder(_Delta)
_added_decoder: Final = msgspec.json.Decoder(_Added)
_arguments_decoder: Final = msgspec.json.Decoder(_ArgumentsDelta)


class ChunkWriter:
    """Writes the chunks of one completion, as server-sent events.

    Args:
        response: the response, as it was created.
        includes_usage: whether the client asked for `stream_options.include_usage`.
    """

    def __init__(self, response: Response, *, includes_usage: bool) -> None:
        head = {
            "id": completion_id_of(response),
            "object": "chat.completion.chunk",
            "created": int(response.created_at.timestamp()),
            "model": response.model,
            "system_fingerprint": None,
        }
        self._head: Final = b"data: " + msgspec.json.encode(head)[:-1]
        self._includes_usage: Final = includes_usage
        self._tail: Final = b',"usage":null}\n\n' if includes_usage else b"}\n\n"
        self._call_indices: dict[int, int] = {}
        """The index of each call among the calls, by its index in the output."""
        self._has_begun = False

    def write(self, event: LogEvent) -> bytes:
        """Return the chunks for an event of the log; empty if it has nothing to show."""
        match event.type:
            case "response.output_text.delta":
                return self._show(b'{"content":%b}' % bytes(_delta_decoder.decode(event.payload).delta))
            case "response.refusal.delta":
                return self._show(b'{"refusal":%b}' % bytes(_delta_decoder.decode(event.payload).delta))
            case "response.output_item.added":
                return self._begin_item(_added_decoder.decode(event.payload))
            case "response.function_call_arguments.delta":
                return self._add_arguments(_arguments_decoder.decode(event.payload))
            case _:
                return b""

    def finish(self, response: Response) -> bytes:
        """Return the last chunks, for a response that has ended and hasn't failed."""
        reason = finish_reason(response, has_calls=bool(self._call_indices))
        last = self._begin() + self._chunk(_NO_DELTA, b'"%b"' % reason.encode())
        return last + self._usage(response) + DONE

    def _show(self, delta: bytes) -> bytes:
        return self._begin() + self._chunk(delta)

    def _begin(self) -> bytes:
        """Return the chunk with which each stream begins, once."""
        if self._has_begun:
            return b""
        self._has_begun = True
        return self._chunk(b'{"role":"assistant","content":"","refusal":null}')

    def _begin_item(self, added: _Added) -> bytes:
        if added.item.type != "function_call":
            return self._begin()
        index = self._call_indices.setdefault(added.output_index, len(self._call_indices))
        call = b'{"index":%d,"id":%b,"type":"function","function":{"name":%b,"arguments":""}}' % (
            index,
            bytes(added.item.call_id),
            bytes(added.item.name),
        )
        return self._show(b'{"tool_calls":[%b]}' % call)

    def _add_arguments(self, arguments: _ArgumentsDelta) -> bytes:
        index = self._call_indices[arguments.output_index]
        return self._show(
            b'{"tool_calls":[{"index":%d,"function":{"arguments":%b}}]}' % (index, bytes(arguments.delta))
        )

    def _chunk(self, delta: bytes, reason: bytes = b"null") -> bytes:
        return b'%b,"choices":[{"index":0,"delta":%b,"logprobs":null,"finish_reason":%b}]%b' % (
            self._head,
            delta,
            reason,
            self._tail,
        )

    def _usage(self, response: Response) -> bytes:
        if not self._includes_usage:
            return b""
        usage = msgspec.json.encode(CompletionUsage.of(response.usage))
        return b'%b,"choices":[],"usage":%b}\n\n' % (self._head, usage)

"""The processes of the engine `llama`: llama.cpp's HTTP server on a Unix socket, for one model."""

import json
import os
import signal
import time
from pathlib import Path
from typing import Any, Final

import httpx
import structlog

from ninefold.core.processes import ProcessAddress, ProcessContext, SystemProcess
from ninefold.systems.assistant.engines.llama.models import CHAT_MODEL_BYTES, find_chat_model, find_embedding_model
from ninefold.systems.assistant.settings import PREFIX, AssistantSettings

CHAT_PROCESS: Final = "assistant.llama"
EMBEDDING_PROCESS: Final = "assistant.embeddings"

BASE_URL: Final = "http://llama"
"""The host is of no importance on a Unix socket."""

BATCH_TOKENS: Final = 256
"""How many tokens of a prompt are read at once. With more, the answers of the other slots would stop for longer."""

EMBEDDING_SLOTS: Final = 4
EMBEDDING_CONTEXT_TOKENS: Final = 512
"""How long a text can be; the model has no more positions."""

HTTP_THREADS_RESERVED: Final = 8
"""Besides one for each slot: connections that wait for a slot, and checks, need threads too."""

WARM_UP_TOKENS: Final = 8
WARM_UP_WITHIN_S: Final = 1.0
"""How fast a warm-up has to be. A process that has just started can be ten times slower for some seconds."""

WARM_UP_S_MAX: Final = 30.0
WARM_UP_TIMEOUT_S: Final = 120.0

log = structlog.get_logger(__name__)


def run_chat_model(context: ProcessContext[AssistantSettings]) -> None:
    """Serve the chat model until SIGTERM.

    Raises:
        EngineUnavailableError: a package isn't installed.
    """
    settings = context.settings
    parameters = _parameters(settings.llama_model or find_chat_model(), settings)
    parameters.n_parallel = settings.llama_slots
    parameters.n_ctx = settings.llama_slots * settings.llama_context_tokens
    parameters.n_batch = parameters.n_ubatch = BATCH_TOKENS
    parameters.n_threads_http = settings.llama_slots + HTTP_THREADS_RESERVED
    _serve(parameters, context.address, "/v1/chat/completions", WARM_UP_CHAT)


def run_embedding_model(context: ProcessContext[AssistantSettings]) -> None:
    """Serve the embedding model until SIGTERM.

    Raises:
        EngineUnavailableError: a package isn't installed.
    """
    parameters = _parameters(find_embedding_model(context.data_dir), context.settings)
    parameters.embedding = True
    parameters.n_parallel = EMBEDDING_SLOTS
    parameters.n_ctx = EMBEDDING_SLOTS * EMBEDDING_CONTEXT_TOKENS
    parameters.n_batch = parameters.n_ubatch = EMBEDDING_CONTEXT_TOKENS
    _serve(parameters, context.address, "/v1/embeddings", WARM_UP_EMBEDDING)


async def check(address: ProcessAddress) -> None:
    """Ask for something that only the thread answers that computes tokens.

    Raises:
        httpx.HTTPError: it doesn't answer.
    """
    async with client(address.ready_socket) as asking:
        (await asking.get("/metrics")).raise_for_status()


def client(socket: Path) -> httpx.AsyncClient:
    """Return a client for the socket of a process, without a timeout."""
    # No TLS is used, so its authorities needn't be loaded, which would take longer than a short answer.
    transport = httpx.AsyncHTTPTransport(uds=str(socket), verify=False)
    return httpx.AsyncClient(transport=transport, base_url=BASE_URL, timeout=None)  # noqa: S113 - the caller has one.


WARM_UP_CHAT: Final = {
    "messages": [{"role": "user", "content": "Hello"}],
    "max_tokens": WARM_UP_TOKENS,
    "ignore_eos": True,
}
WARM_UP_EMBEDDING: Final = {"input": "Hello"}


def _parameters(model: Path, settings: AssistantSettings) -> Any:
    import xllamacpp  # noqa: PLC0415 - only these processes load it, and it can be absent.

    parameters = xllamacpp.CommonParams()
    parameters.model.path = str(model)
    # llama.cpp's threads wait for each other after every step, without sleeping. If another process takes the core of
    # one, all of them stand still: with as many threads as cores, one busy process makes llama.cpp ten times slower.
    parameters.cpuparams.n_threads = settings.llama_threads or max(1, (os.cpu_count() or 1) // 2)
    parameters.endpoint_metrics = True
    parameters.ui = False
    parameters.verbosity = 1
    return parameters


def _serve(parameters: Any, address: ProcessAddress, path: str, warm_up: dict[str, Any]) -> None:
    import xllamacpp  # noqa: PLC0415 - as above.

    # A process without state can end at once, even if llama.cpp hangs.
    signal.signal(signal.SIGTERM, signal.SIG_DFL)
    began_at = time.monotonic()
    parameters.hostnames = [str(address.starting_socket)]
    server = xllamacpp.Server(parameters)
    rounds = _warm_up(address.starting_socket, path, warm_up)
    address.announce()
    log.info("assistant.engine.ready", seconds=round(time.monotonic() - began_at, 2), warm_ups=rounds)
    while True:
        signal.pause()
        assert server.listening_address, "it is served as long as it is referred to"


def _warm_up(socket: Path, path: str, body: dict[str, Any]) -> int:
    """Generate until that is as fast as it should be; return how often it was done."""
    deadline = time.monotonic() + WARM_UP_S_MAX
    rounds = 0
    while True:
        began_at = time.monotonic()
        with httpx.Client(transport=httpx.HTTPTransport(uds=str(socket), verify=False), base_url=BASE_URL) as asking:
            asking.post(path, content=json.dumps(body), timeout=WARM_UP_TIMEOUT_S).raise_for_status()
        rounds += 1
        duration_s = time.monotonic() - began_at
        if duration_s < WARM_UP_WITHIN_S:
            return rounds
        if time.monotonic() > deadline:
            log.warning("assistant.engine.slow", seconds=round(duration_s, 2), tokens=WARM_UP_TOKENS)
            return rounds


def _is_llama(settings: AssistantSettings) -> bool:
    return settings.engine == "llama"


def _describe(settings: AssistantSettings) -> str | None:
    if settings.llama_model is not None:
        size = settings.llama_model.stat().st_size
        return f"Assistant: {settings.model}, {size / 1e6:,.0f} MB; it is loaded when it is first used."
    return (
        f"Assistant: {settings.model}, {CHAT_MODEL_BYTES / 1e6:.0f} MB; it is loaded when it is first used, and knows "
        f"little. For a better model, set {PREFIX}LLAMA_MODEL or {PREFIX}URL."
    )


PROCESSES: Final = (
    SystemProcess(name=CHAT_PROCESS, run=run_chat_model, check=check, is_needed=_is_llama, banner=_describe),
    SystemProcess(name=EMBEDDING_PROCESS, run=run_embedding_model, check=check, is_needed=_is_llama),
)

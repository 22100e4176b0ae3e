"""Generates one response: attempts, deadlines, and how it ends."""

import asyncio
import random
import time
from collections.abc import Callable, Sequence
from contextlib import aclosing, suppress
from typing import Final

import structlog

from ninefold.core.errors import NinefoldError
from ninefold.core.ids import format_id
from ninefold.core.jobs.sanitizing import sanitize_text
from ninefold.systems.assistant.engines.errors import (
    EngineBrokeOffError,
    EngineCannotContinueError,
    EngineOverloadedError,
    EngineRefusedError,
    EngineUnavailableError,
)
from ninefold.systems.assistant.engines.port import Engine, FinishReason, Generation, Piece
from ninefold.systems.assistant.jobs import metrics
from ninefold.systems.assistant.jobs.open_log import OpenLog
from ninefold.systems.assistant.jobs.stall_watch import StallWatch
from ninefold.systems.assistant.model import (
    RESPONSE_PREFIX,
    Ending,
    PromptMessage,
    ResponseError,
    ResponseStatus,
    ToolCall,
    Usage,
)
from ninefold.systems.assistant.rules.events import ContinueReason, continued_event, end_response
from ninefold.systems.assistant.settings import AssistantSettings

RETRY_DELAYS_S: Final = (0.1, 0.5, 1.0, 2.0)
"""Before the next attempts; the last one also before all that follow."""

RETRY_DELAY_MAX_S: Final = 4.0
"""Even if an engine asks for a longer wait, so that a response goes on within 5 s."""

ENGINE_POLL_S: Final = 0.25
"""Seconds between looks at whether an engine is ready again."""

OUTPUT_LIMIT_REASON: Final = "max_output_tokens"

_RETRYABLE: Final = (EngineUnavailableError, EngineOverloadedError, EngineBrokeOffError, TimeoutError)

log = structlog.get_logger(__name__)


class Generator:
    """Generates one response.

    Args:
        engine: what generates.
        open_log: where its tokens go.
        prompt: the messages to answer.
        settings: deadlines and limits.
        on_engine_lost: called when the engine can't be reached, or has ended in the middle of the response.
    """

    def __init__(
        self,
        engine: Engine,
        open_log: OpenLog,
        *,
        prompt: Sequence[PromptMessage],
        settings: AssistantSettings,
        on_engine_lost: Callable[[], None],
    ) -> None:
        self._engine = engine
        self._log = open_log
        self._response = open_log.response
        self._prompt = prompt
        self._settings = settings
        self._on_engine_lost = on_engine_lost
        self._input_tokens = self._response.usage.input_tokens
        self._tool_calls: list[ToolCall] = []
        self._tool_tokens = 0

    async def run(self) -> Ending:
        """Generate until the end, with as many attempts as the settings allow.

        Raises:
            LogLostError: the response isn't this worker's any more.
        """
        while True:
            if self._log.attempt_count > self._settings.attempts_max:
                return await self._fail("too_many_attempts", "The response failed as often as it may be attempted.")
            try:
                return await self._end(await self._attempt())
            except _RETRYABLE as error:
                if self._log.attempt_count >= self._settings.attempts_max:
                    return await self._fail(*_describe(error))
                await self._prepare_next(error)
            except (EngineRefusedError, EngineCannotContinueError) as error:
                return await self._fail(error.code, str(error))

    async def _attempt(self) -> FinishReason:
        await self._log.settle()
        self._tool_calls, self._tool_tokens = [], 0
        if self._is_at_limit():
            return "length"
        began_at: float | None = time.perf_counter()
        finish_reason: FinishReason | None = None
        settings = self._settings
        # If the time is up, the generator is cancelled where it waits, which frees the engine.
        async with asyncio.timeout(settings.first_token_timeout_s) as deadline:
            loop = asyncio.get_running_loop()
            async with aclosing(self._engine.generate(self._generation())) as pieces:
                with StallWatch(self._log, after_s=settings.stalled_after_s) as watch:
                    async for piece in pieces:
                        if began_at is not None:
                            metrics.FIRST_TOKEN.observe(time.perf_counter() - began_at)
                            began_at = None
                        deadline.reschedule(loop.time() + settings.gap_timeout_s)
                        watch.on_piece()
                        finish_reason = self._take(piece) or finish_reason
        if finish_reason is None:
            raise EngineBrokeOffError("The engine ended without saying why.", remedy="Try again.")
        return finish_reason

    def _take(self, piece: Piece) -> FinishReason | None:
        if self._log.is_lost:
            raise asyncio.CancelledError
        if piece.tool_call is None:
            self._log.add_text(piece.text, tokens=piece.tokens)
        else:
            self._tool_calls.append(piece.tool_call)
            self._tool_tokens += piece.tokens
        if piece.usage is not None:
            self._input_tokens = piece.usage.input_tokens
        return piece.finish_reason

    def _generation(self) -> Generation:
        parameters = self._response.parameters
        return Generation(
            model=self._response.model,
            messages=self._prompt,
            prefix=self._log.transcript.text,
            tokens_so_far=self._log.output_tokens,
            max_tokens=self._tokens_max,
            temperature=parameters.temperature,
            top_p=parameters.top_p,
            stop=parameters.stop,
            seed=parameters.seed,
            response_format=parameters.response_format,
            tools=parameters.tools,
            tool_choice=parameters.tool_choice,
        )

    @property
    def _tokens_max(self) -> int:
        return self._response.parameters.max_output_tokens or self._settings.output_tokens_max

    def _is_at_limit(self) -> bool:
        """Return whether an earlier attempt reached the limit, and its worker died before it could say so."""
        return self._log.output_tokens >= self._tokens_max

    async def _prepare_next(self, error: Exception) -> None:
        """Wait before the next attempt, and say in the log that it begins."""
        retry = self._log.attempt_count - self._response.attempt_count
        delay_s = RETRY_DELAYS_S[min(retry, len(RETRY_DELAYS_S) - 1)] * random.uniform(0.9, 1.1)  # noqa: S311
        if isinstance(error, EngineOverloadedError):
            delay_s = min(max(delay_s, error.retry_after_s), RETRY_DELAY_MAX_S)
        code, _ = _describe(error)
        response_id = format_id(RESPONSE_PREFIX, self._response.response_id)
        log.warning("assistant.attempt.failed", response_id=response_id, code=code, retry_in_s=round(delay_s, 2))
        await asyncio.sleep(delay_s)
        if isinstance(error, EngineUnavailableError | EngineBrokeOffError):
            self._on_engine_lost()
            await self._wait_for_engine()
        self._log.attempt_count += 1
        reason: ContinueReason = "engine_stalled" if isinstance(error, TimeoutError) else "engine_failed"
        metrics.CONTINUED.labels(reason).inc()
        self._log.add_event(continued_event(reason, attempt=self._log.attempt_count))

    async def _wait_for_engine(self) -> None:
        """Wait until the engine is ready, which can take a while if it is starting; but not longer than for a token."""
        with StallWatch(self._log, after_s=self._settings.stalled_after_s), suppress(TimeoutError):
            async with asyncio.timeout(self._settings.first_token_timeout_s):
                while not await self._engine.is_ready():  # noqa: ASYNC110  # it can only be asked.
                    await asyncio.sleep(ENGINE_POLL_S)

    async def _end(self, finish_reason: FinishReason) -> Ending:
        await self._log.settle()
        reasons = {"length": OUTPUT_LIMIT_REASON, "content_filter": "content_filter"}
        incomplete_reason = reasons.get(finish_reason)
        return end_response(
            self._response,
            self._log.transcript,
            status=ResponseStatus.COMPLETED if incomplete_reason is None else ResponseStatus.INCOMPLETE,
            usage=self._usage,
            tool_calls=self._tool_calls,
            incomplete_reason=incomplete_reason,
        )

    async def _fail(self, code: str, message: str) -> Ending:
        await self._log.settle()
        self._tool_tokens = 0
        return end_response(
            self._response,
            self._log.transcript,
            status=ResponseStatus.FAILED,
            usage=self._usage,
            error=ResponseError(code=code, message=sanitize_text(message)),
        )

    @property
    def _usage(self) -> Usage:
        return Usage(input_tokens=self._input_tokens, output_tokens=self._log.output_tokens + self._tool_tokens)


def _describe(error: Exception) -> tuple[str, str]:
    """Return the code and the message of what ended an attempt."""
    if isinstance(error, NinefoldError):
        return error.code, str(error)
    return "engine_stalled", "The engine stopped sending tokens. Try again later."

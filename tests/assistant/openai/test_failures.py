import pytest

from assistant.stored_responses import stored_response
from ninefold.core.errors import NinefoldError
from ninefold.systems.assistant.model import ResponseError, ResponseStatus
from ninefold.systems.assistant.openai.errors import describe_error, status_of
from ninefold.systems.assistant.openai.failures import require_success


@pytest.mark.parametrize(
    ("code", "status", "shown"),
    [
        ("context_length_exceeded", 400, "context_length_exceeded"),
        ("engine_refused", 400, "invalid_value"),
        ("engine_overloaded", 429, "rate_limit_exceeded"),
        ("engine_unavailable", 503, "generation_failed"),
        ("queue_timeout", 503, "generation_failed"),
    ],
)
def test_a_failed_response_is_an_error(code: str, status: int, shown: str) -> None:
    response = stored_response(status=ResponseStatus.FAILED, error=ResponseError(code=code, message="It failed."))
    with pytest.raises(NinefoldError, match="It failed") as raised:
        require_success(response)
    assert (status_of(raised.value), describe_error(raised.value).code) == (status, shown)


def test_a_cancelled_response_is_an_error() -> None:
    with pytest.raises(NinefoldError, match="cancelled"):
        require_success(stored_response(status=ResponseStatus.CANCELLED))


@pytest.mark.parametrize("status", [ResponseStatus.COMPLETED, ResponseStatus.INCOMPLETE])
def test_an_answer_is_no_error(status: ResponseStatus) -> None:
    require_success(stored_response(status=status))

"""Whatever an expression's text is, it has a value or an error, and neither takes long."""

import contextlib
import time

from hypothesis import given, settings
from hypothesis import strategies as st

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import Status, evaluate, make_scope, parse
from ninefold.systems.workflows.model.values import kind_of, to_json_data

PIECES = [
    *"()[].,!*'<>=&|{}-+ \n0179eExX_aé\u2028\U0001f600",
    *["==", "!=", "<=", ">=", "&&", "||", "env", "env.list", "env.*", "'{0}'", "'x'", "1.5", "null", "true", "NaN"],
    *["format(", "join(", "toJSON(", "fromJSON(", "contains(", "startsWith(", "case(", "success()", "[0]", "['a']"],
]
SCOPE = make_scope({"env": {"list": [1, "two", None, {"a": True}], "a": "text"}}, status=Status())

texts = st.one_of(st.text(max_size=60), st.lists(st.sampled_from(PIECES), max_size=40).map("".join))


@settings(max_examples=400, deadline=None)
@given(texts)
def test_any_text_has_a_value_or_an_error(text: str) -> None:
    try:
        value = evaluate(parse(text), SCOPE)
    except ExpressionError:
        return
    assert to_json_data(value) is not None or kind_of(value) in {"Null", "Number"}


@settings(max_examples=20, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=4).map("".join))
def test_a_repeated_text_takes_no_longer_than_its_length(piece: str) -> None:
    started = time.process_time()
    with contextlib.suppress(ExpressionError):
        evaluate(parse((piece * 21_000)[:21_000]), SCOPE)

    assert time.process_time() - started < 5

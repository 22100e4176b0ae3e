import math

import pytest

from ninefold.systems.workflows.errors import ExpressionError
from ninefold.systems.workflows.expressions import Object, Scope, Status, allow_contexts, evaluate, make_scope, parse
from ninefold.systems.workflows.model.values import Json, Value, to_json_data

CONTEXTS: dict[str, Json] = {
    "github": {"ref": "refs/heads/main", "run_number": 7, "event": {"labels": [{"name": "bug"}, {"name": "docs"}, {}]}},
    "matrix": {"os": ["linux", "mac"], "deep": {"a": {"n": 1}, "b": {"n": 2}, "c": 3}},
    "env": {},
}

REFERENCES_MORE = "The following format string references more arguments than were supplied: "


def value_of(expression: str, *, status: Status | None = None) -> Value:
    return evaluate(parse(expression), make_scope(CONTEXTS, status=status))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("", None),
        ("'it''s'", "it's"),
        ("0x1F", 31),
        ("0xFFFFFFFF", -1),
        ("0o17", 15),
        ("-.5e1", -5),
        ("+Infinity", math.inf),
        ("1 == '1'", True),
        ("'ABC' == 'abc'", True),
        ("'straße' == 'STRASSE'", False),
        ("'ς' == 'Σ'", True),
        ("'\u0131' == 'I'", False),
        ("null == 0 && false == ''", True),
        ("null >= null", True),
        ("null < 1", True),
        ("NaN == NaN", False),
        ("'a' < 'B'", True),
        ("'2' > 10", False),
        ("'x' == 0", False),
        ("!0 == true", True),
        ("1 < 2 == true", True),
        ("true || false && false", True),
        ("(true || false) && 'last'", "last"),
        ("0 || '' || 'value'", "value"),
        ("false && fromJSON('{') || 'other'", "other"),
        ("GITHUB.REF", "refs/heads/main"),
        ("github['ref']", "refs/heads/main"),
        ("github.nothing.at.all", None),
        ("matrix.os[1]", "mac"),
        ("matrix.os['1']", "mac"),
        ("matrix.os[2]", None),
        ("matrix.os[-1]", None),
        ("matrix.os.name", None),
        ("join(github.event.labels.*.name, ', ')", "bug, docs"),
        ("matrix.deep.*.n", [1, 2]),
        ("github.event.labels[*].name[0]", []),
        ("matrix.os == matrix.os", True),
        ("fromJSON('[]') == fromJSON('[]')", False),
        ("contains(matrix.os, 'LINUX')", True),
        ("contains('Hello', 'LL')", True),
        ("contains(matrix, 'os')", False),
        ("startsWith(github.ref, 'REFS/')", True),
        ("endsWith('abc', '')", True),
        ("format('{0}{{}}{1}', 1.50, true)", "1.5{}true"),
        ("join('text')", "text"),
        ("join(matrix)", ""),
        ("toJSON(matrix.os)", '[\n  "linux",\n  "mac"\n]'),
        ("toJSON(env)", "{}"),
        ("toJSON('a\"/é')", '"a\\"/é"'),
        ('fromJSON(\'{"a":1,"A":2}\').a', 2),
        ("case(false, 1, 2 > 1, 'two', fromJSON('{'))", "two"),
    ],
)
def test_an_expression_has_its_value(expression: str, expected: Value) -> None:
    assert to_json_data(value_of(expression)) == to_json_data(expected)


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1e20", "1E+20"),
        ("1e15", "1E+15"),
        ("123456789012345", "123456789012345"),
        ("1234567890123456", "1.23456789012346E+15"),
        ("0.00001", "1E-05"),
        ("0.0001", "0.0001"),
        ("0.1", "0.1"),
        ("-0", "0"),
        ("-Infinity", "-Infinity"),
        ("NaN", "NaN"),
    ],
)
def test_a_number_is_written_as_dot_net_does(number: str, text: str) -> None:
    assert value_of(f"format('{{0}}', {number})") == text


@pytest.mark.parametrize(
    ("conclusion", "values"),
    [
        ("success", [True, True, False, False]),
        ("failure", [True, False, True, False]),
        ("cancelled", [True, False, False, True]),
        ("skipped", [True, False, False, False]),
    ],
)
def test_the_functions_of_status_ask_what_went_before(conclusion: str, values: list[bool]) -> None:
    status = Status(conclusion=conclusion)  # type: ignore[arg-type] # the table's texts are conclusions.

    assert [value_of(name, status=status) for name in ("always()", "success()", "failure()", "cancelled()")] == values


def test_success_and_failure_of_named_jobs_ask_only_about_these() -> None:
    status = Status(conclusion="failure", jobs={"build": "success", "test": "failure"})

    assert value_of("success('build') && failure('test') && !failure('build')", status=status) is True


@pytest.mark.parametrize(
    ("expression", "kind", "message", "position"),
    [
        ("a == 'b", "lexing", "Unexpected symbol: ''b'", 6),
        ("1 + 1", "lexing", "Unexpected symbol: '+'", 3),
        ("env && env\n &", "lexing", "Unexpected symbol: '&'", 13),
        ("env.", "parsing", "Unexpected end of expression: '.'", 4),
        ("join(1,)", "parsing", "Unexpected symbol: ')'", 8),
        ("'a'[0]", "parsing", "Unexpected symbol: '['", 4),
        ("(env", "parsing", "Unexpected end of expression: 'env'", 2),
        ("secrets.x", "parsing", "Unrecognized named-value: 'secrets'", 1),
        ("nope(1)", "parsing", "Unrecognized function: 'nope'", 1),
        ("env == join()", "parsing", "Too few parameters supplied: 'join'", 8),
        ("toJSON(1, 2)", "parsing", "Too many parameters supplied: 'toJSON'", 1),
    ],
)
def test_a_wrong_symbol_is_named_with_its_position(expression: str, kind: str, message: str, position: int) -> None:
    with pytest.raises(ExpressionError) as raised:
        parse(expression, allowed=allow_contexts(["env", "a"]))

    expected = f"{message}. Located at position {position} within expression: {expression}"
    assert (raised.value.kind, raised.value.message) == (kind, expected)


@pytest.mark.parametrize(
    ("expression", "kind", "message"),
    [
        ("x" * 21_001, "lexing", "Exceeded max expression length 21000"),
        ("!" * 50 + "env", "parsing", "Exceeded max expression depth 50"),
        ("(" * 9_000 + "env", "parsing", "Exceeded max expression depth 50"),
        ("1" + " == 1" * 3_000, "parsing", "Exceeded max expression depth 50"),
        ("format('{0')", "evaluation", "The following format string is invalid: {0"),
        ("format('{1}', 1)", "evaluation", REFERENCES_MORE + "{1}"),
        ("case(1, 2, 3)", "evaluation", "case predicate must evaluate to a boolean value"),
        ("success()", "evaluation", "success() can't be used here"),
        ("hashFiles('x')", "evaluation", "hashFiles() can't be used here"),
    ],
)
def test_other_errors_say_what_is_wrong(expression: str, kind: str, message: str) -> None:
    with pytest.raises(ExpressionError) as raised:
        evaluate(parse(expression), make_scope({}))

    assert (raised.value.kind, raised.value.message) == (kind, message)


@pytest.mark.parametrize(
    "expression",
    [
        "format('{0}{0}', env.half)",
        "join(fromJSON('[1,2,3]'), env.half)",
        "toJSON(env)",
        "env.half == env.half",
    ],
)
def test_an_evaluation_takes_a_mebibyte_at_most(expression: str) -> None:
    scope = make_scope({"env": {"half": "x" * 280_000, "other": "y" * 280_000}})

    with pytest.raises(ExpressionError, match="The maximum allowed memory size was exceeded"):
        evaluate(parse(expression), scope)


@pytest.mark.parametrize("text", ["", "{", "nul", "[1,]", "NaN", "{'a': 1}", "[" * 101 + "]" * 101, "[" * 9_000])
def test_from_json_refuses_what_is_not_json(text: str) -> None:
    with pytest.raises(ExpressionError, match="Error parsing fromJson"):
        evaluate(parse("fromJSON(env.text)"), make_scope({"env": {"text": text}}))


def test_a_value_that_is_nested_too_deeply_is_an_error_and_no_crash() -> None:
    nested: Value = []
    for _ in range(5_000):
        nested = [nested]

    with pytest.raises(ExpressionError, match="nested too deeply"):
        evaluate(parse("toJSON(env)"), Scope(contexts=Object({"env": nested})))

import pytest

from callbacks.verification.received import received
from callbacks.verification.signing import to_json
from ninefold.systems.callbacks.verification.templates import find_text, parse_signed_content, parse_template

REQUEST = received(
    {"X-Event": " push ", "X-Empty": ""},
    to_json(
        id=7, name="a", nested={"list": [{"deep": "x"}]}, flag=True, nothing=None, long="y" * 256, big=2**70, tab="a\tb"
    ),
)


@pytest.mark.parametrize(
    ("templates", "expected"),
    [
        (["{json id}"], "7"),
        (["{header x-event}"], "push"),
        (["{header X-Event}.{json name}"], "push.a"),
        (["{json nested.list.0.deep}"], "x"),
        (["{json missing}", "{json name}"], "a"),
        (["{json name}.{json missing}", "{header X-Event}"], "push"),
        (["fixed"], "fixed"),
        (["{method} {path}"], "POST /in/src_1"),
        (["{json nested.list.1.deep}"], None),
        (["{json nested.list.x}"], None),
        (["{json nested}"], None),
        (["{json flag}"], None),
        (["{json nothing}"], None),
        (["{json long}"], None),
        (["{json big}"], None),
        (["{json tab}"], None),
        (["{header X-Empty}"], None),
        (["{header X-Other}"], None),
        (["{form id}"], None),
        ([], None),
    ],
)
def test_the_first_template_with_all_values_is_the_text(templates: list[str], expected: str | None) -> None:
    assert find_text(REQUEST, tuple(templates)) == expected


@pytest.mark.parametrize("body", [b"a=1&b=%C3%A4&a=2", b"a=1&b=%C3%A4&b=y"])
def test_a_form_has_the_first_value_of_each_name(body: bytes) -> None:
    assert find_text(received({}, body), ("{form a}{form b}",)) == "1ä"


@pytest.mark.parametrize("body", [b"\xff=1", b"&".join([b"a=1"] * 1_001)])
def test_what_is_no_form_has_no_fields(body: bytes) -> None:
    assert find_text(received({}, body), ("{form a}",)) is None


@pytest.mark.parametrize("template", ["{", "}", "{body", "{other}", "{body x}", "{json}", "{header}", "a{{body}}"])
def test_a_malformed_template_is_refused(template: str) -> None:
    with pytest.raises(ValueError, match="placeholder"):
        parse_template(template)


@pytest.mark.parametrize("template", ["", "{timestamp}", "{json id}{body}", "{form a}{body}"])
def test_signed_content_covers_the_body_and_needs_no_parsing(template: str) -> None:
    with pytest.raises(ValueError, match=r"\{body\}|parsed"):
        parse_signed_content(template)


FORM = received({}, b"payload=%7B%22action%22%3A%22closed%22%7D&text=%7B&command=%2Fweather")


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("issues.{form_json payload.action}", "issues.closed"),
        ("slash_command{form command}", "slash_command/weather"),
        ("{form_json payload.missing}", None),
        ("{form_json payload}", None),
        ("{form_json text.action}", None),
        ("{form_json other.action}", None),
    ],
)
def test_a_form_field_can_have_json(template: str, expected: str | None) -> None:
    assert expected == find_text(FORM, (template,))


def test_signed_content_has_no_json_of_a_form() -> None:
    with pytest.raises(ValueError, match="only after it is verified"):
        parse_signed_content("{form_json payload.id}{body}")

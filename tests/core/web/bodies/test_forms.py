"""Forms: how brackets are nested, and which forms are refused."""

from contextlib import suppress
from typing import Annotated, Any
from urllib.parse import quote_plus

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ninefold.core.errors import InvalidInputError, NinefoldError
from ninefold.core.web.bodies.forms import (
    DEPTH_MAX,
    FIELDS_MAX,
    UploadedFile,
    convert_form,
    parse_multipart,
    parse_urlencoded,
)
from ninefold.core.web.errors import BadFormError

BOUNDARY = "b0undary"


class Item(msgspec.Struct, frozen=True, kw_only=True):
    price: str
    quantity: Annotated[int, msgspec.Meta(ge=1)] = 1


class Order(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    items: list[Item]
    is_paid: bool = False
    note: str | None = None


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (b"", {}),
        (b"a=1", {"a": "1"}),
        (b"a=", {"a": ""}),
        (b"a", {"a": ""}),
        (b"a=1+2%263", {"a": "1 2&3"}),
        (b"a=%E4%B8%96", {"a": "\u4e16"}),
        (b"a[b]=1&a[c]=2", {"a": {"b": "1", "c": "2"}}),
        (b"a%5Bb%5D%5Bc%5D=1", {"a": {"b": {"c": "1"}}}),
        (b"a[]=1&a[]=2", {"a": ["1", "2"]}),
        (b"a[]=1", {"a": ["1"]}),
        (b"a=1&a=2&a=3", {"a": ["1", "2", "3"]}),
        (b"a[b]=1&a[b]=2", {"a": {"b": ["1", "2"]}}),
        (b"a[1]=x&a[0]=w", {"a": {"1": "x", "0": "w"}}),
        (b"a[1]=x", {"a": {"1": "x"}}),
        (b"a[b c]=1", {"a": {"b c": "1"}}),
    ],
)
def test_brackets_become_nested_values(form: bytes, expected: Any) -> None:
    assert parse_urlencoded(form) == expected


@pytest.mark.parametrize(
    ("form", "error", "field"),
    [
        (b"a=1&a[b]=2", BadFormError, "a[b]"),
        (b"a[b]=1&a=2", BadFormError, "a"),
        (b"a[]=1&a[b]=2", BadFormError, None),
        (b"a[][b]=1", BadFormError, "a[][b]"),
        (b"a[b=1", BadFormError, "a[b"),
        (b"a]b=1", BadFormError, "a]b"),
        (b"[a]=1", BadFormError, "[a]"),
        (b"=1", BadFormError, None),
        (b"a=%FF", BadFormError, None),
        (b"a=\xff", BadFormError, None),
        (b"a" + b"[b]" * DEPTH_MAX + b"=1", BadFormError, "a" + "[b]" * DEPTH_MAX),
        (b"&".join(b"a%d=1" % number for number in range(FIELDS_MAX + 1)), BadFormError, None),
    ],
)
def test_a_contradictory_or_too_large_form_is_refused_with_the_field(
    form: bytes, error: type[NinefoldError], field: str | None
) -> None:
    with pytest.raises(error) as refused:
        parse_urlencoded(form)

    assert refused.value.field == field
    assert refused.value.remedy


def test_text_is_converted_to_the_types_of_the_fields() -> None:
    form = parse_urlencoded(b"items[0][price]=p1&items[0][quantity]=3&items[1][price]=p2&is_paid=true")

    assert convert_form(form, Order) == Order(
        items=[Item(price="p1", quantity=3), Item(price="p2")], is_paid=True, note=None
    )


@pytest.mark.parametrize(
    ("form", "field", "reason"),
    [
        (b"items[0][price]=p&items[0][quantity]=0", "items[0].quantity", ">= 1"),
        (b"items[0][price]=p&items[0][quantity]=many", "items[0].quantity", "expected an integer"),
        (b"items[0][quantity]=1", "items[0].price", "is missing"),
        (b"items[0][price]=p&is_paid=perhaps", "is_paid", "expected a boolean"),
        (b"items[0][price]=p&colour=red", "colour", "isn't a known field"),
        (b"items=p", "items[0]", "expected an object"),
        (b"items[0][price]=p&is_paid=true&is_paid=false", "is_paid", "expected a boolean, got a list"),
        (b"items[a][price]=p", "items[0].price", "is missing"),
        (b"items[0][price]=%00", "items[0].price", "NUL"),
    ],
)
def test_an_error_names_the_field(form: bytes, field: str, reason: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        convert_form(parse_urlencoded(form), Order)

    assert refused.value.field == field
    assert reason in refused.value.detail


class Shapes(msgspec.Struct, frozen=True, kw_only=True):
    tags: list[str] = msgspec.field(default_factory=list)
    metadata: dict[str, str] = msgspec.field(default_factory=dict)
    year: int | None = 1
    note: str | None = "unset"
    is_pinned: bool | None = None
    items: list[Item] = msgspec.field(default_factory=list)


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (b"", Shapes()),
        (b"tags=a", Shapes(tags=["a"])),
        (b"tags=a&tags=b", Shapes(tags=["a", "b"])),
        (b"tags[]=a", Shapes(tags=["a"])),
        (b"tags[10]=k&tags[9]=j", Shapes(tags=["j", "k"])),
        (b"metadata[0]=x", Shapes(metadata={"0": "x"})),
        (b"year=", Shapes(year=None)),
        (b"note=", Shapes(note="")),
        (b"is_pinned=on", Shapes(is_pinned=True)),
        (b"is_pinned=", Shapes(is_pinned=None)),
        (b"items[0][price]=p&items[0][quantity]=2", Shapes(items=[Item(price="p", quantity=2)])),
    ],
)
def test_a_form_takes_the_shape_of_its_type(form: bytes, expected: Shapes) -> None:
    assert convert_form(parse_urlencoded(form), Shapes) == expected


@given(st.binary(max_size=200))
def test_any_bytes_are_parsed_or_refused(content: bytes) -> None:
    with suppress(NinefoldError):
        parse_urlencoded(content)


NAMES = st.text(min_size=1, max_size=5).filter(lambda text: not set("[]\0") & set(text))
VALUES = st.text(max_size=5)
NESTED = st.one_of(VALUES, st.lists(VALUES, min_size=1), st.dictionaries(NAMES, VALUES, min_size=1))


@given(
    st.dictionaries(NAMES, st.one_of(VALUES, st.lists(VALUES, min_size=1), st.dictionaries(NAMES, VALUES, min_size=1)))
)
def test_nested_values_are_parsed_back(value: dict[str, Any]) -> None:
    parsed = parse_urlencoded("&".join(_pairs(value)).encode())

    assert parsed == value


def test_a_multipart_form_can_have_text_and_files() -> None:
    content = _multipart(
        (b'name="title"', b"\xe4\xb8\x96"),
        (b'name="meta[kind]"', b"x"),
        (b'name="file"; filename="a b.png"\r\nContent-Type: image/png', b"\x89\r\n--b0\xff"),
    )

    assert parse_multipart(content, boundary=BOUNDARY) == {
        "title": "\u4e16",
        "meta": {"kind": "x"},
        "file": UploadedFile(file_name="a b.png", media_type="image/png", content=b"\x89\r\n--b0\xff"),
    }


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no boundary at all",
        b'--b0undary\r\nContent-Disposition: form-data; name="a"\r\n\r\n1',
        b"--b0undary\r\n\r\n1\r\n--b0undary--\r\n",
        b'--b0undary\r\nContent-Disposition: form-data; name="a"\r\n\r\n\xff\r\n--b0undary--\r\n',
    ],
)
def test_a_malformed_multipart_form_is_refused(content: bytes) -> None:
    with pytest.raises(BadFormError) as refused:
        parse_multipart(content, boundary=BOUNDARY)

    assert refused.value.remedy


def test_a_multipart_form_without_a_boundary_is_refused() -> None:
    with pytest.raises(BadFormError):
        parse_multipart(b"", boundary="")


def test_a_multipart_form_with_too_many_parts_is_refused() -> None:
    parts = [(b'name="a[]"', b"1")] * (FIELDS_MAX + 1)

    with pytest.raises(BadFormError, match="more than 1,000 fields"):
        parse_multipart(_multipart(*parts), boundary=BOUNDARY)


@given(st.binary(max_size=200))
def test_any_multipart_bytes_are_parsed_or_refused(content: bytes) -> None:
    with suppress(NinefoldError):
        parse_multipart(b"--b0undary\r\n" + content, boundary=BOUNDARY)


def _pairs(value: dict[str, Any]) -> list[str]:
    pairs = []
    for name, inner in value.items():
        match inner:
            case list():
                pairs += [f"{quote_plus(name)}[]={quote_plus(item)}" for item in inner]
            case dict():
                pairs += [f"{quote_plus(name)}[{quote_plus(key)}]={quote_plus(item)}" for key, item in inner.items()]
            case _:
                pairs.append(f"{quote_plus(name)}={quote_plus(inner)}")
    return pairs


def _multipart(*parts: tuple[bytes, bytes]) -> bytes:
    encoded = b"".join(
        b"--b0undary\r\nContent-Disposition: form-data; %b\r\n\r\n%b\r\n" % (head, content) for head, content in parts
    )
    return encoded + b"--b0undary--\r\n"

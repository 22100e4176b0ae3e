"""The parameters of a request: read from a form or a query into a struct, with Stripe's errors for what doesn't fit.

An empty value unsets a parameter whose type includes None. Unknown parameters are refused, as Stripe refuses them.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any, Final, TypeVar

from msgspec import UNSET, UnsetType, inspect

from ninefold.systems.payments.rules.card_numbers import contains_card_number
from ninefold.systems.payments.stripe.errors import StripeError

TEXT_LENGTH_MAX: Final = 5_000
"""Characters of a text, unless its type says less."""

CARD_FIELDS: Final = frozenset({"card[number]", "payment_method_data[card][number]"})
"""The only parameters in which a card number has its place."""

_SHOWN_MAX: Final = 80
_NAME_SHOWN_MAX: Final = 100
_INTEGER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_BOOLEANS: Final = {"true": True, "false": False}

T = TypeVar("T")


def read_parameters(fields: Mapping[str, Any], kind: type[T]) -> T:
    """Return the parameters of a request.

    Raises:
        StripeError: one is missing, unknown, or has a wrong type or value; names it.
    """
    value: T = _read_struct(fields, _type_of(kind), "")  # type: ignore[arg-type]  # a class is hashable.
    return value


def refuse_card_numbers(value: Any, name: str = "") -> None:
    """Refuse a card number in a place where it would be stored or shown.

    Raises:
        StripeError: there is one; names the parameter, without its value.
    """
    match value:
        case str() if name not in CARD_FIELDS and contains_card_number(value):
            raise StripeError(
                f"The parameter {name} contains a card number, which is never stored. Send it as card[number] only.",
                code="card_number_not_allowed",
                param=name,
            )
        case Mapping():
            for key, item in value.items():
                if contains_card_number(key):
                    raise StripeError("The name of a parameter contains a card number.", code="card_number_not_allowed")
                refuse_card_numbers(item, _join(name, key))
        case list():
            for index, item in enumerate(value):
                refuse_card_numbers(item, _join(name, str(index)))


@cache
def _type_of(kind: Any) -> inspect.StructType:
    found = inspect.type_info(kind)
    assert isinstance(found, inspect.StructType), "parameters are a struct"
    return found


def _read(value: Any, info: inspect.Type, name: str) -> Any:
    alternatives = _alternatives(info)
    if value == "" and any(isinstance(each, inspect.NoneType) for each in alternatives):
        return None
    usable = [each for each in alternatives if not isinstance(each, inspect.NoneType)]
    chosen = usable[0]
    if len(usable) > 1:
        # Such as `created`, which is a time or a range of times.
        is_nested = isinstance(value, Mapping)
        chosen = next(each for each in usable if isinstance(each, (inspect.StructType, inspect.DictType)) == is_nested)
    return _read_one(value, chosen, name)


def _read_one(value: Any, info: inspect.Type, name: str) -> Any:  # noqa: PLR0911  # a table, a line per type.
    match info:
        case inspect.Metadata():
            return _read_one(value, info.type, name)
        case inspect.StructType():
            return _read_struct(value, info, name)
        case inspect.DictType():
            return _read_mapping(value, info, name)
        case inspect.ListType() | inspect.VarTupleType():
            return [_read(item, info.item_type, f"{name}[{index}]") for index, item in enumerate(_items(value, name))]
    text = _text(value, name)
    match info:
        case inspect.IntType():
            return _read_integer(text, info, name)
        case inspect.BoolType():
            if text not in _BOOLEANS:
                raise StripeError(f"Invalid boolean: {_shown(text)}", param=name)
            return _BOOLEANS[text]
        case inspect.LiteralType():
            return _read_choice(text, [str(each) for each in info.values], name)
    return _read_text(text, info, name)


def _read_struct(value: Any, info: inspect.StructType, name: str) -> Any:
    if not isinstance(value, Mapping):
        raise StripeError("Invalid object", param=name)
    known = {field.encode_name: field for field in info.fields}
    for key in value:
        if key not in known:
            shown = _join(name, key)[:_NAME_SHOWN_MAX]
            raise StripeError(
                f"Received unknown parameter: {shown}. If Stripe has it, it isn't offered here.",
                code="parameter_unknown",
                param=shown,
            )
    given: dict[str, Any] = {}
    for key, field in known.items():
        if key in value:
            given[field.name] = _read(value[key], field.type, _join(name, key))
        elif field.required:
            missing = _join(name, key)
            raise StripeError(f"Missing required param: {missing}.", code="parameter_missing", param=missing)
    return info.cls(**given)


def _read_mapping(value: Any, info: inspect.DictType, name: str) -> dict[str, Any]:
    if not isinstance(value, Mapping):
        raise StripeError("Invalid object", param=name)
    # An empty value means something here: it deletes the key.
    return {key: _plain_text(item, info, _join(name, key)) for key, item in value.items()}


def _plain_text(value: Any, info: inspect.DictType, name: str) -> str:
    text = _text(value, name)
    return "" if text == "" else str(_read_text(text, info.value_type, name))


def _read_integer(text: str, info: inspect.IntType, name: str) -> int:
    if not _INTEGER.fullmatch(text):
        raise _integer_error(f"Invalid integer: {_shown(text)}", name)
    number = int(text)
    if info.ge is not None and number < info.ge:
        raise _integer_error(f"This value must be greater than or equal to {info.ge}.", name)
    if info.le is not None and number > info.le:
        raise _integer_error(f"This value must be less than or equal to {info.le}.", name)
    return number


def _read_choice(text: str, choices: Sequence[str], name: str) -> str:
    if text in choices:
        return text
    *others, last = sorted(choices)
    wanted = f"one of {', '.join(others)}, or {last}" if others else last
    raise StripeError(f"Invalid {name}: must be {wanted}", param=name)


def _read_text(text: str, info: inspect.Type, name: str) -> str:
    if text == "":
        raise StripeError(
            f"You passed an empty string for '{name}'. We assume empty values are an attempt to unset a parameter; "
            f"however '{name}' cannot be unset. You should remove '{name}' from your request or supply a non-empty "
            f"value.",
            code="parameter_invalid_empty",
            param=name,
        )
    length_max = (isinstance(info, inspect.StrType) and info.max_length) or TEXT_LENGTH_MAX
    if len(text) > length_max:
        raise StripeError(
            f"Invalid string: {_shown(text)}; must be at most {length_max} characters",
            code="parameter_invalid_string_length",
            param=name,
        )
    if isinstance(info, inspect.StrType) and info.pattern is not None and not re.search(info.pattern, text):
        raise StripeError(f"Invalid string: {_shown(text)}", param=name)
    return text


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise StripeError("Invalid string: it has the form of a list or an object", param=name)
    if "\0" in value:
        raise StripeError("Invalid string: it contains a NUL character", param=name)
    return value


def _items(value: Any, name: str) -> Sequence[Any]:
    if isinstance(value, Mapping) and all(key.isdecimal() for key in value):
        return [value[key] for key in sorted(value, key=int)]
    if value == "":
        return []
    if not isinstance(value, list):
        raise StripeError("Invalid array", param=name)
    return value


def _alternatives(info: inspect.Type) -> list[inspect.Type]:
    match info:
        case inspect.Metadata():
            return _alternatives(info.type)
        case inspect.UnionType():
            return [inner for each in info.types for inner in _alternatives(each)]
    return [info]


def _integer_error(message: str, name: str) -> StripeError:
    return StripeError(message, code="parameter_invalid_integer", param=name)


def _join(name: str, key: str) -> str:
    return f"{name}[{key}]" if name else key


def _shown(text: str) -> str:
    return "…" if contains_card_number(text) else text[:_SHOWN_MAX]


def given(**fields: Any) -> dict[str, Any]:
    """Return the fields that a request has set."""
    return {name: value for name, value in fields.items() if value is not UNSET}


Unset = UnsetType

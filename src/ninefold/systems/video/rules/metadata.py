"""What a client of tus says about an upload: pairs of a key and a value in Base64 (tus 1.0, Upload-Metadata)."""

import base64
import binascii
from collections.abc import Mapping
from pathlib import PurePosixPath
from typing import Final

from ninefold.systems.video.errors import InvalidUploadError
from ninefold.systems.video.model.titles import TitleFields
from ninefold.systems.video.rules.limits import (
    DESCRIPTION_LENGTH_MAX,
    MATURITIES,
    METADATA_LENGTH_MAX,
    NAME_LENGTH_MAX,
    TAG_LENGTH_MAX,
    TAGS_MAX,
)

FIELD: Final = "Upload-Metadata"

UNTITLED: Final = "Untitled"


def parse_metadata(text: str) -> dict[str, str]:
    """Return the pairs of the header; empty without it.

    Raises:
        InvalidUploadError: it has another form, or a value isn't text.
    """
    if len(text) > METADATA_LENGTH_MAX:
        raise _invalid(f"has more than {METADATA_LENGTH_MAX:,} characters")
    pairs: dict[str, str] = {}
    for part in text.split(",") if text.strip() else []:
        key, _, encoded = part.strip().partition(" ")
        if not key or not key.isascii() or not key.isprintable():
            raise _invalid("has an empty key, or one that isn't ASCII")
        if key in pairs:
            raise _invalid(f"has the key {key[:40]} twice")
        pairs[key] = _decode(key, encoded.strip())
    return pairs


def title_fields_of(pairs: Mapping[str, str]) -> TitleFields:
    """Return what the metadata says about the title. Its name is the file's, if no other one is given.

    Raises:
        InvalidUploadError: a value is too long, or a maturity isn't one of those that exist.
    """
    name = _text(pairs, "title", NAME_LENGTH_MAX) or _name_of_file(_text(pairs, "filename", METADATA_LENGTH_MAX))
    tags = [tag.strip() for tag in _text(pairs, "tags", TAGS_MAX * (TAG_LENGTH_MAX + 1)).split(",") if tag.strip()]
    if len(tags) > TAGS_MAX or any(len(tag) > TAG_LENGTH_MAX for tag in tags):
        raise _invalid(f"has more than {TAGS_MAX} tags, or one of more than {TAG_LENGTH_MAX} characters")
    return TitleFields(
        name=name,
        description=_text(pairs, "description", DESCRIPTION_LENGTH_MAX),
        tags=list(dict.fromkeys(tags)),
        maturity=_maturity(pairs.get("maturity", "0")),
    )


def _decode(key: str, encoded: str) -> str:
    try:
        value = base64.b64decode(encoded, validate=True).decode()
    except (binascii.Error, ValueError) as error:
        raise _invalid(f"has a value of {key[:40]} that isn't text in UTF-8 and Base64") from error
    if "\0" in value:
        raise _invalid(f"has a NUL in {key[:40]}")
    return value


def _text(pairs: Mapping[str, str], key: str, length_max: int) -> str:
    value = pairs.get(key, "").strip()
    if len(value) > length_max:
        raise _invalid(f"has more than {length_max} characters in {key}")
    return value


def _name_of_file(name: str) -> str:
    return PurePosixPath(name.replace("\\", "/")).stem.strip()[:NAME_LENGTH_MAX] or UNTITLED


def _maturity(text: str) -> int:
    if text.strip() not in map(str, MATURITIES):
        raise _invalid(f"has a maturity that isn't one of {', '.join(map(str, MATURITIES))}")
    return int(text)


def _invalid(what: str) -> InvalidUploadError:
    return InvalidUploadError(
        f"The header {FIELD} {what}.",
        field=FIELD,
        remedy="Send `key base64` pairs with commas between them: filename, title, description, tags, maturity.",
    )

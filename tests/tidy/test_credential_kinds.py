import re

import msgspec
import pytest

from core.tenancy.foreign_kinds import BOT_TOKEN, FOREIGN_KINDS
from ninefold.core.tenancy.api_keys import API_KEY
from ninefold.core.tenancy.kinds import CredentialKind
from ninefold.edge.systems import credential_kinds
from tidy.credential_kinds import find_bad_kinds


def test_no_credential_can_be_mistaken_for_one_of_another_kind() -> None:
    kinds = [API_KEY, *credential_kinds()]

    assert list(find_bad_kinds(kinds)) == []


@pytest.mark.parametrize(
    "kind",
    [
        msgspec.structs.replace(BOT_TOKEN, name="api_key"),
        msgspec.structs.replace(BOT_TOKEN, name="Bot token"),
        msgspec.structs.replace(BOT_TOKEN, id_prefix="key"),
        msgspec.structs.replace(BOT_TOKEN, pattern=re.compile(r"(?P<prefix>xoxb)-.*|nfk_.*")),
        msgspec.structs.replace(BOT_TOKEN, pattern=re.compile(r"(?P<prefix>xoxp-[0-9]{10})-.*")),
        msgspec.structs.replace(BOT_TOKEN, new_text=lambda: "xoxb-0123456789-" + "s" * 24),
    ],
)
def test_an_ambiguous_kind_is_reported(kind: CredentialKind) -> None:
    assert list(find_bad_kinds([API_KEY, *FOREIGN_KINDS])) == []

    assert len(list(find_bad_kinds([API_KEY, kind]))) == 1

"""What organisations get of the runners, as the operator writes it in a setting."""

from collections.abc import Sequence
from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.errors import SettingError
from ninefold.core.ids import InvalidIdError, parse_id
from ninefold.core.tenancy.model import ORGANISATION_PREFIX
from ninefold.systems.workflows.model.fleet import WEIGHT_MAX

JOBS_MAX: Final = 100_000
_NUMBERS_MAX: Final = 2


class SetShare(msgspec.Struct, frozen=True):
    """A weight, and a quota; None for that of all."""

    weight: int
    jobs_max: int | None


def parse_shares(texts: Sequence[str]) -> dict[UUID, SetShare]:
    """Return the shares that a setting names, such as `org_01h…:3:50`: a weight and, if wanted, a quota.

    Raises:
        SettingError: one isn't written so.
    """
    return dict(_parse(text) for text in texts)


def _parse(text: str) -> tuple[UUID, SetShare]:
    organisation, *numbers = text.strip().split(":")
    try:
        organisation_id = parse_id(ORGANISATION_PREFIX, organisation)
        weight, *rest = map(int, numbers)
        jobs_max = rest[0] if rest else None
    except (InvalidIdError, ValueError) as error:
        raise _bad(text) from error
    if not 1 <= weight <= WEIGHT_MAX or len(numbers) > _NUMBERS_MAX or not 0 <= (jobs_max or 0) <= JOBS_MAX:
        raise _bad(text)
    return organisation_id, SetShare(weight, jobs_max)


def _bad(text: str) -> SettingError:
    return SettingError(
        f"{text!r} isn't the share of an organisation.",
        field="NINEFOLD_WORKFLOWS_SHARES",
        remedy=f"Write an organisation's id, a weight from 1 to {WEIGHT_MAX} and, if wanted, how many jobs it can run "
        "at once, such as org_01h455vb4pex5vsknk084sn02q:3:50; several are separated by commas.",
    )

"""How time controls are stored: as three columns."""

from collections.abc import Mapping
from typing import Any

from ninefold.systems.chess.model import Correspondence, RealTime, TimeControl


def columns_of(control: TimeControl) -> Mapping[str, int | None]:
    """Return the columns of a time control."""
    return {
        "limit_s": control.limit_s if isinstance(control, RealTime) else None,
        "increment_s": control.increment_s if isinstance(control, RealTime) else None,
        "days_per_turn": control.days_per_turn if isinstance(control, Correspondence) else None,
    }


def read_time_control(record: Mapping[str, Any]) -> TimeControl:
    """Return the time control of a row."""
    if record["limit_s"] is not None:
        return RealTime(limit_s=record["limit_s"], increment_s=record["increment_s"])
    return None if record["days_per_turn"] is None else Correspondence(days_per_turn=record["days_per_turn"])

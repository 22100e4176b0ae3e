"""Challenges, as Lichess's API shows them."""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

import msgspec

from ninefold.core.ids import format_id
from ninefold.systems.chess.lichess.objects.games import COMPAT_OF_BOTS, COMPAT_OF_PEOPLE, Compat, Seat
from ninefold.systems.chess.lichess.objects.words import NAMES, Variant, title_of, user_id, variant_of
from ninefold.systems.chess.model import (
    CHALLENGE_PREFIX,
    START_FEN,
    Challenge,
    Colour,
    Correspondence,
    Player,
    RealTime,
    Speed,
    TimeControl,
)
from ninefold.systems.chess.rules.clocks import speed_of

Direction: TypeAlias = Literal["in", "out"]

DECLINE_REASONS: Final[Mapping[str, str]] = {
    "generic": "I'm not accepting challenges at the moment.",
    "later": "This is not the right time for me, please ask again later.",
    "tooFast": "This time control is too fast for me, please challenge again with a slower game.",
    "tooSlow": "This time control is too slow for me, please challenge again with a faster game.",
    "timeControl": "I'm not accepting challenges with this time control.",
    "rated": "Please send me a rated challenge instead.",
    "casual": "Please send me a casual challenge instead.",
    "standard": "I'm not accepting variant challenges right now.",
    "variant": "I'm not willing to play this variant right now.",
    "noBot": "I'm not accepting challenges from bots.",
    "onlyBot": "I'm only accepting challenges from bots.",
}
"""Why a challenge can be declined, with the sentence for people."""


class ChallengeUser(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A player of a challenge."""

    id: str
    name: str
    rating: int
    title: str | None = None
    provisional: bool | None = None
    online: bool | None = None


class ClockControl(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, tag="clock", tag_field="type"):
    """Minutes and seconds."""

    limit: int
    increment: int
    show: str


class CorrespondenceControl(
    msgspec.Struct, frozen=True, kw_only=True, rename="camel", tag="correspondence", tag_field="type"
):
    """Days for each move."""

    days_per_turn: int


class UnlimitedControl(msgspec.Struct, frozen=True, tag="unlimited", tag_field="type"):
    """No limit."""


class PerfIcon(msgspec.Struct, frozen=True):
    """A speed as people read it; icons belong to Lichess's pages."""

    icon: str
    name: str


class ShownChallenge(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True, rename="camel"):
    """A challenge."""

    id: str
    url: str
    status: str
    challenger: ChallengeUser | None
    dest_user: ChallengeUser | None
    variant: Variant
    rated: bool
    speed: Speed
    time_control: ClockControl | CorrespondenceControl | UnlimitedControl
    color: str
    final_color: Colour | None = None
    perf: PerfIcon
    direction: Direction | None = None
    initial_fen: str | None = None
    rematch_of: str | None = None
    decline_reason: str | None = None
    decline_reason_key: str | None = None
    url_white: str | None = None
    url_black: str | None = None
    open: Mapping[str, str] | None = None


class ChallengeCreated(msgspec.Struct, frozen=True, tag="challenge", tag_field="type"):
    """Somebody challenges the player, or the player somebody."""

    challenge: ShownChallenge
    compat: Compat


class ChallengeCanceled(msgspec.Struct, frozen=True, tag="challengeCanceled", tag_field="type"):
    """A challenge isn't valid any more."""

    challenge: ShownChallenge


class ChallengeDeclined(msgspec.Struct, frozen=True, tag="challengeDeclined", tag_field="type"):
    """The opponent doesn't want to play."""

    challenge: ShownChallenge


ChallengeEvent: TypeAlias = ChallengeCreated | ChallengeCanceled | ChallengeDeclined


def show_challenge(
    challenge: Challenge,
    challenger: Seat,
    opponent: Seat | None,
    *,
    site_url: str,
    viewer: Player | None = None,
) -> ShownChallenge:
    """Return a challenge.

    Args:
        challenge: the challenge.
        challenger: who has made it.
        opponent: who can accept it; None for whoever has the link.
        site_url: where people reach the server, without a slash at the end.
        viewer: for whom it is shown; None if it doesn't say whether it is the viewer's own.
    """
    url = f"{site_url}{_page_of(challenge)}"
    terms = challenge.terms
    is_declined = challenge.status == "declined"
    speed = speed_of(terms.time_control)
    return ShownChallenge(
        id=challenge.short_id,
        url=url,
        status=challenge.status,
        challenger=show_challenge_user(challenger),
        dest_user=None if opponent is None else show_challenge_user(opponent),
        variant=variant_of(terms.initial_fen or START_FEN),
        rated=terms.is_rated,
        speed=speed,
        time_control=show_time_control(terms.time_control),
        color=terms.colour,
        # Chance decides when the game begins.
        final_color="white" if terms.colour == "random" else terms.colour,
        perf=PerfIcon("", NAMES[speed]),
        direction=None if viewer is None else "out" if viewer.player_id == challenge.from_player_id else "in",
        initial_fen=None if terms.initial_fen == START_FEN else terms.initial_fen,
        decline_reason=decline_text(challenge.decline_reason) if is_declined else None,
        decline_reason_key=decline_key(challenge.decline_reason) if is_declined else None,
        url_white=f"{url}?color=white" if opponent is None else None,
        url_black=f"{url}?color=black" if opponent is None else None,
        open={} if opponent is None else None,
    )


def show_challenge_event(challenge: Challenge, shown: ShownChallenge, viewer: Player) -> ChallengeEvent | None:
    """Return the line of an event stream; None if nothing is said of it, because the game says it."""
    match challenge.status:
        case "created":
            return ChallengeCreated(shown, COMPAT_OF_BOTS if viewer.is_bot else COMPAT_OF_PEOPLE)
        case "canceled":
            return ChallengeCanceled(shown)
        case "declined":
            return ChallengeDeclined(shown)
        case _:
            return None


def show_challenge_user(seat: Seat, *, is_online: bool = False) -> ChallengeUser:
    """Return a player of a challenge."""
    return ChallengeUser(
        id=user_id(seat.player),
        name=seat.player.name,
        rating=seat.rating,
        title=title_of(seat.player),
        provisional=seat.is_provisional or None,
        online=is_online or None,
    )


def show_time_control(control: TimeControl) -> ClockControl | CorrespondenceControl | UnlimitedControl:
    """Return the clock of a challenge."""
    match control:
        case RealTime():
            return ClockControl(limit=control.limit_s, increment=control.increment_s, show=_clock_text(control))
        case Correspondence():
            return CorrespondenceControl(days_per_turn=control.days_per_turn)
        case _:
            return UnlimitedControl()


def decline_key(reason: str | None) -> str:
    """Return a reason as clients compare it: in lower case."""
    return reason.lower() if reason in DECLINE_REASONS and reason is not None else "generic"


def decline_text(reason: str | None) -> str:
    """Return a reason as people read it."""
    return DECLINE_REASONS.get(reason or "generic", DECLINE_REASONS["generic"])


def _page_of(challenge: Challenge) -> str:
    """Return the page on which a challenge is accepted: an open one by its link, others in the lobby."""
    if challenge.is_open:
        return f"/chess/join/{format_id(CHALLENGE_PREFIX, challenge.challenge_id)}"
    return "/chess"


def _clock_text(control: RealTime) -> str:
    minutes = {15: "¼", 30: "½", 45: "¾", 90: "1.5"}.get(control.limit_s, f"{control.limit_s / 60:g}")
    return f"{minutes}+{control.increment_s}"

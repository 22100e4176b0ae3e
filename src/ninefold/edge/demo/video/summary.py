"""The outcome of `ninefold demo video`, and what must be true of it."""

from collections.abc import Iterator, Sequence

import msgspec

from ninefold.edge.demo.video.clip import FRAMES, SECONDS

VMAF_MIN = 40.0
"""Less than this would be another picture."""

TOLERANCE_S = 0.25
"""By which the sound may be longer or shorter than the picture: encoders of sound have whole frames."""


class RungOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a quality, or of the sound, by its segments."""

    name: str
    kind: str
    size: str | None
    bitrate_mean: int | None
    vmaf: float | None
    segments: int
    frames: int
    duration_s: float
    gaps: list[str]


class VideoSummary(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of the demo."""

    is_complete: bool
    title_id: str
    rungs: list[RungOutcome]
    picture_after_s: float | None
    """From the first bytes of the upload to the first picture and sound at the player."""
    playable_after_s: float | None
    """From the first bytes that were committed to when the server said that it can be played, by its clock."""
    upload_s: float
    ready_s: float
    """From the first bytes until all qualities were encoded."""
    played_frames: int
    played_rungs: dict[str, int]
    """How many segments of each quality were played."""
    switches: int
    stalls: int
    stalled_s: float
    gaps: list[str]
    killed: list[str]
    notes: list[str]
    """What was encoded again, and why."""
    duration_s: float
    problems: list[str]


def find_problems(
    rungs: Sequence[RungOutcome], *, played_frames: int, gaps: Sequence[str], killed: Sequence[str], status: str
) -> list[str]:
    """Return what isn't as it must be, one sentence each."""
    problems = list(_problems_of(rungs))
    if status != "ready":
        problems.append(f"The title is {status} instead of ready.")
    if played_frames != FRAMES:
        problems.append(f"{played_frames} frames were played instead of {FRAMES}.")
    problems += [f"What was played has a gap: {gap}." for gap in gaps]
    if not killed:
        problems.append("No worker was killed.")
    return problems


def _problems_of(rungs: Sequence[RungOutcome]) -> Iterator[str]:
    kinds = [rung.kind for rung in rungs]
    if "video" not in kinds or "audio" not in kinds:
        yield "The title has no picture, or no sound."
    for rung in rungs:
        yield from (f"{rung.name} has a gap: {gap}." for gap in rung.gaps)
        if abs(rung.duration_s - SECONDS) > (0 if rung.kind == "video" else TOLERANCE_S):
            yield f"{rung.name} lasts {rung.duration_s:.3f} s instead of {SECONDS}."
        if rung.kind == "video" and rung.frames != FRAMES:
            yield f"{rung.name} has {rung.frames} frames instead of {FRAMES}."
        if rung.kind == "video" and (rung.vmaf is None or rung.vmaf < VMAF_MIN):
            yield f"{rung.name} has a VMAF of {rung.vmaf}."

"""Judges the devices of a simulated room: their copies of the log, their answers, and what their members have read."""

from typing import Any, Final

from room_devices import Device
from room_referee import RoomReferee

from ninefold.edge.demo.messaging.api import Talker
from ninefold.edge.demo.messaging.copies import SAID
from ninefold.edge.simulation.copies import Entry

_EXPECTED_REFUSALS: Final = frozenset({403, 404, 409})
"""Not in the channel any more; the message is gone; somebody else has edited it."""

_OUTSIDE: Final = frozenset({"not_in_channel", "channel_not_found"})
"""How a message is refused whose member isn't in the channel."""


def judge_device(device: Device, log: list[Entry], referee: RoomReferee) -> list[str]:
    """Return what is wrong with the copy of a device, with its answers, and with the order of its messages."""
    return _judge_copy(device, log, referee) + _judge_answers(device, referee) + _judge_order(device, referee)


def _judge_copy(device: Device, log: list[Entry], referee: RoomReferee) -> list[str]:
    """Return how a copy differs from the log: that of who can't see the channel any more is its beginning."""
    problems = [] if device.copy.problem is None else [device.copy.problem]
    member_id, seen = device.owner.member_id, len(device.copy.log)
    is_complete = device.copy.is_ended and seen == len(log)
    if not is_complete and not (member_id in referee.left and seen <= referee.left[member_id]):
        problems.append(f"It has {seen} entries of {len(log)}, and left at {referee.left.get(member_id)}.")
    deleted = {entry["message_sequence"] for entry in log if entry["type"] == "message_deleted"}
    if [_without_deleted(each, deleted) for each in device.copy.log] != log[:seen]:
        problems.append("Its entries aren't those of the log.")
    return problems


def _without_deleted(entry: Entry, deleted: set[int]) -> Entry:
    """Return an entry as it is after all deletions, which not every device has seen."""
    is_edit = entry["type"] == "message_edited" and entry["message_sequence"] in deleted
    if not is_edit and not (entry["type"] == "message" and entry["sequence"] in deleted):
        return entry
    return {name: value for name, value in entry.items() if name not in SAID}


def _judge_answers(device: Device, referee: RoomReferee) -> list[str]:
    problems = []
    for name, answers in device.answers.items():
        problems += [
            f"{name!r} was answered with {answer.status}: {answer.body}"
            for answer in answers
            if not answer.is_success and answer.status not in _EXPECTED_REFUSALS
        ]
    for name in device.posted:
        answers = device.answers[name]
        sequences = {answer.body["sequence"] for answer in answers if answer.is_success}
        if sequences - {referee.sequence_of(device.owner.member_id, name)}:
            problems.append(f"{name!r} was answered as {sequences}, which isn't what the log says.")
        for answer in answers:
            if not answer.is_success and any(each.is_success for each in answers[: answer.answered_before]):
                problems.append(f"{name!r} was accepted, and its retry was refused: {answer.body}")
    return problems


def _judge_order(device: Device, referee: RoomReferee) -> list[str]:
    """Return which messages of a device are in another order than it has sent them.

    Each was sent after the end of sending the one before. If that one was accepted, it has its place in the log from
    then on, and all that is sent later has a later one. If it was refused, the device goes on without it, but a copy of
    the request can still be on its way. It is accepted if the member is let in again meanwhile, so it can be later than
    messages that were sent after it. For that there must be an entry, between the last message that was accepted before
    it and itself; without one, the refusal was wrong.
    """
    problems = []
    member_id, latest = device.owner.member_id, 0
    for name, ended in device.posted.items():
        sequence = referee.sequence_of(member_id, name)
        if ended.is_success and sequence is None:
            problems.append(f"{name!r} was accepted, and isn't in the log.")
        if sequence is None:
            continue
        if sequence <= latest:
            problems.append(f"{name!r} is at {sequence} of the log, before one at {latest} that was sent earlier.")
        if ended.is_success:
            latest = sequence
        elif ended.body["code"] not in _OUTSIDE or not referee.was_let_in(member_id, after=latest, before=sequence):
            problems.append(f"{name!r} was refused with {ended.body['code']}, and is at {sequence} of the log.")
    return problems


def judge_unread(
    member: Talker, counted: dict[str, Any] | None, referee: RoomReferee, devices: list[Device]
) -> list[str]:
    """Return what is wrong with the unread count of a member, and with how far it has read."""
    is_in = member.member_id in referee.members
    if counted is None or not is_in:
        return [] if (counted is None) == (not is_in) else ["Who is in the channel isn't what the log says."]
    read_sequence = counted["read_sequence"]
    problems = []
    expected = referee.count_unread(member.member_id, read_sequence=read_sequence)
    if (counted["unread"], counted["mentions"]) != expected:
        problems.append(f"The server counts {counted['unread']} and {counted['mentions']}, the log has {expected}.")
    sent = {name: up_to for device in devices for name, up_to in device.read.items()}
    done = {
        up_to
        for device in devices
        for name, up_to in device.read.items()
        if any(answer.is_success for answer in device.answers.get(name, []))
    }
    joined = referee.joined[member.member_id]
    if not max({joined, *done}) <= read_sequence <= max({joined, *sent.values()}):
        problems.append(f"It has read up to {read_sequence}, but has said {sorted(done)}.")
    return problems

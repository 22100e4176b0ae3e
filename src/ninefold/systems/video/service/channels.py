"""The notifier's channels of video. A message is only a hint: who waits also looks now and then."""

from typing import Final
from uuid import UUID

import msgspec

from ninefold.core.live import LIVE_CHANNEL
from ninefold.core.queue.notifier import Notifier

SOURCE_GREW: Final = "ninefold_video_sources"
"""More bytes of an upload are committed, or it has ended; the message is the id of the upload."""

TASKS_QUEUED: Final = "ninefold_video_tasks"
"""There is something to do for workers; the message is the id of the organisation."""

SEGMENTS_GREW: Final = "ninefold_video_segments"
"""A title has more segments, or has ended; the message is the id of the title."""


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What others are told after the commit: `changed.notify(notifier)`. Several are joined by `|`."""

    feeds: frozenset[str] = frozenset()
    """Live channels."""
    upload_ids: frozenset[UUID] = frozenset()
    title_ids: frozenset[UUID] = frozenset()
    organisation_ids: frozenset[UUID] = frozenset()
    """Those for which there is something to do."""

    def __or__(self, other: "Changed") -> "Changed":
        """Return both together."""
        return Changed(
            feeds=self.feeds | other.feeds,
            upload_ids=self.upload_ids | other.upload_ids,
            title_ids=self.title_ids | other.title_ids,
            organisation_ids=self.organisation_ids | other.organisation_ids,
        )

    def notify(self, notifier: Notifier) -> None:
        """Tell them. Call it after the commit."""
        for channel, messages in (
            (LIVE_CHANNEL, self.feeds),
            (SOURCE_GREW, self.upload_ids),
            (SEGMENTS_GREW, self.title_ids),
            (TASKS_QUEUED, self.organisation_ids),
        ):
            if messages:
                notifier.notify(channel, *sorted(map(str, messages)))

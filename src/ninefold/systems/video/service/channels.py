"""The notifier's channels of video. A message is only a hint: who waits also looks now and then."""

from typing import Final

SOURCE_GREW: Final = "ninefold_video_sources"
"""More bytes of an upload are committed, or it has ended; the message is the id of the upload."""

TASKS_QUEUED: Final = "ninefold_video_tasks"
"""There is something to do for workers; the message is the id of the organisation."""

SEGMENTS_GREW: Final = "ninefold_video_segments"
"""A title has more segments, or has ended; the message is the id of the title."""

"""The wire types of titles."""

from typing import Annotated, Literal

import msgspec

from ninefold.core.ids import format_id
from ninefold.core.web.bodies import RequestBody
from ninefold.core.web.ids import EXAMPLE_ID, PathId
from ninefold.core.web.timestamps import Timestamp
from ninefold.systems.video.model.progress import RungProgress, TitleProgress
from ninefold.systems.video.model.subtitles import Subtitle
from ninefold.systems.video.model.titles import TITLE_PREFIX, TitleFields, TitleStatus
from ninefold.systems.video.model.uploads import UPLOAD_PREFIX, Upload
from ninefold.systems.video.rules.limits import DESCRIPTION_LENGTH_MAX, NAME_LENGTH_MAX, TAG_LENGTH_MAX, TAGS_MAX
from ninefold.systems.video.service.feeds import title_channel
from ninefold.systems.video.service.tokens import Urls

Maturity = Annotated[
    Literal[0, 6, 12, 16, 18], msgspec.Meta(description="The youngest age that it is for.", examples=[6])
]
TitleName = Annotated[
    str, msgspec.Meta(min_length=1, max_length=NAME_LENGTH_MAX, pattern=r"\S", examples=["The quarry"])
]
Description = Annotated[
    str, msgspec.Meta(max_length=DESCRIPTION_LENGTH_MAX, examples=["A day in a quarry of red granite."])
]
Tag = Annotated[str, msgspec.Meta(min_length=1, max_length=TAG_LENGTH_MAX, pattern=r"\S", examples=["nature"])]
Tags = Annotated[list[Tag], msgspec.Meta(max_length=TAGS_MAX, examples=[["nature", "short"]])]

_URL = f"http://127.0.0.1:8900/stream/AXl…/{TITLE_PREFIX}_{EXAMPLE_ID}"


class TitleId(PathId):
    """A title's id in a path."""

    prefix = TITLE_PREFIX


class UpdateTitle(RequestBody, frozen=True, kw_only=True):
    """What to change of a title; null keeps a value."""

    name: TitleName | None = None
    description: Description | None = None
    tags: Tags | None = None
    maturity: Maturity | None = None


class UploadView(msgspec.Struct, frozen=True, kw_only=True):
    """How far an upload is."""

    upload_id: Annotated[str, msgspec.Meta(examples=[f"{UPLOAD_PREFIX}_{EXAMPLE_ID}"])]
    bytes_received: Annotated[int, msgspec.Meta(description="What is committed.", examples=[18_400_000])]
    bytes_total: Annotated[int, msgspec.Meta(examples=[96_000_000])]
    expires_at: Annotated[
        Timestamp, msgspec.Meta(description="Until when it can go on; each part that comes moves this on.")
    ]


class RungView(msgspec.Struct, frozen=True, kw_only=True):
    """One quality of a title, or its sound."""

    name: Annotated[str, msgspec.Meta(description="`audio` for the sound.", examples=["720p"])]
    kind: Literal["video", "audio"]
    width: Annotated[int | None, msgspec.Meta(examples=[1280])]
    height: Annotated[int | None, msgspec.Meta(examples=[720])]
    bitrate_max: Annotated[int, msgspec.Meta(description="Bits a second.", examples=[2_800_000])]
    bitrate_mean: Annotated[int | None, msgspec.Meta(examples=[1_950_000])]
    codecs: Annotated[str | None, msgspec.Meta(description="As in manifests.", examples=["avc1.64001f"])]
    vmaf: Annotated[
        float | None,
        msgspec.Meta(description="How close it is to the source, from 0 to 100, by samples.", examples=[93.4]),
    ]
    segments_ready: Annotated[int, msgspec.Meta(examples=[12])]
    ready_until_s: Annotated[float, msgspec.Meta(description="Until when all of it is ready.", examples=[48.0])]
    is_complete: Annotated[bool, msgspec.Meta(examples=[False])]


class TitleView(msgspec.Struct, frozen=True, kw_only=True):
    """A film, and how far it is."""

    title_id: Annotated[str, msgspec.Meta(examples=[f"{TITLE_PREFIX}_{EXAMPLE_ID}"])]
    name: TitleName
    description: Description
    tags: Tags
    maturity: Maturity
    status: TitleStatus
    why: Annotated[
        str | None,
        msgspec.Meta(
            description="Why it has failed, was canceled, or can't be played yet.",
            examples=["The file isn't video: it is a PDF document."],
        ),
    ]
    warnings: Annotated[
        list[str],
        msgspec.Meta(
            description="What is damaged or missing, once it is ready.",
            examples=[["The file says 4.0 s; 2.7 s could be read. What is missing was damaged or cut off."]],
        ),
    ]
    duration_s: Annotated[float | None, msgspec.Meta(examples=[594.2])]
    width: Annotated[int | None, msgspec.Meta(examples=[1920])]
    height: Annotated[int | None, msgspec.Meta(examples=[1080])]
    poster_url: Annotated[str | None, msgspec.Meta(examples=[f"{_URL}/poster.jpg"])]
    hls_url: Annotated[
        str | None,
        msgspec.Meta(
            description="For players of HLS, from the first bytes on; its token ends after six hours, unless the "
            "settings say otherwise.",
            examples=[f"{_URL}/master.m3u8"],
        ),
    ]
    dash_url: Annotated[str | None, msgspec.Meta(description="For players of DASH.", examples=[f"{_URL}/manifest.mpd"])]
    upload: Annotated[UploadView | None, msgspec.Meta(description="Null once all bytes are there, or none will come.")]
    chunks_ready: Annotated[
        int, msgspec.Meta(description="Chunks that are encoded, each counted for each rung.", examples=[31])
    ]
    chunks_total: Annotated[int, msgspec.Meta(description="As far as they are known.", examples=[96])]
    eta_s: Annotated[
        float | None,
        msgspec.Meta(description="An estimate of what is left, once it can be measured.", examples=[140.0]),
    ]
    rungs: list[RungView]
    first_bytes_at: Timestamp | None
    playable_at: Timestamp | None
    uploaded_at: Timestamp | None
    ended_at: Timestamp | None
    created_at: Timestamp
    live_channel: Annotated[str, msgspec.Meta(examples=[f"video.title:{TITLE_PREFIX}_{EXAMPLE_ID}"])]


class SubtitleView(msgspec.Struct, frozen=True, kw_only=True):
    """Text of a title for a language."""

    language: Annotated[str, msgspec.Meta(description="BCP 47.", examples=["en"])]
    label: Annotated[str, msgspec.Meta(description="What players call it.", examples=["English"])]
    updated_at: Timestamp


class SubtitleList(msgspec.Struct, frozen=True, kw_only=True):
    """The languages that a title has text for."""

    items: list[SubtitleView]


def read_fields(data: UpdateTitle) -> TitleFields:
    """Return what a request wants to change."""
    tags = None if data.tags is None else list(dict.fromkeys(tag.strip() for tag in data.tags))
    name = None if data.name is None else data.name.strip()
    return TitleFields(name=name, description=data.description, tags=tags, maturity=data.maturity)


def show_title(progress: TitleProgress, urls: Urls | None) -> TitleView:
    """Return a title as the API shows it, with addresses if there is something to play."""
    title = progress.title
    is_final = title.status is TitleStatus.READY
    return TitleView(
        title_id=format_id(TITLE_PREFIX, title.title_id),
        name=title.name,
        description=title.description,
        tags=title.tags,
        # The column has a CHECK.
        maturity=title.maturity,  # type: ignore[arg-type]
        status=title.status,
        why=title.why,
        warnings=title.warnings,
        duration_s=None if title.duration_us is None else title.duration_us / 1e6,
        width=title.width,
        height=title.height,
        poster_url=None if urls is None or title.poster_blob_id is None else urls.poster_url,
        hls_url=None if urls is None else urls.hls_url,
        dash_url=None if urls is None else urls.dash_url,
        upload=_show_upload(progress.upload) if title.status is TitleStatus.UPLOADING else None,
        chunks_ready=progress.chunks.ready,
        chunks_total=progress.chunks.total,
        eta_s=progress.eta_s,
        rungs=[_show_rung(rung, is_complete=is_final) for rung in progress.rungs],
        first_bytes_at=title.first_bytes_at,
        playable_at=title.playable_at,
        uploaded_at=title.uploaded_at,
        ended_at=title.ended_at,
        created_at=title.created_at,
        live_channel=title_channel(title.title_id),
    )


def show_subtitle(subtitle: Subtitle) -> SubtitleView:
    """Return text for a language as lists show it."""
    return SubtitleView(language=subtitle.language, label=subtitle.label, updated_at=subtitle.updated_at)


def _show_upload(upload: Upload | None) -> UploadView | None:
    if upload is None or upload.is_complete or upload.closed_at is not None:
        return None
    return UploadView(
        upload_id=format_id(UPLOAD_PREFIX, upload.upload_id),
        bytes_received=upload.last_offset,
        bytes_total=upload.length,
        expires_at=upload.expires_at,
    )


def _show_rung(rung: RungProgress, *, is_complete: bool) -> RungView:
    return RungView(
        name=rung.name,
        kind=rung.kind,
        width=rung.width,
        height=rung.height,
        bitrate_max=rung.bitrate_max,
        bitrate_mean=rung.bitrate_mean,
        codecs=rung.codecs,
        vmaf=rung.vmaf,
        segments_ready=rung.segments_ready,
        ready_until_s=rung.ready_until_s,
        is_complete=is_complete,
    )

"""The filters through which each picture of a source goes before it is encoded."""

from typing import Final

from ninefold.systems.video.media.probe import VideoStream
from ninefold.systems.video.rules.ladder import Rung

UNTOUCHED: Final = ("-noautorotate", "-reinit_filter", "0")
"""Options of a source. Filters count pictures, and would begin again where a picture has another size than the one
before it; the filter that scales takes any."""

_TURNS: Final = {90: "transpose=clock", 180: "hflip,vflip", 270: "transpose=cclock"}
_NOT_THE_SOURCES: Final = tuple(
    f"sidedata=mode=delete:type={kind}"
    for kind in ("DISPLAYMATRIX", "MASTERING_DISPLAY_METADATA", "CONTENT_LIGHT_LEVEL", "STEREO3D", "SPHERICAL")
)
"""What a source says of its pictures isn't so any more; players would turn the picture again. And it isn't known where
a chunk is encoded alone, so that initialization segments would differ."""

_TO_SDR: Final = (
    "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv"
)


def picture_filters(video: VideoStream, *, width: int, height: int) -> list[str]:
    """Return filters that make pictures of this size with square pixels, upright, in 8 bits and the usual colours."""
    filters = []
    if video.is_interlaced:
        filters.append("bwdif=mode=send_frame:deint=interlaced")
    if video.rotation in _TURNS:
        filters.append(_TURNS[video.rotation])
    filters.append(f"scale={width}:{height}:flags=bicubic")
    if video.is_hdr:
        filters.append(_TO_SDR)
    return [*filters, "setsar=1", "format=yuv420p", *_NOT_THE_SOURCES]


def x264_arguments(rung: Rung, *, keyframes: str) -> list[str]:
    """Return how a rung is encoded. Whatever its initialization segment says is the same for all chunks.

    Args:
        rung: the quality.
        keyframes: ffmpeg's `-force_key_frames`.
    """
    return [
        *("-c:v", "libx264", "-preset", "veryfast", "-crf", "23"),
        *("-maxrate", str(rung.bitrate_max), "-bufsize", str(2 * rung.bitrate_max)),
        *("-profile:v", "high", "-level:v", rung.level, "-pix_fmt", "yuv420p"),
        *("-sc_threshold", "0", "-g", "100000", "-forced-idr", "1", "-flags:v", "+cgop", "-threads:v", "2"),
        *("-force_key_frames", keyframes),
        # Which rate ffmpeg guesses can differ between chunks.
        *("-bsf:v", "h264_metadata=tick_rate=180000:fixed_frame_rate_flag=0:video_full_range_flag=0"),
        *("-fps_mode", "passthrough", "-enc_time_base", "1/90000"),
        *("-colorspace", "bt709", "-color_primaries", "bt709", "-color_trc", "bt709", "-color_range", "tv"),
    ]


FRAGMENTED: Final = (
    *("-map_metadata", "-1", "-map_chapters", "-1", "-fflags", "+bitexact"),
    *("-movflags", "+frag_keyframe+empty_moov+default_base_moof+negative_cts_offsets+skip_trailer"),
    *("-use_editlist", "0", "-write_btrt", "0", "-f", "mp4"),
)
"""Fragments that each begin with a keyframe, without a gap for what is shown in another order than decoded."""

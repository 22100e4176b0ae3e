"""The demo's own reader of playlists."""

from ninefold.edge.demo.video.playlists import Entry, Master, MediaPlaylist, Variant, read_master, read_media

URL = "http://ninefold.test/stream/t/vtl_1/master.m3u8"
FOLDER = URL.rpartition("/")[0]

MASTER = """#EXTM3U
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="sound",NAME="Sound, plain",DEFAULT=YES,CHANNELS="2",URI="audio/index.m3u8"
#EXT-X-STREAM-INF:BANDWIDTH=1528000,CODECS="avc1.64001e,mp4a.40.2",AUDIO="sound"
480p/index.m3u8
#EXT-X-STREAM-INF:BANDWIDTH=928000,CODECS="avc1.64001e,mp4a.40.2",AUDIO="sound"
360p/index.m3u8
"""

MEDIA = """#EXTM3U
#EXT-X-MAP:URI="../360p/init.mp4"
#EXTINF:2.000000,
../360p/0.m4s
#EXT-X-MAP:URI="init.mp4"
#EXTINF:1.500000,
1.m4s
"""


def test_a_master_playlist_has_its_qualities_lowest_first() -> None:
    assert read_master(MASTER, URL) == Master(
        variants=[
            Variant(name="360p", bandwidth=928_000, url=f"{FOLDER}/360p/index.m3u8"),
            Variant(name="480p", bandwidth=1_528_000, url=f"{FOLDER}/480p/index.m3u8"),
        ],
        audio_url=f"{FOLDER}/audio/index.m3u8",
    )


def test_a_media_playlist_can_have_segments_of_a_lower_quality() -> None:
    playlist = read_media(MEDIA, f"{FOLDER}/480p/index.m3u8")

    assert playlist == MediaPlaylist(
        entries=[
            Entry(url=f"{FOLDER}/360p/0.m4s", init_url=f"{FOLDER}/360p/init.mp4", duration_s=2.0),
            Entry(url=f"{FOLDER}/480p/1.m4s", init_url=f"{FOLDER}/480p/init.mp4", duration_s=1.5),
        ],
        is_final=False,
    )
    assert [entry.rung for entry in playlist.entries] == ["360p", "480p"]
    borrowed = read_media(MEDIA.replace("../360p/0.m4s", "0.m4s?of=360p"), f"{FOLDER}/480p/growing.m3u8")
    assert [entry.rung for entry in borrowed.entries] == ["360p", "480p"]
    assert read_media(f"{MEDIA}#EXT-X-ENDLIST\n", URL).is_final

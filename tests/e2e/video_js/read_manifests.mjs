// Reads manifests with two parsers that aren't ours, and prints what they have found.
//
// On the standard input: {"hls": {name: text}, "dash": {name: text}}.

import { types, parse as parseHls } from "hls-parser";
import { parse as parseDash } from "mpd-parser";

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const given = JSON.parse(Buffer.concat(chunks).toString());

const uriOf = (segment) => ({ uri: segment.uri, map: segment.map?.uri, duration: segment.duration });

function readHls(text) {
  const playlist = parseHls(text);
  if (playlist instanceof types.MasterPlaylist) {
    return {
      variants: playlist.variants.map(({ uri, bandwidth, codecs, resolution, audio, subtitles }) => ({
        uri, bandwidth, codecs, resolution, audio: audio.map((each) => each.uri), subtitles: subtitles.map((each) => each.uri),
      })),
      start: playlist.start,
    };
  }
  const { endlist, playlistType, targetDuration, start, segments } = playlist;
  return { endlist, playlistType, targetDuration, start, segments: segments.map(uriOf) };
}

function readDash(text) {
  const manifest = parseDash(text, { manifestUri: "https://films.test/t/manifest.mpd" });
  const tracks = [...manifest.playlists, ...Object.values(manifest.mediaGroups.AUDIO).flatMap((group) => Object.values(group).flatMap((each) => each.playlists))];
  return {
    endlist: manifest.endList ?? tracks[0].endList,
    tracks: tracks.map(({ attributes, segments, endList }) => ({
      name: attributes.NAME, codecs: attributes.CODECS, resolution: attributes.RESOLUTION, endlist: endList,
      segments: segments.map(({ resolvedUri, map, duration }) => ({ uri: resolvedUri, map: map.resolvedUri, duration })),
    })),
    subtitles: Object.values(manifest.mediaGroups.SUBTITLES).flatMap((group) => Object.keys(group)),
  };
}

const all = (texts, read) => Object.fromEntries(Object.entries(texts).map(([name, text]) => [name, read(text)]));
console.log(JSON.stringify({ hls: all(given.hls, readHls), dash: all(given.dash, readDash) }));

// A film for the journeys: moving bars with a tone, made by ffmpeg, which can be decoded while it is uploaded. Its noise
// gives segments the size of real ones: players can’t measure the bandwidth with small ones.

import { execFileSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PYTHON = join(import.meta.dirname, "../../.venv/bin/python");

export const CAPTIONS = "WEBVTT\n\n00:00.000 --> 00:30.000\nWe leave when the water says so.\n";

/** Return a film of this length, 854 by 480, with a keyframe each two seconds. */
export function makeFilm(seconds: number, seed = 0): Buffer {
  const ffmpeg = execFileSync(PYTHON, ["-c", "import imageio_ffmpeg; print(imageio_ffmpeg.get_ffmpeg_exe())"]).toString().trim();
  const folder = mkdtempSync(join(tmpdir(), "ninefold-film-"));
  const path = join(folder, "film.mkv");
  const picture = ["-f", "lavfi", "-i", `testsrc2=size=854x480:rate=24:duration=${seconds},noise=alls=24:allf=t`];
  const sound = ["-f", "lavfi", "-i", `sine=frequency=${220 + seed}:duration=${seconds}`];
  const encoding = ["-c:v", "libx264", "-preset", "ultrafast", "-g", "48", "-b:v", "2M", "-maxrate", "2M", "-bufsize", "2M", "-c:a", "aac", "-b:a", "64k"];
  try {
    execFileSync(ffmpeg, ["-v", "error", ...picture, ...sound, ...encoding, path]);
    return readFileSync(path);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

// The small pictures of a film for the seek bar, as WebVTT of `sprites/0.jpg#xywh=160,0,160,90`.

export interface Sprite {
  readonly startS: number;
  readonly endS: number;
  readonly file: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const CUE = /^(\S+) --> (\S+)[^\n]*\n(\S+)#xywh=(\d+),(\d+),(\d+),(\d+)/gm;

/** Read the pictures of a file, in their order. What isn't a picture is left out. */
export function readSprites(webvtt: string): readonly Sprite[] {
  return [...webvtt.replaceAll("\r\n", "\n").matchAll(CUE)].map(([, start, end, file, x, y, width, height]) => ({
    startS: secondsOf(start ?? ""),
    endS: secondsOf(end ?? ""),
    file: file ?? "",
    x: Number(x),
    y: Number(y),
    width: Number(width),
    height: Number(height),
  }));
}

export function spriteAt(sprites: readonly Sprite[], seconds: number): Sprite | undefined {
  return sprites.find(({ startS, endS }) => startS <= seconds && seconds < endS);
}

function secondsOf(text: string): number {
  return text.split(":").reduce((sum, part) => sum * 60 + Number(part), 0);
}

// The colours of terminals (ECMA-48, "Select Graphic Rendition") in the inks of the theme. Other control sequences are dropped.

export interface Span {
  readonly text: string;
  /** Such as `a-red a-bold`; empty for plain text. */
  readonly classes: string;
}

const INKS = ["black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"] as const;
type Ink = (typeof INKS)[number] | "grey";

interface Style {
  ink: Ink | null;
  ground: Ink | null;
  readonly marks: Set<Mark>;
}
type Mark = "bold" | "dim" | "italic" | "underlined" | "reversed" | "struck";

const MARK_ON: ReadonlyMap<number, Mark> = new Map([[1, "bold"], [2, "dim"], [3, "italic"], [4, "underlined"], [7, "reversed"], [9, "struck"]]);
const MARKS_OFF: ReadonlyMap<number, readonly Mark[]> = new Map([[22, ["bold", "dim"]], [23, ["italic"]], [24, ["underlined"]], [27, ["reversed"]], [29, ["struck"]]]);

// A control sequence; or an operating system command, such as a link or a title; or another escape.
const ESCAPE = /\x1b\[([0-9:;<=>?]*)[ -/]*([@-~])?|\x1b\][^\x07\x1b]*(?:\x07|\x1b\\)?|\x1b[ -/]*[0-~]?/g;
const CONTROLS = /[\x00-\x08\x0b-\x1f\x7f]/g;

/** Split a line into spans of one look each. */
export function ansiSpans(line: string): readonly Span[] {
  const text = lastOverwritten(line);
  if (!text.includes("\x1b")) return text ? [{ text: text.replace(CONTROLS, ""), classes: "" }] : [];
  const spans: Span[] = [];
  const style: Style = { ink: null, ground: null, marks: new Set() };
  let from = 0;
  for (const match of text.matchAll(ESCAPE)) {
    push(spans, text.slice(from, match.index), style);
    if (match[2] === "m") applyCodes(style, match[1] ?? "");
    from = match.index + match[0].length;
  }
  push(spans, text.slice(from), style);
  return spans;
}

/** A line without its control sequences. */
export function plainText(line: string): string {
  const text = lastOverwritten(line);
  return (text.includes("\x1b") ? text.replace(ESCAPE, "") : text).replace(CONTROLS, "");
}

/** What is left of a line that a program has written over, such as a progress bar. */
function lastOverwritten(line: string): string {
  const text = line.replace(/\r+$/, "");
  return text.slice(text.lastIndexOf("\r") + 1);
}

function push(spans: Span[], text: string, style: Style): void {
  const plain = text.replace(CONTROLS, "");
  if (!plain) return;
  const classes = classesOf(style);
  const last = spans.at(-1);
  if (last?.classes === classes) spans[spans.length - 1] = { text: last.text + plain, classes };
  else spans.push({ text: plain, classes });
}

function classesOf({ ink, ground, marks }: Style): string {
  return [ink && `a-${ink}`, ground && `a-on-${ground}`, ...[...marks].map((mark) => `a-${mark}`)].filter(Boolean).join(" ");
}

function applyCodes(style: Style, parameters: string): void {
  const codes = parameters.split(/[;:]/).map((code) => Number.parseInt(code || "0", 10));
  for (let at = 0; at < codes.length; at++) {
    const code = codes[at] ?? 0;
    if (code === 38 || code === 48) at += extendedColour(style, code === 38 ? "ink" : "ground", codes.slice(at + 1));
    else applyCode(style, code);
  }
}

function applyCode(style: Style, code: number): void {
  const on = MARK_ON.get(code);
  if (code === 0) {
    [style.ink, style.ground] = [null, null];
    style.marks.clear();
  } else if (on) style.marks.add(on);
  else if (MARKS_OFF.has(code)) MARKS_OFF.get(code)?.forEach((mark) => style.marks.delete(mark));
  else if (code === 39) style.ink = null;
  else if (code === 49) style.ground = null;
  else if (code >= 30 && code <= 37) style.ink = INKS[code - 30] ?? null;
  else if (code >= 90 && code <= 97) style.ink = code === 90 ? "grey" : (INKS[code - 90] ?? null);
  else if (code >= 40 && code <= 47) style.ground = INKS[code - 40] ?? null;
  else if (code >= 100 && code <= 107) style.ground = code === 100 ? "grey" : (INKS[code - 100] ?? null);
}

/** A colour of 256 or of 16 million; returns how many codes it took. */
function extendedColour(style: Style, part: "ink" | "ground", [kind, ...rest]: readonly number[]): number {
  if (kind === 5) {
    style[part] = inkOf256(rest[0] ?? 0);
    return 2;
  }
  if (kind === 2) {
    style[part] = nearestInk(rest[0] ?? 0, rest[1] ?? 0, rest[2] ?? 0);
    return 4;
  }
  return 1;
}

/** The first 16 are the basic ones, then a cube of 6 × 6 × 6, then greys. */
function inkOf256(index: number): Ink {
  if (index < 16) return index === 8 ? "grey" : (INKS[index % 8] ?? "white");
  if (index >= 232) return greyInk(8 + (index - 232) * 10);
  const levels = [36, 6, 1].map((size) => Math.floor((index - 16) / size) % 6).map((level) => (level === 0 ? 0 : 55 + level * 40));
  return nearestInk(levels[0] ?? 0, levels[1] ?? 0, levels[2] ?? 0);
}

/** The ink of the same hue: its lightness is the theme's, so that it can be read in both. */
function nearestInk(red: number, green: number, blue: number): Ink {
  const [low, high] = [Math.min(red, green, blue), Math.max(red, green, blue)];
  if (high - low < 0.2 * 255) return greyInk(high);
  const span = high - low;
  const sector = high === red ? ((green - blue) / span + 6) % 6 : high === green ? (blue - red) / span + 2 : (red - green) / span + 4;
  return (["red", "yellow", "green", "cyan", "blue", "magenta"] as const)[Math.round(sector) % 6] ?? "white";
}

function greyInk(level: number): Ink {
  return level < 64 ? "black" : level < 176 ? "grey" : "white";
}

// A place in a log, as the address has it after the `#`.

export type Place =
  | { readonly kind: "lines"; readonly first: number; readonly last: number }
  /** The n-th line of a step; without it, the step. */
  | { readonly kind: "step"; readonly step: number; readonly line: number | null };

const LINES = /^#L(\d{1,9})(?:-L?(\d{1,9}))?$/;
const STEP = /^#step:(\d{1,6})(?::(\d{1,9}))?$/;

/** `#L128`, `#L128-L140`, `#step:3`, `#step:3:12`; null for anything else. */
export function placeOf(hash: string): Place | null {
  const lines = LINES.exec(hash);
  if (lines) {
    const ends = [Number(lines[1]), Number(lines[2] ?? lines[1])];
    return { kind: "lines", first: Math.min(...ends), last: Math.max(...ends) };
  }
  const step = STEP.exec(hash);
  return step ? { kind: "step", step: Number(step[1]), line: step[2] === undefined ? null : Number(step[2]) } : null;
}

export function linesHash(first: number, last = first): string {
  const [low, high] = [Math.min(first, last), Math.max(first, last)];
  return low === high ? `#L${low}` : `#L${low}-L${high}`;
}

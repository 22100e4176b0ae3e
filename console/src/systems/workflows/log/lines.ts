// The lines of a log: what each one is, by the mark at its beginning.

import type { WireLine } from "$/services/workflows_log";

export type LineKind = "plain" | "group" | "endgroup" | "error" | "warning" | "notice" | "debug" | "command" | "section";

export interface LogLine {
  readonly number: number;
  readonly step: number;
  readonly at: string;
  readonly kind: LineKind;
  /** Without the mark. */
  readonly text: string;
}

const MARK = /^##\[(group|endgroup|error|warning|notice|debug|command|section)\]/;

export function lineOf({ line, step, at, text }: WireLine): LogLine {
  const mark = text.startsWith("##[") ? MARK.exec(text) : null;
  return { number: line, step, at, kind: (mark?.[1] as LineKind | undefined) ?? "plain", text: mark ? text.slice(mark[0].length) : text };
}

/** Such as `12:03:34.105`, in the time of this browser. */
export function stampText(at: string): string {
  const date = new Date(at);
  const two = (value: number): string => String(value).padStart(2, "0");
  return `${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}.${String(date.getMilliseconds()).padStart(3, "0")}`;
}

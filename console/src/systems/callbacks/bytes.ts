// A body as bytes, and bytes as a hex dump.

import type { Callback } from "$/services/callbacks";

const ROW_BYTES = 16;
/** A dump of more rows than this is cut: 64 KiB are enough to look at, and all can be downloaded. */
export const DUMP_ROWS_MAX = 4_096;

/** Return the bytes of a body that the API shows as UTF-8 text or as base64. */
export function bytesOf({ bodyText, bodyBase64 }: Pick<Callback, "bodyText" | "bodyBase64">): Uint8Array {
  if (bodyBase64 !== null) return Uint8Array.from(atob(bodyBase64), (character) => character.charCodeAt(0));
  return new TextEncoder().encode(bodyText ?? "");
}

/** Return a hex dump: the offset, 16 bytes, and what of them is printable ASCII. */
export function hexDump(bytes: Uint8Array): string {
  const rows: string[] = [];
  for (let offset = 0; offset < bytes.length && rows.length < DUMP_ROWS_MAX; offset += ROW_BYTES) {
    const row = [...bytes.subarray(offset, offset + ROW_BYTES)];
    const hex = row.map((byte) => byte.toString(16).padStart(2, "0"));
    const halves = `${hex.slice(0, 8).join(" ")}  ${hex.slice(8).join(" ")}`;
    const ascii = row.map((byte) => (byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : ".")).join("");
    rows.push(`${offset.toString(16).padStart(8, "0")}  ${halves.padEnd(3 * ROW_BYTES)}  ${ascii}`);
  }
  return rows.join("\n");
}

/** Such as `19 B`, `1.4 KiB` and `10 MiB`. */
export function bytesText(count: number): string {
  if (count < 1024) return `${count} B`;
  const [value, unit] = count < 1024 * 1024 ? [count / 1024, "KiB"] : [count / 1024 / 1024, "MiB"];
  return `${value < 10 ? Math.round(10 * value) / 10 : Math.round(value)} ${unit}`;
}

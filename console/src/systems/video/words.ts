// Sizes, durations and ages of films, as people read them.

const UNITS = ["bytes", "KB", "MB", "GB", "TB"] as const;

/** Such as `2:28` and `1:02:09`: a place in a film. */
export function timecode(seconds: number): string {
  const whole = Math.max(0, Math.floor(seconds));
  const [hours, minutes, rest] = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(rest).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** Such as `48 min`, `1 h 3 min`, `20 s`: how long a film is. */
export function lengthText(seconds: number): string {
  if (seconds < 59.5) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  if (minutes < 60) return `${minutes} min`;
  return `${Math.floor(minutes / 60)} h${minutes % 60 ? ` ${minutes % 60} min` : ""}`;
}

/** Such as `about 9 min`: what is left, which is an estimate. */
export function etaText(seconds: number | null): string {
  if (seconds === null) return "–";
  if (seconds < 1) return "under 1 s";
  return `about ${lengthText(seconds < 60 ? Math.ceil(seconds / 5) * 5 : seconds)}`;
}

/** Such as `1.9 GB`. */
export function bytesText(bytes: number): string {
  const [value, unit] = scaled(bytes, bytes);
  return `${value} ${unit}`;
}

/** Such as `1.9 of 2.5 GB`, in the unit of the whole. */
export function bytesOfText(bytes: number, total: number): string {
  if (bytes >= total) return bytesText(total);
  return `${scaled(bytes, total)[0]} of ${bytesText(total)}`;
}

/** Such as `5.0 Mbit/s` and `128 kbit/s`. */
export function bitrateText(bitsPerS: number): string {
  return bitsPerS < 500_000 ? `${Math.round(bitsPerS / 1_000)} kbit/s` : `${(bitsPerS / 1_000_000).toFixed(1)} Mbit/s`;
}

/** Such as `12+`; nothing for films for all. */
export function maturityText(age: number): string {
  return age > 0 ? `${age}+` : "";
}

/** Such as `0.00 %`. */
export function shareText(ratio: number | null): string {
  return ratio === null ? "–" : `${(100 * ratio).toFixed(2)} %`;
}

/** A film's name from that of its file. */
export function nameOfFile(file: string): string {
  return file.replace(/\.[A-Za-z0-9]{1,5}$/, "").replaceAll(/[_.]+/g, " ").trim() || file;
}

function scaled(bytes: number, by: number): [string, string] {
  const power = by < 1_000 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log10(by) / 3));
  const value = bytes / 1_000 ** power;
  return [power === 0 || value >= 100 ? String(Math.round(value)) : value.toFixed(1), UNITS[power] ?? "bytes"];
}

/** Whom films are for, as the API has it. */
export const MATURITIES = [
  { age: 0, word: "for all ages" },
  { age: 6, word: "from 6 years" },
  { age: 12, word: "from 12 years" },
  { age: 16, word: "from 16 years" },
  { age: 18, word: "from 18 years" },
] as const;

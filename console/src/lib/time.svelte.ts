// Times as people read them, and the clock that keeps them current.

const SECOND = 1_000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

class Clock {
  now = $state(Date.now());

  constructor() {
    setInterval(() => (this.now = Date.now()), 500);
  }
}

export const clock = new Clock();

/** Such as `142 ms`, `1.3 s`, `2 min 4 s`, `3 h 12 min`, `4 d 20 h`: two units at most. */
export function durationText(ms: number): string {
  if (ms < 10) return `${Math.max(0, Math.round(ms * 10) / 10)} ms`;
  if (ms < SECOND) return `${Math.round(ms)} ms`;
  if (ms < MINUTE) return `${(ms / SECOND).toFixed(1)} s`;
  if (ms < HOUR) return twoUnits(ms, MINUTE, "min", SECOND, "s");
  if (ms < DAY) return twoUnits(ms, HOUR, "h", MINUTE, "min");
  return twoUnits(ms, DAY, "d", HOUR, "h");
}

/** How long ago, in one unit: `18 min`. */
export function ageText(at: string, now: number): string {
  const ms = Math.max(0, now - Date.parse(at));
  if (ms < 1.5 * SECOND) return "now";
  if (ms < MINUTE) return `${Math.round(ms / SECOND)} s`;
  if (ms < HOUR) return `${Math.floor(ms / MINUTE)} min`;
  if (ms < 2 * DAY) return `${Math.floor(ms / HOUR)} h`;
  return `${Math.floor(ms / DAY)} d`;
}

/** The time that is left, as `0:07`, `12:40` or `1:02:09`. */
export function countdownText(until: string | number, now: number): string {
  const left = Math.max(0, Math.ceil(((typeof until === "number" ? until : Date.parse(until)) - now) / SECOND));
  const [hours, minutes, seconds] = [Math.floor(left / 3600), Math.floor((left % 3600) / 60), left % 60];
  const tail = `${String(minutes).padStart(hours ? 2 : 1, "0")}:${String(seconds).padStart(2, "0")}`;
  return hours ? `${hours}:${tail}` : tail;
}

/** `11:46:12`, or with the date if it isn't today. */
export function clockText(at: string | number, now = Date.now()): string {
  const date = new Date(at);
  const time = date.toLocaleTimeString("en-GB");
  const isToday = date.toDateString() === new Date(now).toDateString();
  return isToday ? time : `${date.toLocaleDateString("en-GB", { day: "numeric", month: "short" })}, ${time}`;
}

/** The exact instant with its zone, for the hover. */
export function instantText(at: string): string {
  return `${new Date(at).toISOString().replace("T", " ").replace("Z", "")} UTC`;
}

function twoUnits(ms: number, large: number, largeName: string, small: number, smallName: string): string {
  const rest = Math.floor((ms % large) / small);
  return `${Math.floor(ms / large)} ${largeName}${rest ? ` ${rest} ${smallName}` : ""}`;
}

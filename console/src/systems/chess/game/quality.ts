// How good the connection is, by round trips that were measured; a lost one counts too.

export interface RoundTrip {
  readonly at: number;
  /** Null if no answer came in time. */
  readonly ms: number | null;
}

export interface Quality {
  readonly meanMs: number | null;
  readonly deviationMs: number;
  readonly late: number;
  readonly lost: number;
  readonly count: number;
  /** What is told of the last minute, in words. */
  readonly note: string;
}

export const KEPT = 100;
/** A round trip is late if it took twice as long as usual, and at least this much longer. */
const LATE_MS_MIN = 150;
/** How many of a player's moves tell how good the player's connection is. */
const LAGS_KEPT = 20;
const MINUTE_MS = 60_000;

export function withTrip(trips: readonly RoundTrip[], trip: RoundTrip): readonly RoundTrip[] {
  return [...trips, trip].slice(-KEPT);
}

export function isLate(trips: readonly RoundTrip[], trip: RoundTrip): boolean {
  if (trip.ms === null) return true;
  return trip.ms > limitOf(trips);
}

export function qualityOf(trips: readonly RoundTrip[], now: number): Quality {
  const times = answeredTimes(trips);
  const usual = times.filter((ms) => ms <= limitOf(trips));
  const meanMs = usual.length ? usual.reduce((sum, ms) => sum + ms, 0) / usual.length : null;
  const deviationMs = meanMs === null ? 0 : Math.sqrt(usual.reduce((sum, ms) => sum + (ms - meanMs) ** 2, 0) / usual.length);
  const lost = trips.filter((trip) => trip.ms === null).length;
  return { meanMs, deviationMs, late: times.length - usual.length, lost, count: trips.length, note: noteOf(trips, now) };
}

/** Such as `64 ms ± 9, 2 of the last 100 late`. */
export function qualityText(quality: Quality): string {
  if (quality.meanMs === null) return quality.lost ? "no answer yet" : "";
  const bad = quality.late + quality.lost;
  return `${Math.round(quality.meanMs)} ms ± ${Math.round(quality.deviationMs)}, ${bad ? `${bad} of the last ${quality.count} late` : "steady"}`;
}

/** Such as `71 ms, steady`: the lag of a player's last moves, as the log has it; nothing without any. */
export function lagText(moves: readonly { readonly lagMs: number | null }[]): string {
  const lags = moves.flatMap((move) => (move.lagMs === null ? [] : [move.lagMs])).slice(-LAGS_KEPT);
  if (lags.length === 0) return "";
  const trips = lags.map((ms) => ({ at: 0, ms }));
  const late = trips.filter((trip) => isLate(trips, trip)).length;
  return `${Math.round(median(lags))} ms, ${late ? `${late} of the last ${lags.length} late` : "steady"}`;
}

function noteOf(trips: readonly RoundTrip[], now: number): string {
  const recent = trips.filter((trip) => now - trip.at <= MINUTE_MS);
  const lost = recent.filter((trip) => trip.ms === null).length;
  if (lost) return `1 min; ${lost === 1 ? "one answer" : `${lost} answers`} didn't come`;
  const late = recent.filter((trip) => isLate(trips, trip));
  const worst = Math.max(0, ...late.map((trip) => trip.ms ?? 0));
  return late.length ? `1 min; ${late.length === 1 ? "one answer" : `${late.length} answers`} late, up to ${(worst / 1_000).toFixed(2)} s` : "1 min, steady";
}

function answeredTimes(trips: readonly RoundTrip[]): number[] {
  return trips.flatMap((trip) => (trip.ms === null ? [] : [trip.ms]));
}

function limitOf(trips: readonly RoundTrip[]): number {
  const usual = median(answeredTimes(trips));
  return Math.max(2 * usual, usual + LATE_MS_MIN);
}

function median(times: readonly number[]): number {
  return [...times].sort((one, two) => one - two)[Math.floor(times.length / 2)] ?? 0;
}

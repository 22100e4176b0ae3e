// The geometry of charts: scales and paths in a box of 600 by 100, whose top is the maximum.

export interface Series {
  readonly name: string;
  /** One for each point; null where nothing is known, which leaves a gap. */
  readonly values: readonly (number | null)[];
  readonly tone?: "quiet" | "half" | "faint" | "failed";
}

export interface Scale {
  readonly min: number;
  readonly max: number;
}

const WIDTH = 600;
const STEPS = [1, 2, 2.5, 5, 10];
const SHARES = [99, 98, 95, 90, 80, 50, 0];

/** From zero to a round number that is at least as large as every value. */
export function scaleOf(series: readonly Series[]): Scale {
  const largest = Math.max(0, ...series.flatMap(({ values }) => values.map((value) => value ?? 0)));
  if (largest === 0) return { min: 0, max: 1 };
  const power = 10 ** Math.floor(Math.log10(largest));
  return { min: 0, max: power * (STEPS.find((step) => step * power >= largest) ?? 10) };
}

/** For shares in per cent: up to 100, from a round number below the smallest one. */
export function shareScale(values: readonly (number | null)[]): Scale {
  const smallest = Math.min(100, ...values.map((value) => value ?? 100));
  return { min: SHARES.find((share) => share <= smallest) ?? 0, max: 100 };
}

/** How far below the top a value is, in per cent. */
export function topOf(value: number, { min, max }: Scale): number {
  return round(100 - ((Math.min(max, Math.max(min, value)) - min) / (max - min)) * 100);
}

/** A dot at the latest value, and at each value between gaps, which a line can't show. */
export function dotsPath(values: readonly (number | null)[], scale: Scale): string {
  const last = values.findLastIndex((value) => value !== null);
  return runsOf(values)
    .flatMap((run) => run.filter(({ at }) => run.length === 1 || at === last))
    .map(({ at, value }) => `M${xOf(at, values.length)} ${topOf(value, scale)}h0`)
    .join("");
}

/** A line through the values. A single value between gaps is drawn as a short line. */
export function linePath(values: readonly (number | null)[], scale: Scale): string {
  return runsOf(values)
    .map((run) => {
      const points = run.map(({ at, value }) => `${xOf(at, values.length)} ${topOf(value, scale)}`);
      return points.length === 1 ? `M${points[0]}h2` : `M${points.join("L")}`;
    })
    .join("");
}

/** What is between the line and the bottom. */
export function areaPath(values: readonly (number | null)[], scale: Scale): string {
  return runsOf(values)
    .filter((run) => run.length > 1)
    .map((run) => {
      const points = run.map(({ at, value }) => `${xOf(at, values.length)} ${topOf(value, scale)}`);
      const [first, last] = [run[0]?.at ?? 0, run.at(-1)?.at ?? 0];
      return `M${points.join("L")}L${xOf(last, values.length)} 100L${xOf(first, values.length)} 100Z`;
    })
    .join("");
}

/** Where the names of lines stand, in per cent below the top: at their last values, but never over each other. */
export function nameTops(series: readonly Series[], scale: Scale, apart = 12): (number | null)[] {
  const ends = series.map(({ values }, at) => ({ at, value: values.findLast((value) => value !== null) ?? null }));
  const tops: (number | null)[] = series.map(() => null);
  let free = 100;
  for (const { at, value } of ends.sort((one, other) => (one.value ?? 0) - (other.value ?? 0))) {
    if (value === null) continue;
    const top = Math.min(free, topOf(value, scale));
    tops[at] = top;
    free = top - apart;
  }
  return tops;
}

interface Known {
  readonly at: number;
  readonly value: number;
}

/** The values between gaps. */
function runsOf(values: readonly (number | null)[]): Known[][] {
  const runs: Known[][] = [];
  values.forEach((value, at) => {
    if (value === null) return;
    const previous = runs.at(-1);
    if (previous && previous.at(-1)?.at === at - 1) previous.push({ at, value });
    else runs.push([{ at, value }]);
  });
  return runs;
}

function xOf(at: number, count: number): number {
  return round((at / Math.max(1, count - 1)) * WIDTH);
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

// From where on a figure is worth the eye.

/** People leave if the first picture takes longer. */
const JOIN_MS_MAX = 4_000;
const REBUFFER_RATIO_MAX = 0.01;

export const isBad = {
  join: (ms: number | null): boolean => ms !== null && ms > JOIN_MS_MAX,
  rebuffer: (ratio: number | null): boolean => ratio !== null && ratio > REBUFFER_RATIO_MAX,
};

import { expect, test } from "vitest";

import { camelize, snakify } from "$/services/shape";

test("fields change their case at every depth, and back", () => {
  const wire = { next_attempt_at: null, attempts: [{ response_code: 503 }], rate_limit_per_s: 5 };
  const own = { nextAttemptAt: null, attempts: [{ responseCode: 503 }], rateLimitPerS: 5 };
  expect(camelize(wire)).toEqual(own);
  expect(snakify(own)).toEqual(wire);
});

test("a payload keeps the names that its publisher gave", () => {
  expect(camelize({ payload: { order_id: 1, nestedName: 2 } })).toEqual({ payload: { order_id: 1, nestedName: 2 } });
});

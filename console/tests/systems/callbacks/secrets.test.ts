import { expect, test } from "vitest";

import { isChosen, isShownLater, standInSecret, randomSecret } from "$/systems/callbacks/secrets";

test("a random secret has 256 bits, and is another one each time", () => {
  expect(randomSecret()).toMatch(/^[0-9a-f]{64}$/);
  expect(randomSecret()).not.toBe(randomSecret());
});

test("a stand-in has the form of a whsec_ secret of 256 bits", () => {
  const [prefix, key] = [standInSecret().slice(0, 6), standInSecret().slice(6)];
  expect(prefix).toBe("whsec_");
  expect(atob(key)).toHaveLength(32);
});

test.each([
  ["github", true, false],
  ["stripe", false, true],
  ["discord", false, false],
])("%s: chosen by the person %s, shown later %s", (provider, chosen, later) => {
  expect([isChosen(provider), isShownLater(provider)]).toEqual([chosen, later]);
});

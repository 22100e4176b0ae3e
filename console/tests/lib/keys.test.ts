import { expect, test } from "vitest";

import { keys } from "$/lib/keys.svelte";

function press(...pressed: readonly string[]): void {
  for (const key of pressed) keys.handle(new KeyboardEvent("keydown", { key }));
}

test("one key after the other is a sequence, and a held key is none of them", () => {
  const done: string[] = [];
  const leave = keys.add(["G", "?", "g w"].map((key) => ({ key, label: key, act: () => void done.push(key) })));
  press("Shift", "G", "Shift", "?", "g", "w");
  leave();
  press("G");
  expect(done).toEqual(["G", "?", "g w"]);
});

import { defineConfig } from "vitest/config";

// Each file has a server of its own, and half of its time it waits. So two at once keep two cores busy, not overloaded.
const FILES_AT_ONCE = 2;

export default defineConfig({
  test: {
    dir: import.meta.dirname,
    include: ["*.journey.ts"],
    // For a busy machine. What is looked for again and again gets as long as what Playwright waits for.
    testTimeout: 240_000,
    hookTimeout: 120_000,
    expect: { poll: { timeout: 60_000 } },
    pool: "forks",
    maxWorkers: FILES_AT_ONCE,
    minWorkers: FILES_AT_ONCE,
  },
});

import { defineConfig } from "vitest/config";

export default defineConfig({
  test: { dir: import.meta.dirname, include: ["*.journey.ts"], testTimeout: 30_000, hookTimeout: 120_000, fileParallelism: false },
});

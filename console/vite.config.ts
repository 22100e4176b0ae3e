import { fileURLToPath } from "node:url";

import { svelte } from "@sveltejs/vite-plugin-svelte";
import tailwindcss from "@tailwindcss/vite";
import { svelteTesting } from "@testing-library/svelte/vite";
import { defineConfig } from "vitest/config";

// The address of a running `ninefold up`, for `npm run dev`.
const server = process.env["NINEFOLD_URL"] ?? "http://127.0.0.1:8900";

export default defineConfig({
  resolve: { alias: { $: fileURLToPath(new URL("./src", import.meta.url)) } },
  plugins: [tailwindcss(), svelte(), svelteTesting()],
  build: {
    outDir: "../src/ninefold/console",
    emptyOutDir: true,
    // The console, and the API reference at /docs.
    rollupOptions: { input: ["index.html", "docs.html"] },
    // The content security policy permits no `data:` fonts, and the digest in each name lets browsers keep them.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // Swagger UI has 1.6 MB; `tests/size.test.ts` limits what the console loads.
    chunkSizeWarningLimit: 1_700,
  },
  server: { proxy: { "/api": server, "/stream": server, "/healthz": server, "/openapi.json": server, "/connection": { target: server, ws: true } } },
  test: {
    environment: "jsdom",
    include: ["tests/**/*.test.ts"],
    setupFiles: ["tests/setup.ts"],
    // One window for all files: making one takes longer than most tests.
    isolate: false,
    pool: "threads",
    poolOptions: { threads: { singleThread: true } },
  },
});

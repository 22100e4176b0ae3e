import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

const BUILT = join(import.meta.dirname, "../../src/ninefold/console");
const FIRST_LOAD_KB_MAX = 150;

/** The scripts that one file imports by itself, at every depth. */
function importedBy(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const text = readFileSync(join(BUILT, "assets", name), "utf8");
  for (const match of text.matchAll(/(?:from|import)"\.\/([\w.-]+\.js)"/g)) importedBy(match[1] ?? "", found);
  return found;
}

test("the first load of every page is at most 150 KB of gzipped JavaScript", () => {
  expect(existsSync(join(BUILT, "index.html")), "run make console first").toBe(true);
  const entry = /assets\/(index-[\w-]+\.js)/.exec(readFileSync(join(BUILT, "index.html"), "utf8"))?.[1] ?? "";
  const shell = importedBy(entry);
  const pages = readdirSync(join(BUILT, "assets")).filter((name) => name.endsWith(".js"));
  for (const page of pages) {
    const bytes = [...importedBy(page, new Set(shell))].reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(BUILT, "assets", name))).length,
      0,
    );
    expect(bytes / 1_000, page).toBeLessThan(FIRST_LOAD_KB_MAX);
  }
});

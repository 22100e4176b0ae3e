import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";

import { expect, test } from "vitest";

const BUILT = join(import.meta.dirname, "../../src/ninefold/console");
const FIRST_LOAD_KB_MAX = 150;
/** The engine of the video player, which is loaded by those who press play. */
const PLAYER = /^hls-/;
const PLAYER_KB_MAX = 190;

/** The scripts that one file imports by itself, at every depth. */
function importedBy(name: string, found = new Set<string>()): Set<string> {
  if (found.has(name)) return found;
  found.add(name);
  const text = readFileSync(join(BUILT, "assets", name), "utf8");
  for (const match of text.matchAll(/(?:from|import)"\.\/([\w.-]+\.js)"/g)) importedBy(match[1] ?? "", found);
  return found;
}

function entryOf(page: string): string {
  return /assets\/([\w-]+\.js)/.exec(readFileSync(join(BUILT, page), "utf8"))?.[1] ?? "";
}

test("the first load of every page is at most 150 KB of gzipped JavaScript", () => {
  expect(existsSync(join(BUILT, "index.html")), "run make console first").toBe(true);
  const shell = importedBy(entryOf("index.html"));
  const pages = readdirSync(join(BUILT, "assets")).filter((name) => name.endsWith(".js") && name !== entryOf("docs.html") && !PLAYER.test(name));
  for (const page of pages) {
    const bytes = [...importedBy(page, new Set(shell))].reduce(
      (sum, name) => sum + gzipSync(readFileSync(join(BUILT, "assets", name))).length,
      0,
    );
    expect(bytes / 1_000, page).toBeLessThan(FIRST_LOAD_KB_MAX);
  }
});

test("the engine of the video player is loaded by itself, by nobody but those who press play", () => {
  const names = readdirSync(join(BUILT, "assets")).filter((name) => name.endsWith(".js"));
  const [player = ""] = names.filter((name) => PLAYER.test(name));
  expect(gzipSync(readFileSync(join(BUILT, "assets", player))).length / 1_000).toBeLessThan(PLAYER_KB_MAX);
  for (const name of names) expect([...importedBy(name)].filter((each) => each !== name)).not.toContain(player);
});

test("the console doesn't load the API reference", () => {
  const reference = entryOf("docs.html");
  const others = readdirSync(join(BUILT, "assets")).filter((name) => name.endsWith(".js") && name !== reference);
  for (const name of others) expect(readFileSync(join(BUILT, "assets", name), "utf8")).not.toContain(reference);
});

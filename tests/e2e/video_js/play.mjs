// Plays titles in Chromium, each in a page of its own, all at the same time, and prints what a viewer has seen.
//
// On the standard input: {"chromium": path, "plays": [the argument of `play` in players.js]}.

import { createRequire } from "node:module";
import { join } from "node:path";

const console_folder = join(import.meta.dirname, "../../../console/");
const { chromium } = createRequire(console_folder)("playwright-core");
const modules = join(import.meta.dirname, "node_modules");

const chunks = [];
for await (const chunk of process.stdin) chunks.push(chunk);
const given = JSON.parse(Buffer.concat(chunks).toString());

const browser = await chromium.launch({
  executablePath: given.chromium,
  args: ["--no-sandbox", "--autoplay-policy=no-user-gesture-required", "--disable-background-timer-throttling"],
});
try {
  const results = await Promise.all(given.plays.map(async (play) => {
    const page = await browser.newPage();
    const printed = [];
    page.on("pageerror", (error) => printed.push(String(error)));
    await page.addScriptTag({ path: join(modules, play.player === "hls" ? "hls.js/dist/hls.min.js" : "shaka-player/dist/shaka-player.compiled.js") });
    await page.addScriptTag({ path: join(import.meta.dirname, "players.js") });
    const result = await page.evaluate((options) => window.play(options), play);
    return { ...result, pageErrors: printed };
  }));
  console.log(JSON.stringify(results));
} finally {
  await browser.close();
}

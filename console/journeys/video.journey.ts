// What a person does with the pages of video, in a real browser, against a real Ninefold and a real film.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type CDPSession, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Network, Ninefold } from "./ninefold";
import { faultsOf } from "./payments_shop";
import { CAPTIONS, makeFilm } from "./video_film";

const ROOT = join(import.meta.dirname, "../..");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];
const FILM_S = 16;
/** So short that tokens end while it is played. */
const TOKEN_S = 10;
/** So that the film is uploaded for longer than it takes to make the first picture of it. */
const SLOW_BYTES_PER_S = 200_000;

const ninefold = new Ninefold({ NINEFOLD_VIDEO_PLAY_TOKEN_LIFETIME_S: String(TOKEN_S) });
const network = new Network();
const film = makeFilm(FILM_S);
let browser: Browser;
let context: BrowserContext;
let page: Page;
let devtools: CDPSession | undefined;
const complaints: string[] = [];
let titleId = "";

interface TitleState {
  readonly title_id: string;
  readonly name: string;
  readonly status: string;
  readonly rungs: readonly { readonly name: string }[];
}

beforeAll(async () => {
  const executablePath = execFileSync(join(ROOT, "scripts/chromium")).toString().trim();
  [browser] = await Promise.all([chromium.launch({ executablePath, args: ["--no-sandbox"] }), ninefold.start()]);
  await network.start(ninefold.port);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await open(context);
  await page.goto(`${network.url}/setup#${ninefold.setUpToken}`);
  await page.getByLabel("Name").fill("Ines Carvalho");
  await page.getByLabel("Mail address").fill("ines@example.com");
  await page.getByLabel("Password").fill("a sentence that only ines knows");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("link", { name: "Video" }).first().waitFor();
});

afterAll(async () => {
  await browser?.close();
  await ninefold.remove();
});

async function open(within: BrowserContext): Promise<Page> {
  const opened = await within.newPage();
  opened.setDefaultTimeout(30_000);
  opened.on("pageerror", (error) => complaints.push(error.message));
  opened.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  return opened;
}

async function screenshot(of: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await of.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

/** Send no faster than this from now on; 0 is as fast as it goes. */
async function throttle(bytesPerS: number): Promise<void> {
  // What one session has limited, another one can't lift.
  devtools ??= await context.newCDPSession(page);
  await devtools.send("Network.emulateNetworkConditions", { offline: false, latency: 0, downloadThroughput: -1, uploadThroughput: bytesPerS || -1 });
}

function getTitle(): Promise<TitleState> {
  return ninefold.call("GET", `/video/titles/${titleId}`);
}

const positionOf = (of: Page): Promise<number> => of.evaluate(() => document.querySelector("video")?.currentTime ?? -1);
const framesOf = (of: Page): Promise<number> => of.evaluate(() => document.querySelector("video")?.getVideoPlaybackQuality().totalVideoFrames ?? -1);
const heightOf = (of: Page): Promise<number> => of.evaluate(() => document.querySelector("video")?.videoHeight ?? -1);

test("the first steps lead to an upload, which can be played after its first bytes", async () => {
  await page.getByRole("link", { name: "Video" }).first().click();
  await page.getByRole("heading", { name: "Upload your first film" }).waitFor();
  await screenshot(page, "video-first-steps");
  await page.keyboard.press("u");
  await page.getByRole("button", { name: "Choose files" }).waitFor();
  await throttle(SLOW_BYTES_PER_S);
  await page.locator("input[type=file]").setInputFiles({ name: "salt_line.mkv", mimeType: "video/x-matroska", buffer: film });
  const row = page.getByRole("listitem").filter({ hasText: "salt line" });
  await row.getByText("Uploading").first().waitFor();
  await expect.poll(async () => (titleId = (await ninefold.call<{ items: TitleState[] }>("GET", "/video/titles")).items[0]?.title_id ?? "")).toMatch(/^vtl_/);
  await ninefold.call("PATCH", `/video/titles/${titleId}`, { name: "Salt Line", description: "Two sisters keep a lighthouse that the chart has forgotten.", tags: ["sea", "slow"] });
  const put = await fetch(`${ninefold.url}/api/v1/video/titles/${titleId}/subtitles/en`, { method: "PUT", headers: { Authorization: `Bearer ${ninefold.apiKey}`, "Content-Type": "text/vtt" }, body: CAPTIONS });
  expect(put.status, await put.text()).toBeLessThan(300);
  await page.getByRole("link", { name: "Play", exact: true }).waitFor();
  await screenshot(page, "video-uploading");
});

test("a profile is made, and the upload goes on meanwhile", async () => {
  await page.getByRole("link", { name: "Watch", exact: true }).click();
  await page.getByRole("button", { name: "Create a profile" }).click();
  await page.getByRole("dialog").getByRole("button", { name: "Create the profile" }).click();
  await page.getByRole("button", { name: "Watching as Ines" }).waitFor();
  await page.getByRole("heading", { name: /^Being made/ }).waitFor();
  await page.getByRole("link", { name: "Upload", exact: true }).first().click();
});

test("the picture moves while the film is uploaded, and the position is a profile’s", async () => {
  await page.getByRole("link", { name: "Play", exact: true }).click();
  await expect.poll(() => positionOf(page)).toBeGreaterThan(0.5);
  expect(await framesOf(page)).toBeGreaterThan(5);
  expect((await getTitle()).status).toBe("uploading");
  await page.getByText("Uploading and encoding").waitFor();
  await page.getByText(/playable since \d\d:/).waitFor();
  await page.getByRole("img", { name: /^360p: \d+ of \d+ parts ready/ }).waitFor();
  await page.getByText("not uploaded").waitFor();
  await screenshot(page, "video-watching");
});

test("the keys do what they do elsewhere", async () => {
  await page.keyboard.press("k");
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  const before = await positionOf(page);
  await page.keyboard.press("0");
  await expect.poll(() => positionOf(page)).toBeLessThan(Math.min(0.5, before));
  await page.keyboard.press("m");
  await page.getByRole("button", { name: "Sound on" }).waitFor();
  await page.keyboard.press(">");
  expect(await page.evaluate(() => document.querySelector("video")?.playbackRate)).toBe(1.25);
  await page.keyboard.press("<");
  await page.keyboard.press("c");
  await page.keyboard.press(" ");
  await page.locator(".caption").getByText("We leave when the water says so.").waitFor();
  await page.keyboard.press("?");
  await page.getByRole("dialog").getByText("10 seconds back").waitFor();
  await page.keyboard.press("Escape");
});

test("the quality rises in one play while the title is still encoded, and the title becomes ready", async () => {
  await page.keyboard.press("k");
  await page.getByRole("button", { name: "Play", exact: true }).waitFor();
  const stopped = await positionOf(page);
  expect(await heightOf(page)).toBe(360);
  const interruptions = await page.evaluateHandle(() => {
    const seen: string[] = [];
    for (const type of ["waiting", "seeking", "emptied"]) document.querySelector("video")?.addEventListener(type, () => seen.push(type));
    return seen;
  });
  await page.getByRole("img", { name: /^480p: ([2-9]|\d\d) of \d+ parts ready/ }).waitFor();
  expect((await getTitle()).status).not.toBe("ready");
  await page.keyboard.press("k");
  await expect.poll(() => heightOf(page), { timeout: 15_000 }).toBe(480);
  const risen = await positionOf(page);
  expect(risen).toBeGreaterThan(stopped);
  expect(await interruptions.jsonValue()).toEqual([]);
  await throttle(0);
  await expect.poll(async () => (await getTitle()).status, { timeout: 60_000 }).toBe("ready");
  await page.locator(".run-facts").getByText("Ready").waitFor();
  await page.getByText("480p, auto").waitFor();
  await page.getByRole("button", { name: "Speed and quality" }).click();
  await page.getByRole("menuitemradio", { name: /^360p/ }).click();
  await expect.poll(() => heightOf(page), { timeout: 30_000 }).toBe(360);
  await screenshot(page, "video-menu");
  await page.keyboard.press("Escape");
  await page.keyboard.press("5");
  await page.locator(".countdown").getByText(/0:0[89] \/ 0:16/).waitFor();
  await page.locator(".seek").hover();
  await page.locator(".seek-picture").waitFor();
  await screenshot(page, "video-ready");
});

test("another browser goes on where this one has stopped", async () => {
  await page.keyboard.press("k");
  const stopped = await positionOf(page);
  const other = await browser.newContext({ viewport: { width: 1440, height: 900 }, storageState: await context.storageState() });
  const there = await open(other);
  await there.goto(`${network.url}/video`);
  await there.getByRole("heading", { name: /Go on watching|Continue/ }).first().waitFor();
  await screenshot(there, "video-home");
  await there.getByRole("link", { name: "Go on", exact: true }).click();
  await expect.poll(() => positionOf(there)).toBeGreaterThan(stopped - 2);
  await other.close();
});

test("a search finds a title despite a typing error", async () => {
  await page.keyboard.press("/");
  await page.keyboard.type("slat lien");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: /Found for “slat lien”/ }).waitFor();
  await page.getByRole("link", { name: /Salt Line/ }).waitFor();
  await screenshot(page, "video-search");
});

test("what isn’t a film says so, and an upload can be paused, go on after a reload, and be canceled", async () => {
  await page.goto(`${network.url}/video/upload`);
  const files = page.locator("input[type=file]");
  await files.setInputFiles({ name: "notes.mp4", mimeType: "video/mp4", buffer: Buffer.from("%PDF-1.7\n".repeat(20_000)) });
  await page.getByRole("alert").filter({ hasText: /PDF/ }).waitFor();
  await throttle(SLOW_BYTES_PER_S);
  const second = { name: "night_ferry.mkv", mimeType: "video/x-matroska", buffer: film };
  await files.setInputFiles(second);
  const row = page.getByRole("listitem").filter({ hasText: "night ferry" });
  await row.getByText(/[1-9]\d* KB\/s|parts ready/).first().waitFor();
  await page.getByRole("button", { name: "Pause night_ferry.mkv" }).click();
  await row.getByText("Paused").waitFor();
  await screenshot(page, "video-upload");
  await row.getByRole("button", { name: "Go on" }).click();
  await row.getByText(/Uploading/).first().waitFor();
  await page.getByRole("button", { name: "Cancel night_ferry.mkv" }).click();
  await row.waitFor({ state: "detached" });
  await throttle(0);
  await page.goto(`${network.url}/video/titles`);
  await page.getByRole("row", { name: /Canceled night ferry/ }).waitFor();
  await page.getByRole("row", { name: /Failed notes/ }).waitFor();
});

test("a title that isn’t there says so, and leads on", async () => {
  await page.goto(`${network.url}/video/titles/vtl_01h00000000000000000000000`);
  await page.getByRole("heading", { name: "This title isn’t there" }).waitFor();
  await screenshot(page, "video-missing");
  await page.getByRole("link", { name: "Watch something else" }).click();
  await page.getByRole("heading", { name: "Salt Line" }).first().waitFor();
});

const PAGES = (): readonly string[] => ["/video", `/video/titles/${titleId}`, "/video/titles", "/video/upload", "/video/experience", "/video?q=salt"];

test("the pages are accessible in both themes, wide and on a phone", async () => {
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, storageState: await context.storageState() });
  const narrow = await open(phone);
  for (const [index, each] of PAGES().entries()) {
    for (const [of, size] of [[page, ""], [narrow, "-phone"]] as const) {
      await of.goto(network.url + each);
      await of.locator("h1").first().waitFor({ state: "attached" });
      await of.locator("[aria-busy], .skeleton").first().waitFor({ state: "detached" });
      for (const colorScheme of ["light", "dark"] as const) {
        await of.emulateMedia({ colorScheme, reducedMotion: "reduce" });
        expect(await faultsOf(of), `${each} ${colorScheme}`).toEqual([]);
        await screenshot(of, `video-${index}${size}-${colorScheme}`);
      }
    }
  }
  await phone.close();
}, 180_000);

test("nothing was wrong on the way", () => {
  expect(complaints).toEqual([]);
});

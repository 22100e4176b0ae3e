// Two people play a whole game in two real browsers, and a third watches, on a network that is cut and that loses answers.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { click, drag, shown, type } from "./chess_board";
import { ChessServer, GAME_ID, type Who } from "./chess_server";
import { Network, SHOWN_MS_MAX } from "./ninefold";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];

const server = new ChessServer();
const networks = { white: new Network(), black: new Network(), watcher: new Network() };
const pages = {} as Record<Who, Page>;
const complaints: string[] = [];
let browser: Browser;

beforeAll(async () => {
  const executablePath = execFileSync(join(ROOT, "scripts/chromium")).toString().trim();
  browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  for (const who of ["white", "black", "watcher"] as const) {
    await networks[who].start(await server.listen(who));
    pages[who] = await open(who);
  }
});

afterAll(async () => {
  await browser?.close();
  server.stop();
});

async function open(who: Who, options: { colorScheme?: "light" | "dark"; width?: number } = {}): Promise<Page> {
  const { colorScheme = "light", width = 1440 } = options;
  const page = await (await browser.newContext({ colorScheme, viewport: { width, height: 900 } })).newPage();
  page.setDefaultTimeout(SHOWN_MS_MAX);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  await page.routeWebSocket(/connection\/websocket/, (socket) => server.connect(who, socket));
  await page.goto(`${networks[who].url}/chess/games/${GAME_ID}`);
  await page.locator(".cm-chessboard [data-piece]").first().waitFor();
  await page.evaluate(() => ((window as { isKept?: boolean }).isKept = true));
  return page;
}

async function all(sans: string[]): Promise<void> {
  for (const page of Object.values(pages)) await expect.poll(() => shown(page)).toEqual(sans);
  expect(server.sans).toEqual(sans);
}

function cut(who: Who): void {
  networks[who].cut();
  server.cut(who);
}

function restore(who: Who): void {
  networks[who].restore();
  server.restore(who);
}

test("a move is dragged, clicked or typed, and everyone sees it", async () => {
  await drag(pages.white, "e2", "e4");
  await all(["e4"]);
  await click(pages.black, "e7", "e5");
  await all(["e4", "e5"]);
  await type(pages.white, "bc4");
  await all(["e4", "e5", "Bc4"]);
});

test("a move is spoken to who can't see it, and the squares say what is on them", async () => {
  await pages.black.locator("[role=status]").filter({ hasText: "White: bishop to c4." }).waitFor({ state: "attached" });
  expect(await pages.black.getByRole("gridcell", { name: "c4, white bishop" }).count()).toBe(1);
});

test("the keyboard moves a piece on the board", async () => {
  await pages.black.locator('[data-name="b8"]').focus();
  await pages.black.keyboard.press("Enter");
  // As Black sees it, from the other side.
  for (const key of ["ArrowUp", "ArrowUp", "ArrowLeft"]) await pages.black.keyboard.press(key);
  await pages.black.keyboard.press("Enter");
  await all(["e4", "e5", "Bc4", "Nc6"]);
});

test("a page that follows a game doesn't read it again and again", async () => {
  const before = server.reads;
  await pages.watcher.waitForTimeout(1_500);
  expect(server.reads - before).toBeLessThan(3);
});

test("a move made while the cable is pulled waits, and is played once when it is back", async () => {
  cut("white");
  await pages.white.getByText("Reconnecting.", { exact: true }).waitFor();
  await type(pages.white, "Qh5");
  await pages.white.locator(".moves .pending").waitFor();
  await pages.white.locator('[data-name="h5"].is-sending').waitFor();
  expect(server.sans).toHaveLength(4);
  restore("white");
  await all(["e4", "e5", "Bc4", "Nc6", "Qh5"]);
  await pages.white.locator(".moves .pending").waitFor({ state: "detached" });
});

test("a move whose answer is lost is sent again with its id, and stands once in the log", async () => {
  const before = new Set(server.received.keys());
  server.answersToLose = 1;
  server.isDisordered = true;
  await type(pages.black, "g6");
  await all(["e4", "e5", "Bc4", "Nc6", "Qh5", "g6"]);
  await pages.black.locator(".moves .pending").waitFor({ state: "detached" });
  expect([...server.received.keys()].filter((id) => !before.has(id))).toHaveLength(1);
});

test("who was away for several moves has them all when the cable is back", async () => {
  cut("watcher");
  await click(pages.white, "h5", "f3");
  await expect.poll(() => shown(pages.black)).toHaveLength(7);
  // A premove waits for the other player.
  await click(pages.white, "f3", "f7");
  await pages.white.getByText("Premove f3–f7").waitFor();
  await type(pages.black, "Nd4");
  await expect.poll(() => server.sans.length).toBe(9);
  restore("watcher");
  await all(["e4", "e5", "Bc4", "Nc6", "Qh5", "g6", "Qf3", "Nd4", "Qxf7#"]);
});

test("all hold the log to its end, without having been reloaded", async () => {
  for (const page of Object.values(pages)) {
    await page.locator(".ended").getByText("White wins by checkmate.").waitFor();
    expect(await page.evaluate(() => (window as { isKept?: boolean }).isKept)).toBe(true);
  }
  const ids = server.log.filter((entry) => entry.type === "move").map((entry) => entry["client_move_id"]);
  expect(new Set(ids).size).toBe(9);
});

test("a finished game is gone through with the arrow keys and the list", async () => {
  const page = pages.watcher;
  await page.locator("main").focus();
  await page.keyboard.press("Home");
  await page.getByRole("gridcell", { name: "e2, white pawn" }).waitFor();
  await page.keyboard.press("ArrowRight");
  await page.getByRole("gridcell", { name: "e4, white pawn" }).waitFor();
  await page.getByRole("button", { name: "Qh5", exact: true }).click();
  await page.getByRole("gridcell", { name: "h5, white queen" }).waitFor();
  await page.keyboard.press("End");
  await page.getByRole("gridcell", { name: "f7, white queen" }).waitFor();
});

// Each theme and each width once; for screenshots all of them.
const LOOKS = [["light", 1440], ["dark", 390], ...(SCREENSHOTS ? ([["dark", 1440], ["light", 390]] as const) : [])] as const;

test.each(LOOKS)("axe finds nothing, %s, %d wide", async (colorScheme, width) => {
  const page = await open("white", { colorScheme, width });
  await page.evaluate(AXE);
  expect(await page.evaluate("axe.run().then((result) => result.violations.map((each) => each.id))")).toEqual([]);
  if (SCREENSHOTS) {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await page.screenshot({ path: join(SCREENSHOTS, `chess-game-${width === 390 ? "phone-" : ""}${colorScheme}.png`) });
  }
  await page.context().close();
});

test("no page breaks the content security policy or throws", () => {
  expect(complaints).toEqual([]);
});

// Two people play a whole game against a real Ninefold: one has an account, the other came by a link. A third one watches.
// The cable of each is pulled once.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { click, drag, shown, type } from "./chess_board";
import { Network, Ninefold, SHOWN_MS_MAX } from "./ninefold";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];
const PASSWORD = "a sentence that only ines knows";

interface LogEntry {
  readonly sequence: number;
  readonly type: string;
  readonly data: Readonly<Record<string, unknown>>;
}
type Who = "owner" | "guest" | "watcher";

const ninefold = new Ninefold();
const networks = { owner: new Network(), guest: new Network(), watcher: new Network() };
const browsers: Browser[] = [];
const pages = {} as Record<Who, Page>;
const complaints: string[] = [];
let gameId = "";
/** What the guest's page has received over the live feed. */
let heard = "";

beforeAll(async () => {
  await ninefold.start();
  for (const who of ["owner", "guest", "watcher"] as const) {
    await networks[who].start(ninefold.port);
    pages[who] = await open();
  }
  pages.guest.on("websocket", (socket) => socket.on("framereceived", ({ payload }) => (heard += payload)));
  const { owner } = pages;
  await owner.goto(`${networks.owner.url}/setup#${ninefold.setUpToken}`);
  await owner.getByLabel("Name").fill("Ines Carvalho");
  await owner.getByLabel("Mail address").fill("ines@example.com");
  await owner.getByLabel("Password").fill(PASSWORD);
  await owner.getByRole("button", { name: "Create the account" }).click();
  await owner.getByRole("link", { name: "Chess" }).click();
  const { url } = await ninefold.call<{ url: string }>("POST", "/invitations", { email: "noa@example.com", role: "viewer" });
  await pages.watcher.goto(networks.watcher.url + new URL(url).pathname + new URL(url).hash);
  await pages.watcher.getByLabel("Name").fill("Noa Levi");
  await pages.watcher.getByLabel("Password").fill(PASSWORD);
  await pages.watcher.getByRole("button", { name: /^Join/ }).click();
  await pages.watcher.getByRole("link", { name: "Chess" }).waitFor();
});

afterAll(async () => {
  await Promise.all(browsers.map((browser) => browser.close()));
  await ninefold.remove();
});

/** A page in a browser of its own. */
async function open(): Promise<Page> {
  const executablePath = execFileSync(join(ROOT, "scripts/chromium")).toString().trim();
  const browser = await chromium.launch({ executablePath, args: ["--no-sandbox"] });
  browsers.push(browser);
  const page = await (await browser.newContext({ viewport: { width: 1440, height: 900 } })).newPage();
  page.setDefaultTimeout(SHOWN_MS_MAX);
  page.on("pageerror", (error) => complaints.push(error.message));
  page.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  return page;
}

/** Mark a page, so that a reload would be seen. */
async function keep(page: Page): Promise<void> {
  await page.locator(".cm-chessboard [data-piece]").first().waitFor();
  await page.evaluate(() => ((window as { isKept?: boolean }).isKept = true));
}

/** Wait until everyone shows these moves, and check that the server has them. */
async function all(sans: string[]): Promise<void> {
  for (const page of Object.values(pages)) await expect.poll(() => shown(page)).toEqual(sans);
  expect((await log()).filter((entry) => entry.type === "move").map((entry) => entry.data["san"])).toEqual(sans);
}

async function log(): Promise<LogEntry[]> {
  return (await ninefold.call<{ items: LogEntry[] }>("GET", `/chess/games/${gameId}/events`)).items;
}

async function picture(page: Page, name: string): Promise<void> {
  mkdirSync(SCREENSHOTS ?? "", { recursive: true });
  // A piece may still be moving.
  await page.waitForTimeout(500);
  await page.screenshot({ path: join(SCREENSHOTS ?? "", `${name}.png`) });
}

/** Pull the cable of somebody: open connections break, and there are no new ones. */
async function cut(who: Who): Promise<void> {
  networks[who].cut();
  await pages[who].getByText("Reconnecting.", { exact: true }).waitFor();
}

test("somebody without an account joins by a link, and both are at the game", async () => {
  const { owner, guest } = pages;
  await owner.getByRole("button", { name: "10 + 5" }).click();
  await owner.getByRole("button", { name: "White", exact: true }).click();
  await owner.getByRole("button", { name: "Play by link" }).click();
  const link = new URL(await owner.locator(".lobby-card .payload").innerText());
  await guest.goto(networks.guest.url + link.pathname);
  await guest.getByRole("heading", { name: "Ines_Carvalho invites you to play chess" }).waitFor();
  await guest.getByRole("button", { name: "Play without an account" }).click();
  await Promise.all([keep(owner), keep(guest)]);
  gameId = owner.url().split("/").at(-1) ?? "";
});

test("a member of the organisation watches", async () => {
  await pages.watcher.goto(`${networks.watcher.url}/chess/games`);
  await pages.watcher.getByRole("link", { name: /Ines_Carvalho/ }).click();
  await keep(pages.watcher);
  await pages.watcher.getByText("You watch this game.").waitFor();
});

test("moves are dragged, clicked and typed", async () => {
  await drag(pages.owner, "e2", "e4");
  await all(["e4"]);
  await click(pages.guest, "e7", "e5");
  await all(["e4", "e5"]);
  await type(pages.owner, "Bc4");
  await type(pages.guest, "b8c6");
  await all(["e4", "e5", "Bc4", "Nc6"]);
  // By the feed, not by asking again and again.
  expect(heard).toContain('"san":"Bc4"');
});

test("a move that is made while the cable is pulled waits, and is played once", async () => {
  await cut("owner");
  await type(pages.owner, "Qh5");
  await pages.owner.locator(".moves .pending").waitFor();
  if (SCREENSHOTS) await picture(pages.owner, "chess-pending-light");
  expect(await log()).toHaveLength(5);
  networks.owner.restore();
  await all(["e4", "e5", "Bc4", "Nc6", "Qh5"]);
});

test("who was away catches up, the guest and those who watch", async () => {
  await Promise.all([cut("guest"), cut("watcher")]);
  await type(pages.guest, "Nf6");
  networks.guest.restore();
  await expect.poll(() => shown(pages.owner)).toHaveLength(6);
  await click(pages.owner, "h5", "f7");
  await expect.poll(() => shown(pages.guest)).toHaveLength(7);
  networks.watcher.restore();
  await all(["e4", "e5", "Bc4", "Nc6", "Qh5", "Nf6", "Qxf7#"]);
});

test("all hold the log that the server has, without having been reloaded", async () => {
  const entries = await log();
  expect(entries.map((entry) => entry.sequence)).toEqual(entries.map((_, index) => index + 1));
  expect(entries.at(-1)).toMatchObject({ type: "ended", data: { winner: "white", reason: "checkmate" } });
  const ids = entries.filter((entry) => entry.type === "move").map((entry) => entry.data["client_move_id"]);
  expect(new Set(ids).size).toBe(7);
  for (const page of Object.values(pages)) {
    await page.locator(".ended").getByText("White wins by checkmate.").waitFor();
    expect(await page.evaluate(() => (window as { isKept?: boolean }).isKept)).toBe(true);
    expect(await page.getByRole("gridcell", { name: "f7, white queen" }).count()).toBe(1);
  }
});

test("the finished game is gone through, and its PGN is saved, by a guest too", async () => {
  for (const page of [pages.watcher, pages.guest]) {
    await page.locator("main").focus();
    await page.keyboard.press("Home");
    await page.getByRole("gridcell", { name: "e2, white pawn" }).waitFor();
    await page.keyboard.press("ArrowRight");
    await page.getByRole("gridcell", { name: "e4, white pawn" }).waitFor();
    await page.keyboard.press("End");
    await page.getByRole("gridcell", { name: "f7, white queen" }).waitFor();
    const saved = page.waitForEvent("download");
    await page.getByRole("button", { name: "Download the PGN" }).click();
    const pgn = readFileSync(await (await saved).path(), "utf8");
    expect(pgn).toContain('[White "Ines_Carvalho"]');
    expect(pgn).toContain("4. Qxf7#");
  }
});

test("a rematch with the other colours begins when both want it", async () => {
  await pages.owner.getByRole("button", { name: "Rematch" }).click();
  await pages.owner.getByText("Rematch offered.").waitFor();
  await pages.guest.getByRole("button", { name: "Accept the rematch" }).click();
  for (const page of [pages.owner, pages.guest]) await expect.poll(() => shown(page)).toEqual([]);
  await pages.owner.locator(".player").last().getByText("Ines_Carvalho").waitFor();
  await pages.guest.getByText(/^Your move\. The first move has to be made in 0:\d\d, or the game is aborted\.$/).waitFor();
  await pages.owner.getByText("guest-").first().waitFor();
  await type(pages.owner, "d5");
  await pages.owner.getByText("It isn't your turn.").waitFor();
  await type(pages.guest, "d4");
  await expect.poll(() => shown(pages.owner)).toEqual(["d4"]);
  // What was wrong before isn't any more.
  await pages.owner.getByText("Your move. The first move has to be made in").waitFor();
  expect(await pages.owner.getByText("It isn't your turn.").count()).toBe(0);
  await type(pages.owner, "d5");
  await expect.poll(() => shown(pages.guest)).toEqual(["d4", "d5"]);
  expect(await pages.guest.getByText("The first move has to be made in").count()).toBe(0);
});

test("a page that was opened during a turn claims no lag for what it hasn't seen", async () => {
  await pages.guest.reload();
  await keep(pages.guest);
  const sent = pages.guest.waitForRequest((request) => request.method() === "POST" && request.url().endsWith("/moves"));
  await type(pages.guest, "c4");
  expect((await sent).postDataJSON()).toMatchObject({ ply: 3, move_time_ms: null });
  await expect.poll(() => shown(pages.owner)).toEqual(["d4", "d5", "c4"]);
});

test("the keyboard resigns: Enter does what the dialog asks about", async () => {
  await pages.owner.getByRole("button", { name: "Resign" }).focus();
  await pages.owner.keyboard.press("Enter");
  await pages.owner.getByRole("heading", { name: "Resign the game?" }).waitFor();
  await pages.owner.keyboard.press("Enter");
  for (const page of [pages.owner, pages.guest]) await page.locator(".ended").getByText("Black resigned; White wins.").waitFor();
});

test("the computer can be played from the lobby, at a level", async () => {
  const { owner } = pages;
  await owner.getByRole("link", { name: "New game" }).click();
  await owner.getByLabel("Level of the computer").selectOption({ label: "Computer, level 3" });
  const asked = owner.waitForResponse((response) => response.url().endsWith("/chess/games/ai"));
  await owner.getByRole("button", { name: "Play the computer" }).click();
  const answer = await asked;
  expect(answer.request().postDataJSON()).toMatchObject({ level: 3, colour: "random" });
  // Where Stockfish isn't installed, the page says so.
  if (answer.status() === 201) await owner.getByRole("heading", { name: /^Game of .*Stockfish level 3/ }).waitFor();
  else await owner.getByText(/Stockfish/).last().waitFor();
});

test("a bot is created with a token, which plays for it until it is revoked", async () => {
  const { owner } = pages;
  await owner.goto(`${networks.owner.url}/chess/players`);
  await owner.getByRole("button", { name: "Create a bot" }).click();
  await owner.getByLabel("Name").fill("tomas_o");
  await owner.getByRole("button", { name: "Create with a token" }).click();
  const token = await owner.locator(".secret .code").innerText();
  await owner.getByRole("button", { name: "Done" }).click();
  const account = (): Promise<Response> => fetch(`${ninefold.url}/api/account`, { headers: { Authorization: `Bearer ${token}` } });
  expect(await (await account()).json()).toMatchObject({ id: "tomas_o", title: "BOT" });

  await owner.getByRole("link", { name: "tomas_o" }).click();
  await owner.getByRole("button", { name: "Revoke first token" }).click();
  await owner.getByRole("button", { name: "Revoke the token" }).click();
  await owner.getByText("Revoked", { exact: true }).waitFor();
  expect((await account()).status).toBe(401);
});

test("a challenge that is declined is said", async () => {
  const { owner } = pages;
  await owner.getByRole("link", { name: "Challenge tomas_o" }).click();
  await owner.getByRole("button", { name: "Challenge", exact: true }).click();
  await owner.getByText("You challenge tomas_o").waitFor();
  const { items } = await ninefold.call<{ items: { player_id: string }[] }>("GET", "/chess/players?name=tomas_o");
  const by = { player_id: items[0]?.player_id };
  const found = await ninefold.call<{ items: { challenge_id: string }[] }>("GET", `/chess/challenges?player_id=${by.player_id}`);
  await ninefold.call("POST", `/chess/challenges/${found.items[0]?.challenge_id}/decline`, by);
  await owner.getByText("tomas_o has declined.").waitFor();
});

test("a challenge is said on the other pages of chess", async () => {
  const { owner } = pages;
  await owner.getByRole("link", { name: "Games", exact: true }).click();
  await owner.getByRole("heading", { name: "Games" }).waitFor();
  const idOf = async (name: string): Promise<string | undefined> =>
    (await ninefold.call<{ items: { player_id: string }[] }>("GET", `/chess/players?name=${name}`)).items[0]?.player_id;
  const [from, to] = [await idOf("tomas_o"), await idOf("Ines_Carvalho")];
  const terms = { clock: { limit_s: 180, increment_s: 2 }, colour: "white", is_rated: false };
  const { challenge_id: id } = await ninefold.call<{ challenge_id: string }>("POST", "/chess/challenges", { ...terms, player_id: from, to_player_id: to });
  await owner.getByText("tomas_o challenges you.").waitFor();
  await ninefold.call("POST", `/chess/challenges/${id}/cancel`, { player_id: from });
});

// Each theme and each width once; for screenshots all of them.
const LOOKS = [["light", 1440], ["dark", 390], ...(SCREENSHOTS ? ([["dark", 1440], ["light", 390]] as const) : [])] as const;
const PATHS = { "chess-lobby": "/chess", "chess-games": "/chess/games", "chess-players": "/chess/players" };

test.each(LOOKS)("axe finds nothing, %s, %d wide", async (colorScheme, width) => {
  const page = await pages.owner.context().newPage();
  await page.emulateMedia({ colorScheme });
  await page.setViewportSize({ width, height: 900 });
  for (const [name, path] of Object.entries({ ...PATHS, "chess-ended": `/chess/games/${gameId}` })) {
    await page.goto(networks.owner.url + path);
    await page.locator(".skeleton").first().waitFor({ state: "detached" });
    await page.locator("tr[data-row], .ended").first().waitFor();
    await page.evaluate(AXE);
    expect(await page.evaluate("axe.run().then((result) => result.violations.map((each) => each.id))"), name).toEqual([]);
    if (SCREENSHOTS) await picture(page, `${name}-${width === 390 ? "phone-" : ""}${colorScheme}`);
  }
  await page.close();
});

test("no page breaks the content security policy or throws", () => {
  expect(complaints).toEqual([]);
});

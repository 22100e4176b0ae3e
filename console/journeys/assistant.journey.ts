// Conversations with the assistant, in a real browser, against a real Ninefold. Answers come from a script.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Network, Ninefold, SHOWN_MS_MAX } from "./ninefold";
import { showSampleConversation } from "./sample_conversation";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];
const ENGINE = { NINEFOLD_ASSISTANT_ENGINE: "scripted", NINEFOLD_ASSISTANT_MODEL: "scripted" };

const ninefold = new Ninefold(ENGINE);
const network = new Network();
let browser: Browser;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];

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
  await page.getByRole("link", { name: "Assistant" }).click();
});

afterAll(async () => {
  await browser?.close();
  await ninefold.remove();
});

async function open(within: BrowserContext): Promise<Page> {
  const opened = await within.newPage();
  opened.setDefaultTimeout(SHOWN_MS_MAX);
  opened.on("pageerror", (error) => complaints.push(error.message));
  opened.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  return opened;
}

/** Ask for an answer of a script, and wait until the question is in the conversation. */
async function ask(script: Record<string, unknown>): Promise<void> {
  const text = `script: ${JSON.stringify(script)}`;
  await page.getByLabel("Message", { exact: true }).fill(text);
  await page.keyboard.press("Enter");
  await page.locator(".turn.is-person").last().getByText(text, { exact: true }).waitFor();
}

function answers(of: Page): Locator {
  return of.locator(".turn.is-answer");
}

/** Return the answer that is being generated, once it has so many characters. */
async function begun(length: number): Promise<Locator> {
  const answer = answers(page).and(page.locator("[aria-busy=true]")).locator(".markdown");
  await expect.poll(async () => (await answer.innerText()).length).toBeGreaterThan(length);
  return answers(page).last();
}

/** Wait until an answer has ended, and return its text as the person sees it. */
async function ended(of: Page): Promise<string> {
  const answer = answers(of).last();
  await answer.and(of.locator("[aria-busy=false]")).waitFor();
  return answer.locator(".markdown").innerText();
}

/** What the server has of the answer at the end of the branch. */
async function stored(): Promise<string> {
  return page.evaluate(async () => {
    const response = await fetch(`/api/v1/assistant/conversations/${location.pathname.split("/").at(-1)}`);
    const { messages, current_message_id: current } = await response.json();
    return messages.find((message: { message_id: string }) => message.message_id === current).text;
  });
}

/** Words alone, without what markdown makes of the rest. */
function words(text: string): string {
  return text.replaceAll(/[*`-]/g, "").split(/\s+/).filter(Boolean).join(" ");
}

test("a new conversation can be written at once", async () => {
  const field = page.getByLabel("Message", { exact: true });
  await field.waitFor();
  await expect.poll(() => field.evaluate((element) => element === document.activeElement)).toBe(true);
});

test("an answer appears token by token, and what stands there stays in the document", async () => {
  await ask({ token_count: 150, delay_s: 0.04 });
  await page.waitForURL(/\/assistant\/conv_/);
  const first = answers(page).last().locator(".block").first();
  await first.waitFor();
  await answers(page).last().locator(".block").nth(1).waitFor();
  await first.evaluate((block) => ((block.firstElementChild as HTMLElement).dataset["mark"] = "kept"));
  const length = (await answers(page).last().innerText()).length;
  await expect.poll(async () => (await answers(page).last().innerText()).length).toBeGreaterThan(length + 40);
  const text = await ended(page);
  expect(await first.locator("[data-mark=kept]").count()).toBe(1);
  expect(words(text)).toBe(words(await stored()));
  expect(await page.locator("[role=status]").filter({ hasText: "Answered:" }).count()).toBe(1);
});

test("after a cut in the middle of an answer, the page has the whole of it, and shows nothing twice", async () => {
  await ask({ token_count: 160, delay_s: 0.05, seed: 2 });
  const answer = await begun(80);
  network.cut();
  await page.getByText("Reconnecting.", { exact: true }).waitFor();
  expect(await page.getByText("Reconnecting. What you write is kept.").count()).toBe(1);
  const before = await answer.locator(".markdown").innerText();
  network.restore();
  await expect.poll(async () => (await answer.locator(".markdown").innerText()).length).toBeGreaterThan(before.length);
  const text = await ended(page);
  expect(words(text)).toBe(words(await stored()));
  expect(words(text)).toContain(words(before).slice(0, 40));
});

test("a second tab shows the same, as it comes", async () => {
  const second = await open(context);
  await second.goto(page.url());
  await answers(second).last().waitFor();
  await ask({ token_count: 400, delay_s: 0.05, seed: 3 });
  await answers(second).and(second.locator("[aria-busy=true]")).waitFor();
  await begun(60);
  await page.keyboard.press("Escape");
  expect(await ended(second)).toBe(await ended(page));
  await second.close();
});

test("Esc stops an answer: what is shown is what is stored", async () => {
  await ask({ token_count: 400, delay_s: 0.05, seed: 4 });
  const answer = await begun(60);
  await page.keyboard.press("Escape");
  await answer.getByText("Stopped").waitFor();
  expect(words(await ended(page))).toBe(words(await stored()));
});

test("an answer that was generated again is another version, and the first one is still there", async () => {
  await ask({ token_count: 12, seed: 5 });
  await ended(page);
  const versions = answers(page).last().getByRole("group", { name: /^Version/ });
  await answers(page).last().getByRole("button", { name: "Answer again" }).click();
  await versions.getByText("2 / 2").waitFor();
  await ended(page);
  await versions.getByRole("button", { name: "Version before" }).click();
  await versions.getByText("1 / 2").waitFor();
  await page.keyboard.press("Escape");
  await page.getByRole("region", { name: "Messages" }).focus();
  await page.keyboard.press("]");
  await versions.getByText("2 / 2").waitFor();
});

test("an edited message begins another branch", async () => {
  const asked = page.locator(".turn.is-person").last();
  await asked.hover();
  await asked.getByRole("button", { name: "Edit" }).click();
  await page.getByLabel("Another text").fill('script: {"token_count": 5}');
  await page.keyboard.press("Enter");
  await asked.getByText("2 / 2").waitFor();
  await ended(page);
  expect(await page.locator(".turn.is-person").last().locator(".turn-text").innerText()).toBe('script: {"token_count": 5}');
});

test("a silent engine, a continued answer and a refusal are said in words", async () => {
  await ask({ token_count: 30, stall_after: 10, stall_s: 8, seed: 6 });
  await answers(page).last().getByText(/No token for [4-8] s/).waitFor();
  await ended(page);
  await ask({ token_count: 30, break_off_after: 10, seed: 7 });
  await ended(page);
  await answers(page).last().getByText("Continued after 1 interruption; nothing is lost or doubled.").waitFor();
  await ask({ refuses: "This model can't do that." });
  await answers(page).last().getByText("This model can't do that.").waitFor();
  await answers(page).last().getByText("Change your message.").waitFor();
});

test("a draft is kept across a reload, and Shift+Enter breaks the line", async () => {
  const field = page.getByLabel("Message", { exact: true });
  await field.fill("first");
  await page.keyboard.press("Shift+Enter");
  await page.keyboard.type("second");
  await page.reload();
  expect(await field.inputValue()).toBe("first\nsecond");
  await field.fill("");
});

test("a click into the messages draws no ring around them, and the keyboard does", async () => {
  const messages = page.getByRole("region", { name: "Messages" });
  const ring = (): Promise<string> => messages.evaluate((element) => getComputedStyle(element).outlineStyle);
  await messages.click({ position: { x: 5, y: 5 } });
  await page.keyboard.press("ArrowUp");
  expect(await ring()).toBe("none");

  await page.keyboard.press("Tab");
  await page.keyboard.press("Shift+Tab");
  await expect.poll(ring).toBe("solid");
});

test("a conversation is renamed, found and deleted", async () => {
  await page.getByRole("button", { name: "Rename" }).first().click();
  await page.getByLabel("Title").fill("Doing the work once");
  await page.keyboard.press("Enter");
  const list = page.getByRole("navigation", { name: "Conversations" });
  await list.getByText("Doing the work once").waitFor();
  await page.getByLabel("Search conversations").fill("nothing has this");
  await list.getByText("No conversation has this text.").waitFor();
  await page.getByLabel("Search conversations").fill("WORK once");
  await list.getByText("Doing the work once").waitFor();
  await page.getByLabel("Search conversations").fill("");
  await page.keyboard.press("Escape");
  await page.getByRole("link", { name: "New conversation" }).click();
  await ask({ token_count: 5 });
  await ended(page);
  await page.getByRole("button", { name: "Delete" }).first().click();
  await page.getByRole("button", { name: /Delete it/ }).click();
  await page.waitForURL(/\/assistant$/);
  await expect.poll(() => list.getByRole("link").count()).toBe(1);
});

// Each theme and each width once; for screenshots all of them.
const LOOKS = [
  ["light", 1440],
  ["dark", 390],
  ...(SCREENSHOTS ? ([["dark", 1440], ["light", 390]] as const) : []),
] as const;

test.each(LOOKS)("axe finds nothing, %s, %d wide", async (colorScheme, width) => {
  const state = await context.storageState();
  const viewer = await open(await browser.newContext({ colorScheme, viewport: { width, height: 844 }, storageState: state }));
  const found: string[] = [];
  for (const name of ["list", "conversation", "markdown"]) {
    if (name === "markdown") await showSampleConversation(viewer);
    await viewer.goto(`${ninefold.url}/assistant`);
    await viewer.locator(".conversation").first().waitFor();
    if (name !== "list") {
      await viewer.locator(".conversation").first().click();
      await answers(viewer).last().waitFor();
    }
    await viewer.evaluate(AXE);
    const violations = await viewer.evaluate("axe.run().then((result) => result.violations.map((each) => each.id))");
    found.push(...(violations as string[]).map((violation) => `${name}: ${violation}`));
    if (SCREENSHOTS) {
      mkdirSync(SCREENSHOTS, { recursive: true });
      await viewer.screenshot({ path: join(SCREENSHOTS, `assistant-${name}-${width === 390 ? "phone-" : ""}${colorScheme}.png`) });
    }
  }
  await viewer.unrouteAll({ behavior: "ignoreErrors" });
  await viewer.context().close();
  expect(found).toEqual([]);
});

test("no page breaks the content security policy or throws", () => {
  expect(complaints).toEqual([]);
});

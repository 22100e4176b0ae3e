// What a person does with the console, in a real browser, against a real Ninefold.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";

import { Network, Ninefold, Receiver, SHOWN_MS_MAX } from "./ninefold";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];
const PASSWORD = "a sentence that only ines knows";
/** The delay before a retry that a person watches: a busy machine needs seconds to show it. */
const COUNTED_DOWN_S = 8;

const ninefold = new Ninefold();
const network = new Network();
const good = new Receiver();
const bad = new Receiver();
let browser: Browser;
let context: BrowserContext;
let page: Page;
let subscription = "";
let failing = "";
/** What the page has asked of the live feed. */
let heard = "";
const complaints: string[] = [];

beforeAll(async () => {
  const executablePath = execFileSync(join(ROOT, "scripts/chromium")).toString().trim();
  [browser] = await Promise.all([chromium.launch({ executablePath, args: ["--no-sandbox"] }), ninefold.start()]);
  await network.start(ninefold.port);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await open(context);
  page.on("websocket", (socket) => socket.on("framesent", ({ payload }) => (heard += payload)));
});

afterAll(async () => {
  await browser?.close();
  await ninefold.remove();
  good.stop();
  bad.stop();
});

// A test that fails leaves no receiver behind that answers nothing.
afterEach(() => bad.recover());

async function open(within: BrowserContext): Promise<Page> {
  const opened = await within.newPage();
  opened.setDefaultTimeout(SHOWN_MS_MAX);
  opened.on("pageerror", (error) => complaints.push(error.message));
  opened.on("console", (message) => {
    if (message.text().includes("Content Security Policy")) complaints.push(message.text());
  });
  return opened;
}

/** Another browser of the same person. */
async function anotherBrowser(options: Parameters<Browser["newContext"]>[0] = {}): Promise<Page> {
  const state = await context.storageState();
  return open(await browser.newContext({ viewport: { width: 1440, height: 900 }, storageState: state, ...options }));
}

test("the first person creates an account, and the empty page teaches the first step", async () => {
  await page.goto(`${network.url}/setup#${ninefold.setUpToken}`);
  await page.getByLabel("Name").fill("Ines Carvalho");
  await page.getByLabel("Mail address").fill("ines@example.com");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("heading", { name: "Send your first webhook" }).waitFor();
  expect(await page.locator("pre").first().textContent()).toContain("/api/v1/subscriptions");
});

test("a subscription is created with the form, and its secret is shown once", async () => {
  const url = await good.start();
  await page.getByRole("link", { name: "Webhooks" }).click();
  await page.getByRole("button", { name: /New subscription/ }).click();
  await page.getByLabel("URL").fill(url);
  await page.getByRole("dialog").getByLabel("Name").fill("storefront");
  await page.getByRole("button", { name: "Create the subscription" }).click();
  await page.getByText(/^whsec_/).waitFor();
  await page.getByRole("button", { name: "Open it" }).click();
  await page.getByRole("heading", { name: "storefront" }).waitFor();
  subscription = page.url().split("/").at(-1) ?? "";
});

test("a delivery appears without a reload, and keys lead into it", async () => {
  await page.getByText("Nothing was sent yet").waitFor();
  await expect.poll(() => heard).toContain("webhooks.deliveries");
  await ninefold.publish("order.created");
  await page.getByRole("link", { name: "order.created" }).waitFor();
  await page.keyboard.press("j");
  await page.keyboard.press("Enter");
  const pane = page.getByRole("complementary", { name: "Delivery" });
  await pane.getByText("204", { exact: true }).first().waitFor();
  expect(await pane.locator("pre").last().textContent()).toContain('"order": 104001');
  await page.keyboard.press("Escape");
  await pane.waitFor({ state: "detached" });
});

test("a test is sent to the subscription alone, and its answer is shown", async () => {
  await page.getByRole("button", { name: /Send a test/ }).click();
  const pane = page.getByRole("complementary", { name: "Delivery" });
  await pane.locator(".pane-head").getByText("Delivered").waitFor();
  await pane.getByText("ninefold.test").first().waitFor();
  await pane.getByText("204", { exact: true }).first().waitFor();
  await page.keyboard.press("Escape");
  await pane.waitFor({ state: "detached" });
});

test("a delivery that is retried counts down, is failed at the end, and can be retried by hand", async () => {
  bad.refused.set("invoice.paid", 503);
  const url = await bad.start();
  const created = await ninefold.call<{ subscription_id: string }>("POST", "/subscriptions", {
    url,
    event_types: ["invoice.*"],
    description: "ledger-sync",
    retry_schedule: [COUNTED_DOWN_S],
  });
  failing = created.subscription_id;
  await page.goto(`${network.url}/webhooks/subscriptions/${failing}`);
  await page.getByText("Nothing was sent yet").waitFor();
  await ninefold.publish("invoice.paid");
  await page.locator(".row-name").first().click();
  const pane = page.getByRole("complementary", { name: "Delivery" });
  await pane.getByText("until attempt 2 of 2").waitFor();
  const answerRetry = bad.hold("invoice.paid");
  await takeAnother(1);
  answerRetry();
  await pane.locator(".pane-head").getByText("Failed").waitFor();
  await pane.getByText("The receiver answered 503.").waitFor();
  bad.refused.clear();
  await pane.getByRole("button", { name: /Retry now/ }).click();
  await pane.locator(".pane-head").getByText("Delivered").waitFor();
});

/**
 * Take another event once so many invoices are being retried. If the receiver took nothing since their first attempts, it
 * would count as down, and what is for it would wait.
 */
async function takeAnother(retried: number): Promise<void> {
  const retrying = (): Promise<{ items: unknown[] }> => ninefold.call("GET", `/subscriptions/${failing}/deliveries?status=retrying`);
  await expect.poll(async () => (await retrying()).items.length).toBe(retried);
  const { event_id: id } = await ninefold.publish("invoice.created");
  await expect.poll(async () => (await ninefold.call<{ status: string }>("GET", `/events/${id}`)).status).toBe("dispatched");
}

test("of two people who act at once, the second is told why nothing happened", async () => {
  const other = await anotherBrowser();
  // Otherwise the page often shows the other person's attempt before the button is pressed.
  let isBehind = false;
  await other.routeWebSocket(/\/connection\/websocket/, (socket) => {
    const server = socket.connectToServer();
    server.onMessage((message) => {
      if (!isBehind) socket.send(message);
    });
  });
  await other.route(/\/api\/v1\/deliveries\//, async (route) => {
    if (!isBehind || route.request().method() !== "GET") await route.continue();
  });
  await other.goto(page.url().replace(network.url, ninefold.url));
  await other.getByRole("button", { name: /Send again/ }).waitFor();
  isBehind = true;
  const before = bad.count("invoice.paid");
  const answer = bad.hold("invoice.paid");
  await page.getByRole("button", { name: /Send again/ }).click();
  await expect.poll(() => bad.count("invoice.paid")).toBe(before + 1);
  await other.getByRole("button", { name: /Send again/ }).click();
  await other.getByText("Retry: refused.").waitFor();
  answer();
  await page.getByRole("complementary", { name: "Delivery" }).locator(".pane-head").getByText("Delivered").waitFor();
  await other.context().close();
});

test("a delivery is found by a text in its payload, whose address is a deep link", async () => {
  await ninefold.call("POST", "/events", { event_type: "invoice.paid", payload: { customer: "cus_searched" }, idempotency_key: "invoice-searched", tier: "critical", ordering_key: "cus_7" });
  const before = page.url();
  await page.goto(`${network.url}/webhooks/events`);
  await page.getByRole("searchbox", { name: "Search" }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("cus_searched");
  await page.waitForURL(/events\?q=cus_searched/);
  const rows = page.locator("tr[data-row]");
  await page.locator("tr[data-row]", { hasText: "invoice-searched" }).waitFor();
  expect(await rows.count()).toBe(1);
  await rows.first().click();
  const pane = page.getByRole("complementary", { name: "Event" });
  await pane.getByText("critical", { exact: true }).waitFor();
  await pane.getByText("cus_7", { exact: true }).waitFor();
  await page.keyboard.press("Escape");
  await pane.waitFor({ state: "detached" });
  await page.keyboard.press("Control+k");
  await page.getByRole("combobox", { name: "Find or do" }).fill("cus_searched");
  await page.getByRole("option", { name: /Search deliveries for cus_searched/ }).click();
  await page.waitForURL(/deliveries\?q=cus_searched/);
  await page.getByRole("cell", { name: "invoice.paid" }).first().waitFor();
  await page.getByRole("button", { name: "Filters" }).click();
  await page.getByLabel("Response code").fill("404");
  await page.getByLabel("Response code").press("Enter");
  await page.getByText("No delivery matches").waitFor();
  await page.getByRole("button", { name: "Clear" }).click();
  await page.waitForURL(/deliveries$/);
  await page.goto(before);
});

test("on a lost connection the page says since when, stays usable, and catches up by itself", async () => {
  await page.goto(`${network.url}/webhooks/subscriptions/${subscription}`);
  const rows = page.locator("tr[data-row]");
  await rows.first().waitFor();
  const before = await rows.count();
  network.cut();
  await page.getByText("Reconnecting.", { exact: true }).waitFor();
  expect(await page.locator(".connection").textContent()).toMatch(/Shown as of (\d+ \w+, )?\d\d:\d\d:\d\d\./);
  expect(await page.getByRole("button", { name: "Rotate the secret" }).isDisabled()).toBe(true);
  await rows.first().getByRole("link").click();
  await page.getByRole("complementary", { name: "Delivery" }).waitFor();
  await ninefold.publish("order.paid");
  network.restore();
  await page.getByRole("link", { name: "order.paid" }).waitFor();
  expect(await page.locator(".connection").count()).toBe(0);
  expect(await rows.count()).toBe(before + 1);
});

test("after a restart of the server the page goes on", async () => {
  await ninefold.stop();
  await page.getByText("Reconnecting.", { exact: true }).waitFor();
  await ninefold.start();
  await ninefold.publish("order.shipped");
  await page.getByRole("link", { name: "order.shipped" }).waitFor();
});

test("dead letters are replayed at once, and the progress is shown", async () => {
  await ninefold.call("PATCH", `/subscriptions/${failing}`, { retry_schedule: [1] });
  bad.refused.set("invoice.paid", 400);
  const before = bad.count("invoice.paid");
  const answer = bad.hold("invoice.paid");
  await Promise.all(Array.from({ length: 5 }, () => ninefold.publish("invoice.paid")));
  await expect.poll(() => bad.count("invoice.paid")).toBe(before + 5);
  const answerRetries = bad.hold("invoice.paid");
  answer();
  await takeAnother(5);
  answerRetries();
  await page.goto(`${network.url}/webhooks/dead-letters`);
  await page.getByRole("button", { name: "Replay 5 deliveries" }).waitFor();
  bad.refused.clear();
  await page.getByRole("button", { name: "Replay 5 deliveries" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /Replay 5 deliveries/ }).click();
  const pane = page.getByRole("complementary", { name: "Replay" });
  await pane.locator(".pane-head").getByText("Succeeded").waitFor();
  await page.getByRole("navigation", { name: "Webhooks" }).getByRole("link", { name: "Dead letters" }).click();
  await page.getByText("No dead letters").waitFor();
});

test("the overview counts what is sent while somebody looks, and its charts can be read with the keys", async () => {
  await page.goto(network.url);
  const chart = page.getByRole("slider", { name: "Throughput" });
  await chart.waitFor();
  const note = page.locator(".chart-note").first();
  const count = async (): Promise<number> => Number((await note.textContent())?.split(" ")[0]);
  await expect.poll(count).toBeGreaterThan(3);
  const before = await count();
  await ninefold.publish("order.created");
  await expect.poll(count).toBeGreaterThan(before);
  await chart.focus();
  await page.keyboard.press("ArrowLeft");
  await page.locator(".chart-tip").waitFor();
  await page.getByRole("link", { name: "7 d" }).click();
  await page.getByText(/in the last week$/).waitFor();
  // Only the content scrolls: with the pointer on the rail, a wheel mustn't move the whole page out of sight.
  expect(await page.evaluate(() => document.documentElement.scrollHeight - window.innerHeight)).toBe(0);
  await page.goto(`${network.url}/webhooks/subscriptions`);
  await page.getByRole("img", { name: /attempts in the last hour/ }).first().waitFor();
});

const PAGES = [
  ["overview", "/"],
  ["subscriptions", "/webhooks/subscriptions"],
  ["subscription", "/webhooks/subscriptions/:id"],
  ["subscription-figures", "/webhooks/subscriptions/:id?tab=figures"],
  ["events", "/webhooks/events"],
  ["events-found", "/webhooks/events?q=order"],
  ["deliveries", "/webhooks/deliveries"],
  ["deliveries-found", "/webhooks/deliveries?q=invoice&code=2xx"],
  ["dead-letters", "/webhooks/dead-letters"],
  ["retention", "/webhooks/retention"],
  ["replays", "/webhooks/replays"],
  ["keys", "/settings/keys"],
  ["members", "/settings/members"],
  ["account", "/settings/account"],
  ["sessions", "/settings/sessions"],
  ["audit-log", "/settings/audit-log"],
] as const;

// Each theme and each width once; for screenshots all of them.
const LOOKS = [
  ["light", 1440],
  ["dark", 390],
  ...(SCREENSHOTS ? ([["dark", 1440], ["light", 390]] as const) : []),
] as const;

test.each(LOOKS)("axe finds nothing on any page, %s, %d wide", async (colorScheme, width) => {
  const viewer = await anotherBrowser({ colorScheme, viewport: { width, height: 844 } });
  const found: string[] = [];
  for (const [name, path] of PAGES) {
    await viewer.goto(ninefold.url + path.replace(":id", subscription));
    await viewer.locator("h1").first().waitFor();
    await viewer.waitForFunction(() => document.querySelectorAll(".skeleton").length === 0);
    if (name === "subscription") await viewer.locator(".row-name").first().click();
    await viewer.evaluate(AXE);
    const violations = await viewer.evaluate("axe.run().then((result) => result.violations.map((each) => each.id))");
    found.push(...(violations as string[]).map((violation) => `${name}: ${violation}`));
    if (SCREENSHOTS) {
      mkdirSync(SCREENSHOTS, { recursive: true });
      await viewer.screenshot({ path: join(SCREENSHOTS, `${name}-${width === 390 ? "phone-" : ""}${colorScheme}.png`) });
    }
  }
  await viewer.context().close();
  expect(found).toEqual([]);
});

test("a click anywhere in a row opens it, and leaving a subscription sends no request for an empty id", async () => {
  const refused: string[] = [];
  page.on("response", (response) => response.status() >= 400 && refused.push(response.url()));
  await page.goto(`${network.url}/webhooks/subscriptions/${subscription}`);
  await page.locator("tr[data-row] .state").first().click();
  await page.getByRole("button", { name: "Copy as curl" }).waitFor();
  await page.getByRole("link", { name: /^Dead letters/ }).first().click();
  await page.getByRole("heading", { name: "Dead letters" }).waitFor();
  expect(refused).toEqual([]);
});

test("an unknown address has a page that leads back", async () => {
  await page.goto(`${network.url}/no-such-page`);
  await page.getByRole("heading", { name: "There is no such page" }).waitFor();
  await page.getByRole("link", { name: "Go to the overview" }).click();
  await page.getByRole("slider", { name: "Throughput" }).waitFor();
});

test("in the API reference, a person who is signed in can try a change without a key", async () => {
  const reader = await anotherBrowser();
  await reader.goto(`${ninefold.url}/docs`);
  await reader.locator("#operations-tag-events").click();
  await reader.locator("#operations-events-publish_event .opblock-summary-control").click();
  await reader.getByRole("main").getByRole("textbox", { name: "Request body" }).waitFor();
  await reader.getByRole("button", { name: "Execute" }).click();
  await reader.locator(".live-responses-table .response-col_status", { hasText: "202" }).waitFor();
  await reader.context().close();
});

test("a member who is removed while looking is told so, and sees no more", async () => {
  const { url } = await ninefold.call<{ url: string }>("POST", "/invitations", { email: "vic@example.com", role: "viewer" });
  const viewer = await open(await browser.newContext());
  await viewer.goto(ninefold.url + new URL(url).pathname + new URL(url).hash);
  await viewer.getByLabel("Name").fill("Vic Moreau");
  await viewer.getByLabel("Password").fill(PASSWORD);
  await viewer.getByRole("button", { name: /^Join/ }).click();
  await viewer.getByRole("slider", { name: "Throughput" }).waitFor();
  await viewer.getByRole("link", { name: "Settings" }).click();
  await viewer.getByRole("rowheader", { name: /Vic Moreau/ }).waitFor();
  await viewer.goto(`${ninefold.url}/webhooks/subscriptions/${subscription}`);
  await viewer.locator("tr[data-row]").first().waitFor();
  const { items } = await ninefold.call<{ items: { account_id: string; email: string }[] }>("GET", "/members");
  const vic = items.find(({ email }) => email === "vic@example.com");
  await ninefold.call("DELETE", `/members/${vic?.account_id}`);
  await viewer.getByRole("heading", { name: "You aren’t a member here" }).waitFor();
  expect(await viewer.locator("tr[data-row]").count()).toBe(0);
  await viewer.context().close();
});

test("signing out leads to the sign-in page, and a deep link survives signing in", async () => {
  await page.getByRole("button", { name: /switch the organisation/ }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
  await page.goto(`${network.url}/webhooks/events`);
  await page.getByLabel("Mail address").fill("ines@example.com");
  await page.getByLabel("Password").fill(PASSWORD);
  await page.getByRole("button", { name: "Sign in" }).click();
  await page.getByRole("link", { name: "order.shipped" }).waitFor();
  expect(new URL(page.url()).pathname).toBe("/webhooks/events");
});

test("no page breaks the content security policy or throws", () => {
  expect(complaints).toEqual([]);
});

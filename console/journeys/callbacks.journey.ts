// What a person does with the pages of callbacks, in a real browser, against a real Ninefold and really signed callbacks.

import { execFileSync } from "node:child_process";
import { createHmac } from "node:crypto";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Network, Ninefold, Receiver, SHOWN_MS_MAX } from "./ninefold";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];

const ninefold = new Ninefold();
const network = new Network();
const receiver = new Receiver();
let browser: Browser;
let context: BrowserContext;
let page: Page;
let github = { id: "", url: "", secret: "" };
let stripe = { id: "", url: "" };
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
  await page.goto(`${network.url}/setup#${ninefold.setUpToken}`);
  await page.getByLabel("Name").fill("Ines Carvalho");
  await page.getByLabel("Mail address").fill("ines@example.com");
  await page.getByLabel("Password").fill("a sentence that only ines knows");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("link", { name: "Callbacks" }).first().waitFor();
  await ninefold.call("POST", "/subscriptions", { url: await receiver.start(), event_types: ["callback.*"], description: "order-desk" });
});

afterAll(async () => {
  await browser?.close();
  await ninefold.remove();
  receiver.stop();
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

/** The URL of a source, as the page shows it, at the server itself: providers don't go through the cut network. */
function direct(url: string): string {
  return ninefold.url + new URL(url).pathname;
}

let sent = 0;

/** Call a URL as GitHub does. */
async function callAsGithub(url: string, secret: string, event: string, action: string): Promise<number> {
  sent += 1;
  const body = JSON.stringify({ action, issue: { number: sent, title: "The lamp flickers" }, repository: { full_name: "kestrel/shop" } });
  const signature = createHmac("sha256", secret).update(body).digest("hex");
  const response = await fetch(url, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "User-Agent": "GitHub-Hookshot/044aadd",
      "X-GitHub-Event": event,
      "X-GitHub-Delivery": `72d3162e-cc78-11e3-81ab-${String(sent).padStart(12, "0")}`,
      "X-Hub-Signature-256": `sha256=${signature}`,
    },
    body,
  });
  return response.status;
}

/** Call a URL as Stripe does. */
async function callAsStripe(url: string, secret: string, type: string): Promise<number> {
  sent += 1;
  const body = JSON.stringify({ id: `evt_${sent}`, type, data: { object: { id: "ch_3Nq", amount: 2000, currency: "eur" } } });
  const time = Math.floor(Date.now() / 1_000);
  const signature = createHmac("sha256", secret).update(`${time}.${body}`).digest("hex");
  const headers = { "Content-Type": "application/json; charset=utf-8", "Stripe-Signature": `t=${time},v1=${signature}` };
  return (await fetch(url, { method: "POST", headers, body })).status;
}

async function screenshot(of: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await of.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

test("the wizard gives the URL and the provider's steps, and shows the first callback as soon as it comes", async () => {
  await page.getByRole("link", { name: "Callbacks" }).first().click();
  await page.getByRole("heading", { name: "Receive your first callback" }).waitFor();
  await page.getByRole("link", { name: "GitHub", exact: true }).waitFor();
  expect(await page.locator(".provider").count()).toBe(26);
  await page.keyboard.press("/");
  await page.keyboard.type("github");
  await page.getByRole("link", { name: "GitHub", exact: true }).click();
  await page.getByLabel("Name").fill("Code");
  await page.getByRole("button", { name: "Make a random secret" }).click();
  const secret = await page.getByLabel("Webhook secret").inputValue();
  await page.getByRole("button", { name: "Create the source" }).click();
  await page.getByText("Listening.").waitFor();
  await page.getByText("Content type: application/json.").waitFor();
  const url = (await page.locator(".secret .code").first().textContent()) ?? "";
  expect(await page.locator(".secret .code").nth(1).textContent()).toBe(secret);
  github = { id: new URL(page.url()).searchParams.get("source") ?? "", url: direct(url), secret };
  await expect.poll(() => heard).toContain("callbacks.source");
  await screenshot(page, "callbacks-wizard-waiting");
  expect(await callAsGithub(github.url, secret, "issues", "opened")).toBe(200);
  await page.getByText("The secret is right, and it became an event.").waitFor();
  await page.getByText("callback.github.issues.opened").waitFor();
  await screenshot(page, "callbacks-wizard-verified");
});

test("a wrong secret leads to quarantine, and the right one out of it", async () => {
  await page.goto(`${network.url}/callbacks/sources/new?provider=stripe`);
  await page.getByLabel("Name").fill("Card payments");
  await page.getByLabel(/shows the secret only after/).check();
  await page.getByRole("button", { name: "Create the source" }).click();
  await page.getByText("Listening.").waitFor();
  stripe = { id: new URL(page.url()).searchParams.get("source") ?? "", url: direct((await page.locator(".secret .code").first().textContent()) ?? "") };
  expect(await callAsStripe(stripe.url, "whsec_the_real_one_of_stripe", "charge.refunded")).toBe(200);
  await page.getByText("Failed: signature mismatch.").waitFor();
  await screenshot(page, "callbacks-wizard-quarantined");
  expect(await callAsStripe(stripe.url, "whsec_the_real_one_of_stripe", "charge.succeeded")).toBe(200);
  await page.getByRole("button", { name: "Correct the secret" }).click();
  await page.getByLabel("Signing secret").fill("whsec_the_real_one_of_stripe");
  await page.getByRole("checkbox", { name: "Verify again what is in quarantine" }).uncheck();
  await page.getByRole("button", { name: "Set the secret" }).click();
  await page.getByText("The secret is set.").waitFor();
  await page.getByRole("navigation", { name: "Organisation and systems" }).getByRole("link", { name: "Callbacks" }).click();
  await page.getByRole("navigation", { name: "Callbacks" }).getByRole("link", { name: /Quarantine/ }).click();
  await expect.poll(() => page.getByRole("link", { name: "signature mismatch" }).count()).toBe(2);
  await page.getByRole("link", { name: "signature mismatch" }).first().click();
  await page.getByRole("complementary", { name: "Callback" }).getByText("Failed: signature mismatch.").waitFor();
  await screenshot(page, "callbacks-quarantine");
  await page.getByRole("button", { name: "Verify again", exact: true }).click();
  await page.getByRole("complementary", { name: "Callback" }).locator(".pane-head").getByText("Verified").waitFor();
  await page.getByRole("button", { name: "Verify 1 callback again" }).click();
  await page.getByRole("complementary", { name: "Verifying again" }).locator(".pane-head").getByText("Succeeded").waitFor();
  await page.getByText("Nothing is in quarantine").waitFor();
  await page.getByRole("navigation", { name: "Callbacks" }).getByRole("link", { name: "Callbacks" }).click();
  await page.getByRole("link", { name: "charge.succeeded" }).click();
  await page.getByRole("complementary", { name: "Callback" }).locator(".pane-head").getByText("Verified").waitFor();
});

test("the inspector shows the bytes, the headers, and where the callback went", async () => {
  const pane = page.getByRole("complementary", { name: "Callback" });
  await pane.getByRole("link", { name: /Delivered/ }).waitFor();
  await pane.getByText("stripe-signature").waitFor();
  await pane.getByRole("button", { name: "Hex" }).click();
  expect(await pane.getByRole("region", { name: "The body as bytes" }).textContent()).toContain('7b 22 69 64 22 3a 22 65');
  expect(new URL(page.url()).searchParams.get("body")).toBe("hex");
  await pane.getByRole("button", { name: "Replay" }).click();
  await page.getByText("Passed on again.").waitFor();
  await pane.getByText("replayed 1 ×").waitFor();
});

test("a repetition is a duplicate, and leads to the first", async () => {
  sent -= 1;
  await callAsStripe(stripe.url, "whsec_the_real_one_of_stripe", "charge.succeeded");
  await page.goto(`${network.url}/callbacks/received?status=duplicate`);
  await page.getByRole("link", { name: "charge.succeeded" }).click();
  const pane = page.getByRole("complementary", { name: "Callback" });
  await pane.getByText("Genuine, and it came before").waitFor();
  await pane.getByRole("link", { name: /^cbk_/ }).click();
  await pane.locator(".pane-head").getByText("Verified").waitFor();
});

test("the live tail catches up after the network was cut", async () => {
  await page.goto(`${network.url}/callbacks/received?provider=github`);
  const rows = page.locator("tr[data-row]");
  await rows.first().waitFor();
  await callAsGithub(github.url, github.secret, "pull_request", "opened");
  await page.getByRole("link", { name: "pull_request.opened" }).waitFor();
  expect(await rows.count()).toBe(2);
  network.cut();
  await page.getByText("Reconnecting.", { exact: true }).waitFor();
  expect(await page.getByRole("button", { name: "Replay many" }).isDisabled()).toBe(true);
  await callAsGithub(github.url, github.secret, "pull_request", "closed");
  await callAsGithub(github.url, "another secret", "pull_request", "reopened");
  network.restore();
  await page.getByRole("link", { name: "pull_request.closed" }).waitFor();
  await expect.poll(() => rows.count()).toBe(4);
  expect(await page.locator(".connection").count()).toBe(0);
});

test("the tail can be held, and what arrived is then shown at once", async () => {
  await page.getByRole("button", { name: "Live tail" }).click();
  await callAsGithub(github.url, github.secret, "issues", "closed");
  await page.getByRole("button", { name: "1 new callback" }).click();
  await page.getByRole("link", { name: "issues.closed" }).waitFor();
});

test("many are replayed by a job, whose progress is shown", async () => {
  await page.getByRole("button", { name: "Replay many" }).click();
  await page.getByRole("dialog").getByLabel("Source").selectOption({ label: "Code" });
  await page.getByRole("button", { name: "Replay them" }).click();
  await page.getByRole("complementary", { name: "Replay" }).locator(".pane-head").getByText("Succeeded").waitFor();
});

test("settings are saved, and a deleted source is gone", async () => {
  const created = await ninefold.call<{ source_id: string }>("POST", "/sources", { provider: "slack", name: "Chat", secrets: ["8f742231b10e8888abcd99yyyzzz85a5"] });
  await page.goto(`${network.url}/callbacks/sources/${created.source_id}?tab=settings`);
  await page.getByLabel("Name").fill("Support chat");
  await page.getByLabel("Body of the answer").fill("ok");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("Saved.").waitFor();
  await page.getByRole("heading", { name: "Support chat" }).waitFor();
  await page.getByRole("button", { name: "Delete the source" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /Delete the source/ }).click();
  await page.getByRole("link", { name: "Card payments" }).waitFor();
  expect(await page.getByRole("link", { name: "Support chat" }).count()).toBe(0);
});

const PAGES = [
  ["sources", "/callbacks/sources"],
  ["source", "/callbacks/sources/:id"],
  ["source-settings", "/callbacks/sources/:id?tab=settings"],
  ["source-steps", "/callbacks/sources/:id?tab=steps"],
  ["received", "/callbacks/received"],
  ["quarantine", "/callbacks/quarantine"],
  ["jobs", "/callbacks/jobs"],
  ["providers", "/callbacks/providers"],
  ["new-source", "/callbacks/sources/new?provider=hmac"],
  ["first-callback", "/callbacks/sources/new?source=:id"],
] as const;

/** The pages on which a row is opened, so that the inspector is looked at too. */
const WITH_PANE: readonly string[] = ["source", "quarantine", "jobs"];

/** Ten pages take longer than one journey, above all where other tests run. */
const PAGES_MS_MAX = 120_000;

// Each theme and each width once; for screenshots all of them.
const LOOKS = [
  ["light", 1280],
  ["dark", 390],
  ...(SCREENSHOTS ? ([["dark", 1280], ["light", 390]] as const) : []),
] as const;

test.each(LOOKS)("axe finds nothing on any page, %s, %d wide", async (colorScheme, width) => {
  const storageState = await context.storageState();
  const viewer = await open(await browser.newContext({ colorScheme, viewport: { width, height: 844 }, storageState }));
  const found: string[] = [];
  for (const [name, path] of PAGES) {
    await viewer.goto(ninefold.url + path.replace(":id", github.id));
    await viewer.locator("h1").first().waitFor();
    await viewer.waitForFunction(() => document.querySelectorAll(".skeleton").length === 0);
    if (WITH_PANE.includes(name)) {
      await viewer.locator(".row-name").first().click();
      await viewer.locator(".pane .facts").first().waitFor();
    }
    await viewer.evaluate(AXE);
    const violations = await viewer.evaluate("axe.run().then((result) => result.violations.map((each) => each.id))");
    found.push(...(violations as string[]).map((violation) => `${name}: ${violation}`));
    await screenshot(viewer, `callbacks-${name}-${width === 390 ? "phone-" : ""}${colorScheme}`);
  }
  await viewer.context().close();
  expect(found).toEqual([]);
}, PAGES_MS_MAX);

test("no page breaks the content security policy or throws", () => {
  expect(complaints).toEqual([]);
});

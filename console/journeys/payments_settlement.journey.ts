// What a person does when the bank is a cent off, and how a payment goes on: in a real browser, with a real Ninefold.

import { execFileSync } from "node:child_process";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Ninefold, Receiver, SHOWN_MS_MAX } from "./ninefold";
import { faultsOf, pay, statementOf, today } from "./payments_shop";

const ROOT = join(import.meta.dirname, "../..");
const NAME = "Extraordinarily Long-Named International Purveyors of Handcrafted Outdoor Equipment";
const ninefold = new Ninefold({ NINEFOLD_PAYMENTS_PROCESSOR_TIMEOUT_S: "5" });
const told = new Receiver();
const failing = createServer((request, response) => request.resume().on("end", () => response.writeHead(503).end()));
let browser: Browser;
let context: BrowserContext;
let page: Page;
let merchant = { merchant_id: "", secret_key: "" };
let paymentId = "";
let batchPath = "";

beforeAll(async () => {
  const executablePath = execFileSync(join(ROOT, "scripts/chromium")).toString().trim();
  [browser] = await Promise.all([chromium.launch({ executablePath, args: ["--no-sandbox"] }), ninefold.start()]);
  context = await browser.newContext({ viewport: { width: 1440, height: 900 } });
  page = await context.newPage();
  page.setDefaultTimeout(SHOWN_MS_MAX);
  await page.goto(`${ninefold.url}/setup#${ninefold.setUpToken}`);
  await page.getByLabel("Name").fill("Ines Carvalho");
  await page.getByLabel("Mail address").fill("ines@example.com");
  await page.getByLabel("Password").fill("a sentence that only ines knows");
  await page.getByRole("button", { name: "Create the account" }).click();
  await page.getByRole("link", { name: "Payments" }).first().waitFor();
  const account = { bank_account_name: "Kestrel Outdoor", bank_routing_number: "091000019", bank_account_number: "000987654321", bank_account_kind: "checking" };
  merchant = await ninefold.call("POST", "/payments/merchants", { name: "Kestrel Outdoor US", default_currency: "USD", time_zone: "UTC", cutoff: "23:59", hold_days: 0, first_payout_days: 0, ...account });
});

afterAll(async () => {
  await browser?.close();
  await ninefold.remove();
  told.stop();
  failing.close();
  failing.closeAllConnections();
});

async function go(path: string): Promise<void> {
  await page.goto(ninefold.url + path);
}

async function addEndpoint(url: string): Promise<void> {
  const body = new URLSearchParams({ url, "enabled_events[]": "payment_intent.succeeded" });
  const response = await fetch(`${ninefold.url}/stripe/v1/webhook_endpoints`, { method: "POST", headers: { Authorization: `Bearer ${merchant.secret_key}` }, body });
  expect(response.status).toBe(200);
}

/** Wait until a job has ended. */
async function done(job: { job_id: string }): Promise<void> {
  await expect.poll(async () => (await ninefold.call<{ state: string }>("GET", `/jobs/${job.job_id}`)).state).toBe("succeeded");
}

test("a payment says who was told, and how each delivery stands", async () => {
  await new Promise<void>((resolve) => failing.listen(0, "127.0.0.1", resolve));
  const failingHost = `127.0.0.1:${(failing.address() as AddressInfo).port}`;
  const url = await told.start();
  await addEndpoint(`${url}hook`);
  await addEndpoint(`http://${failingHost}/hook`);
  paymentId = (await pay(ninefold, merchant.secret_key, "visa", 10_000, { description: "order 104218" })).id;
  await go(`/payments/intents/${paymentId}`);
  const notices = page.getByRole("region", { name: "Who was told" });
  await notices.getByRole("row", { name: new RegExp(`Delivered payment_intent.succeeded ${new URL(url).host} .*204`) }).waitFor();
  await notices.getByRole("row", { name: new RegExp(`payment_intent.succeeded ${failingHost} .*503`) }).waitFor();
  await notices.getByRole("row", { name: /Nobody charge\.succeeded no endpoint wants it/ }).waitFor();
  await notices.getByRole("row", { name: /Delivered/ }).getByRole("link").click();
  await page.waitForURL(/\/webhooks\//);
  await page.getByRole("complementary").getByText("Delivered").first().waitFor();
});

test("a payment of which a part was refunded says so, with the amount, in the list and on its page", async () => {
  await go(`/payments/intents/${paymentId}`);
  await page.getByRole("button", { name: "Refund" }).click();
  await page.getByLabel("Amount in USD").fill("8.50");
  await page.getByRole("button", { name: /^Refund \$8\.50/ }).click();
  await page.locator(".run-facts").getByText("Partly refunded").waitFor();
  await go("/payments");
  await page.getByRole("row", { name: /Partly refunded −\$8\.50 .*\$100\.00 USD/ }).getByRole("link", { name: "$100.00" }).click();
  await page.waitForURL(new RegExp(paymentId));
});

test("the name of a merchant changes wherever it stands, however long it is", async () => {
  await go(`/payments/merchants/${merchant.merchant_id}?tab=settings`);
  await page.getByLabel("Name of the merchant").fill(NAME);
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByRole("heading", { name: NAME, exact: true }).waitFor();
  await go(`/payments/intents/${paymentId}`);
  await page.locator(".run-facts").getByText(NAME).waitFor();
  for (const path of ["/payments/merchants", "/payments"]) {
    await go(path);
    await page.getByRole("cell", { name: NAME }).first().waitFor();
    expect(await page.locator("table").first().evaluate((table) => table.getBoundingClientRect().right <= innerWidth), path).toBe(true);
  }
});

test("a payout that the bank has paid a cent off is matched by a person, and is paid", async () => {
  await done(await ninefold.call("POST", `/payments/merchants/${merchant.merchant_id}/settle`, { day: today() }));
  const [payout] = (await ninefold.call<{ items: { amount: number; reference: string; batch_id: string }[] }>("GET", "/payments/payouts")).items;
  batchPath = `/payments/batches/${payout?.batch_id}`;
  await go("/payments/batches");
  await page.getByRole("row", { name: /With the bank/ }).waitFor();
  await go("/payments/statements");
  const file = statementOf([{ amount: -(payout?.amount ?? 0) + 1, reference: payout?.reference ?? "" }, { amount: 1_234, text: "GIFT" }]);
  await page.locator('input[type="file"]').setInputFiles({ name: "statement.xml", mimeType: "text/xml", buffer: Buffer.from(file) });
  await page.getByRole("complementary", { name: "Statement" }).getByText("In suspense").first().waitFor();
  await go("/payments/breaks");
  await page.getByRole("link", { name: "Amount on the statement" }).click();
  const pane = page.getByRole("complementary", { name: "Break" });
  await pane.getByText(/another amount than that of the payout/).waitFor();
  await pane.getByRole("button", { name: "It is a payout" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByText("The bank paid $0.01 less than the payout.").waitFor();
  await dialog.getByLabel("goes to the bank fees: it stays as it is").check();
  await dialog.getByLabel("Evidence").fill("The bank has kept a cent, ticket 5521");
  await dialog.getByRole("button", { name: "It is this payout" }).click();
  await pane.getByText("ticket 5521").waitFor();
  await pane.getByRole("link", { name: /^po_/ }).click();
  await page.waitForURL(new RegExp(batchPath));
  await page.getByText(/, matched by a person/).waitFor();
  await page.locator(".run-facts").getByText("Paid").waitFor();
  await go("/payments/batches");
  await page.getByRole("row", { name: /Paid/ }).waitFor();
});

test("a line that is no payout can only be resolved", async () => {
  await go("/payments/breaks");
  await page.getByRole("link", { name: "On the statement only" }).click();
  const pane = page.getByRole("complementary", { name: "Break" });
  await pane.getByRole("button", { name: "Resolve by evidence" }).waitFor();
  expect(await pane.getByRole("button", { name: "It is a payout" }).count()).toBe(0);
});

test("what comes after the report was read isn't compared yet, and the day says so", async () => {
  await done(await ninefold.call("POST", `/payments/reconciliation/days/${today()}/runs`));
  await pay(ninefold, merchant.secret_key, "visa", 4_321);
  await go(`/payments/reconciliation/${today()}`);
  await page.getByRole("row", { name: /Not compared yet.*43\.21/ }).waitFor();
  await page.getByText(/1 not compared yet/).waitFor();
  await page.getByRole("button", { name: "Compare again" }).click();
  await page.getByRole("row", { name: /By reference.*43\.21/ }).waitFor();
});

test("the pages of what waits for a person are accessible, wide and on a phone, in both themes", async () => {
  await pay(ninefold, merchant.secret_key, "neverKnown", 7_725);
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, storageState: await context.storageState() });
  const narrow = await phone.newPage();
  for (const path of ["/payments/in-doubt", "/payments/breaks?state=all", "/payments/statements", "/payments/merchants", `/payments/merchants/${merchant.merchant_id}?tab=settings`, batchPath]) {
    for (const [of, colorScheme] of [[page, "light"], [narrow, "dark"]] as const) {
      await of.emulateMedia({ colorScheme });
      await of.goto(ninefold.url + path);
      await of.locator("tbody tr[data-row], form, .sums").first().waitFor();
      expect(await faultsOf(of), `${path} ${colorScheme}`).toEqual([]);
    }
  }
  await phone.close();
});

// What a person does with the pages of payments, in a real browser, against a real Ninefold and its simulated processor.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Network, Ninefold, SHOWN_MS_MAX } from "./ninefold";
import { faultsOf, pay as payAt, statementOf, today, type Paid } from "./payments_shop";

const ROOT = join(import.meta.dirname, "../..");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];

const ninefold = new Ninefold({ NINEFOLD_PAYMENTS_PROCESSOR_TIMEOUT_S: "5" });
const network = new Network();
let browser: Browser;
let context: BrowserContext;
let page: Page;
let secretKey = "";
const complaints: string[] = [];
/** Payments that the journey comes back to. */
const made = { captured: "", doubt: "", batch: "" };

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
  await page.getByRole("link", { name: "Payments" }).first().waitFor();
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

function pay(token: string, amount: number, fields: Record<string, string> = {}): Promise<Paid> {
  return payAt(ninefold, secretKey, token, amount, fields);
}

async function screenshot(of: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await of.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

async function go(path: string): Promise<void> {
  await page.goto(network.url + path);
}

test("the first steps lead from a merchant to its key, and the first payment appears at once", async () => {
  await page.getByRole("link", { name: "Payments" }).first().click();
  await page.getByRole("heading", { name: "Take your first payment" }).waitFor();
  await screenshot(page, "payments-first-steps");
  await page.getByRole("button", { name: "Create a merchant" }).click();
  await page.getByLabel("Name").fill("Kestrel Outdoor US");
  await page.getByLabel("Time zone").fill("America/New_York");
  await page.getByLabel("Cut-off").fill("23:59");
  await page.getByRole("button", { name: "Create with a key" }).click();
  await page.getByText("Save the secret key now").waitFor();
  secretKey = (await page.getByRole("dialog").locator(".secret .code").first().textContent()) ?? "";
  expect(secretKey).toMatch(/^sk_test_/);
  await page.getByRole("button", { name: "Done" }).click();
  await page.getByText(`stripe.api_key = "${secretKey}"`, { exact: false }).waitFor();
  const paid = await pay("visa", 24_850, { description: "order 104218" });
  expect(paid.status).toBe("succeeded");
  made.captured = paid.id;
  await page.getByRole("row", { name: /Captured.*\$248\.50.*order 104218/ }).waitFor();
});

test("what is agreed with a merchant is set, and only the last four of its bank account are shown", async () => {
  await page.getByRole("navigation", { name: "Payments" }).getByRole("link", { name: "Merchants" }).click();
  await page.getByRole("link", { name: "Kestrel Outdoor US" }).click();
  await page.getByRole("link", { name: /Held \$/ }).waitFor();
  await page.getByRole("link", { name: "Settings", exact: true }).last().click();
  await page.getByLabel("Fee in percent").fill("1.4");
  await page.getByLabel("Fee in USD").fill("0.25");
  await page.getByLabel("Hold in days").fill("0");
  await page.getByLabel("First payout after days").fill("0");
  await page.getByLabel("Name on the bank account").fill("Kestrel Outdoor");
  await page.getByLabel("Routing number").fill("091000019");
  await page.getByLabel("Account number").fill("000987654321");
  await page.getByRole("button", { name: "Save" }).click();
  await page.getByText("bank account •••• 4321").waitFor();
  await page.getByText("1.4 % and $0.25").first().waitFor();
  expect(await page.getByLabel("Account number").inputValue()).toBe("");
  expect(await page.content()).not.toContain("000987654321");
  await screenshot(page, "payments-merchant-settings");
});

test("a payment shows its way, its journal and its calls, and a part of it is refunded", async () => {
  await go(`/payments/intents/${made.captured}`);
  await page.getByRole("heading", { name: "$248.50 USD" }).waitFor();
  await page.getByText("visa •••• 4242").waitFor();
  await page.getByRole("row", { name: /Captured.*processor receivable.*merchant held.*248\.50/ }).waitFor();
  await page.keyboard.press("r");
  const amount = page.getByLabel("Amount in USD");
  await amount.fill("300");
  await page.getByText("At most $248.50.").waitFor();
  expect(await page.getByRole("button", { name: /^Refund/ }).last().isDisabled()).toBe(true);
  await amount.fill("48.50");
  await amount.press("Enter");
  await page.getByRole("row", { name: /Refunded by the processor|Refunded.*refunds in flight/ }).first().waitFor();
  await page.getByRole("heading", { name: "Refunds", exact: true }).waitFor();
  await page.locator(".run-sum").getByText("$48.50").waitFor();
});

test("an authorised payment is captured in part, and another one is canceled", async () => {
  const first = await pay("visa", 9_900, { capture_method: "manual", description: "order 104219" });
  await go(`/payments/intents/${first.id}`);
  await page.getByRole("button", { name: "Capture", exact: true }).click();
  const amount = page.getByLabel("Amount in USD");
  await amount.fill("79");
  await page.getByText("The rest is released").waitFor();
  await page.getByRole("button", { name: /^Capture \$79\.00/ }).click();
  await page.locator(".run-facts").getByText("Captured").waitFor();
  await page.getByRole("row", { name: /Captured.*79\.00/ }).first().waitFor();
  const second = await pay("visa", 1_900, { capture_method: "manual" });
  await go(`/payments/intents/${second.id}`);
  await page.getByRole("button", { name: "Cancel", exact: true }).click();
  await page.getByRole("button", { name: /^Cancel \$19\.00/ }).click();
  await page.locator(".run-facts").getByText("Canceled").waitFor();
});

test("a payment without an answer is in doubt until a person closes it by evidence", async () => {
  const doubt = await pay("neverKnown", 7_725, { description: "order 104220" });
  expect(doubt.status).toBe("processing");
  made.doubt = doubt.id;
  await go("/payments");
  await page.getByRole("row", { name: /In doubt.*\$77\.25/ }).waitFor();
  await page.getByRole("navigation", { name: "Payments" }).getByRole("link", { name: "In doubt" }).click();
  await page.getByRole("row", { name: /In doubt.*\$77\.25/ }).waitFor();
  await screenshot(page, "payments-in-doubt");
  await page.getByRole("row", { name: /In doubt.*\$77\.25/ }).getByRole("link", { name: "Authorise" }).click();
  await page.getByText("Nothing is guessed").waitFor();
  await page.getByText("Not guessed: asked by our reference.").waitFor();
  await screenshot(page, "payment-in-doubt");
  await page.getByRole("button", { name: "Ask now" }).click();
  await page.getByText("The processor doesn’t say yet.").waitFor();
  await page.getByRole("button", { name: "Close by evidence" }).click();
  await page.getByLabel("What became of it").selectOption("succeeded");
  await page.getByLabel("The processor’s own id").fill("sim_77213");
  await page.getByLabel("Evidence").fill("The processor's support, ticket 5521");
  await page.getByRole("button", { name: "Close the doubt" }).click();
  await page.locator(".run-facts").getByText("Captured").waitFor();
  await page.getByText("ticket 5521").waitFor();
  await go("/payments/in-doubt");
  await page.getByText("Nothing is in doubt").waitFor();
});

test("payments are found by state and by what people know of them", async () => {
  await pay("chargeDeclinedInsufficientFunds", 3_100, { description: "order 104221" });
  await go("/payments");
  await page.getByRole("row", { name: /Declined.*\$31\.00/ }).waitFor();
  const find = page.getByLabel("Find by description or reference");
  await find.fill("104219");
  await find.press("Enter");
  await expect.poll(() => page.locator("tr[data-row]").count()).toBe(1);
  await find.fill("");
  await find.press("Enter");
  await page.getByRole("group", { name: "State" }).getByRole("button", { name: "Canceled" }).click();
  await expect.poll(() => page.locator("tr[data-row]").count()).toBe(1);
  expect(new URL(page.url()).searchParams.get("state")).toBe("canceled");
});

test("a day is settled, and its batch leads to each payment and to the bank's line", async () => {
  await go("/payments/batches");
  await page.getByText("No batch yet").waitFor();
  await page.getByRole("button", { name: "Settle a day" }).click();
  await page.getByRole("button", { name: "Settle the day" }).click();
  await page.getByRole("row", { name: /With the bank.*Kestrel Outdoor US/ }).waitFor();
  await page.getByRole("link", { name: "Kestrel Outdoor US" }).click();
  await page.getByRole("heading", { name: "Sums that must agree" }).or(page.getByRole("region", { name: "Sums that must agree" })).first().waitFor();
  await expect.poll(() => page.locator(".drift").allTextContents()).toEqual(["differs by 0.00"]);
  const [payout] = (await ninefold.call<{ items: { amount: number; reference: string; bank_file_id: string }[] }>("GET", "/payments/payouts")).items;
  const [download] = await Promise.all([page.waitForEvent("download"), page.getByRole("link", { name: "Bank file" }).first().click()]);
  expect(download.suggestedFilename()).toMatch(/\.ach$/);
  made.batch = new URL(page.url()).pathname;
  await page.getByRole("row", { name: /Refund/ }).getByRole("link").last().click();
  await page.getByRole("heading", { name: "$248.50 USD" }).waitFor();
  await page.getByRole("row", { name: /Cut-off, netted into the batch/ }).getByRole("link").click();
  await page.getByRole("heading", { name: /USD/ }).waitFor();
  expect(new URL(page.url()).pathname).toBe(made.batch);
  await go("/payments/statements");
  await page.getByText("No statement yet").waitFor();
  await page.locator('input[type="file"]').setInputFiles({ name: "statement.xml", mimeType: "text/xml", buffer: Buffer.from(statementOf([{ amount: -(payout?.amount ?? 0), reference: payout?.reference ?? "" }, { amount: 1_234, text: "GIFT" }])) });
  const pane = page.getByRole("complementary", { name: "Statement" });
  await pane.getByText("Matched", { exact: true }).waitFor();
  await pane.getByText("In suspense").waitFor();
  await go(made.batch);
  await page.locator(".run-facts").getByText("Paid").waitFor();
  await expect.poll(() => page.locator(".drift").allTextContents()).toEqual(["differs by 0.00", "differs by 0.00"]);
});

test("a day is compared, and a break is resolved by evidence", async () => {
  await pay("settledWrongAmount", 11_250, { description: "order 104222" });
  const day = today();
  await go(`/payments/reconciliation/${day}`);
  await page.getByRole("button", { name: "Compare", exact: true }).click();
  await page.getByRole("row", { name: /Amount.*112\.50/ }).waitFor();
  await page.getByRole("button", { name: /^Close / }).first().waitFor();
  expect(await page.getByRole("button", { name: /^Close \d/ }).isDisabled()).toBe(true);
  await page.getByRole("link", { name: "Amount" }).click();
  const pane = page.getByRole("complementary", { name: "Break" });
  await pane.getByText(/another amount than the ledger/).waitFor();
  await pane.getByRole("button", { name: "Resolve by evidence" }).click();
  await page.getByLabel("Evidence").fill("The processor corrects it tomorrow, ticket 5522");
  await page.getByRole("button", { name: "Resolve the break" }).click();
  await pane.getByText("ticket 5522").waitFor();
  await go("/payments/breaks");
  await page.getByRole("row", { name: /On the statement only/ }).waitFor();
  await page.getByRole("link", { name: "On the statement only" }).click();
  await pane.getByText("The money is in suspense").waitFor();
});

test("the ledger is verified, and says what proves it", async () => {
  await go("/payments/ledger");
  await page.getByText("debits equal credits").first().waitFor();
  await page.getByRole("button", { name: "Verify the ledger" }).click();
  await page.getByText("Every entry was verified.").waitFor();
});

test("without a connection, reading goes on and nothing can be changed", async () => {
  await go(`/payments/intents/${made.captured}`);
  await page.getByRole("button", { name: "Refund" }).waitFor();
  network.cut();
  await page.getByText("Reconnecting.", { exact: true }).waitFor();
  expect(await page.getByRole("button", { name: "Refund" }).isDisabled()).toBe(true);
  await page.getByRole("heading", { name: "$248.50 USD" }).waitFor();
  network.restore();
  await page.getByText("Reconnecting.", { exact: true }).waitFor({ state: "detached" });
  await expect.poll(() => page.getByRole("button", { name: "Refund" }).isEnabled()).toBe(true);
});

test("the pages are accessible in both themes, wide and on a phone", async () => {
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, storageState: await context.storageState() });
  const narrow = await open(phone);
  for (const path of ["/payments", `/payments/intents/${made.captured}`, "/payments/in-doubt", "/payments/merchants", "/payments/ledger", "/payments/batches", made.batch, "/payments/breaks?state=all", "/payments/reconciliation", `/payments/reconciliation/${today()}`, "/payments/statements"]) {
    for (const [of, colorScheme] of [[page, "light"], [narrow, "dark"]] as const) {
      await of.emulateMedia({ colorScheme });
      await of.goto(network.url + path);
      await of.locator("h1").first().waitFor();
      expect(await faultsOf(of), `${path} ${colorScheme}`).toEqual([]);
    }
  }
  await phone.close();
});

/** Each page, for the docs and for looking at: light, dark, and on a phone. */
test("the pages have pictures", async () => {
  if (!SCREENSHOTS) return;
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, storageState: await context.storageState() });
  const narrow = await open(phone);
  const day = today();
  const merchantId = (await ninefold.call<{ items: { merchant_id: string }[] }>("GET", "/payments/merchants")).items[0]?.merchant_id;
  const pictures: Readonly<Record<string, string>> = {
    payments: "/payments",
    payment: `/payments/intents/${made.captured}`,
    "payments-merchant": `/payments/merchants/${merchantId}`,
    "payments-batch": made.batch,
    "payments-batches": "/payments/batches",
    "payments-break": "/payments/breaks",
    reconciliation: `/payments/reconciliation/${day}`,
    "payments-ledger": "/payments/ledger",
    "payments-statements": "/payments/statements",
  };
  for (const [name, path] of Object.entries(pictures)) {
    for (const [of, suffix] of [[page, ""], [narrow, "-phone"]] as const) {
      for (const scheme of ["light", "dark"] as const) {
        await of.emulateMedia({ colorScheme: scheme });
        await of.goto(network.url + path);
        await of.locator("h1").first().waitFor();
        await of.locator("[aria-busy], .skeleton").first().waitFor({ state: "detached" });
        await of.waitForTimeout(500);
        await screenshot(of, `${name}${suffix}-${scheme}`);
      }
    }
  }
  await phone.close();
});

test("nothing was wrong on the way", () => {
  expect(complaints).toEqual([]);
});

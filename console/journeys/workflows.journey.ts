// What a person does with the pages of workflows, in a real browser, against a real Ninefold and real pushes.

import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContext, type Locator, type Page } from "playwright-core";
import { afterAll, beforeAll, expect, test } from "vitest";

import { Network, Ninefold, SHOWN_MS_MAX } from "./ninefold";
import { faultsOf } from "./payments_shop";
import { ciWorkflow, DEPLOY_WORKFLOW, GPU_WORKFLOW, WorkingCopy } from "./workflows_repository";

const ROOT = join(import.meta.dirname, "../..");
/** Where screenshots go, if they are wanted. */
const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];

const ninefold = new Ninefold({ NINEFOLD_WORKFLOWS_RUNNER_ISOLATION: "none" });
const network = new Network();
const copy = new WorkingCopy();
let browser: Browser;
let context: BrowserContext;
let page: Page;
const complaints: string[] = [];
/** What the journey comes back to. */
const made = { repository: "", run: "", failed: "" };

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
  await page.getByRole("link", { name: "Workflows" }).first().waitFor();
});

afterAll(async () => {
  await browser?.close();
  await ninefold.remove();
  copy.remove();
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

async function screenshot(of: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await of.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

async function go(path: string): Promise<void> {
  await page.goto(network.url + path);
}

/** The path of the page, without what is after it. */
function path(): string {
  return new URL(page.url()).pathname;
}

const lines = (): Locator => page.locator(".log-line");
/** A line of the log with exactly this text. */
const line = (text: string): Locator => page.locator(".log-line code").getByText(text, { exact: true });

test("the first steps lead from a repository to a push, and its run appears at once", async () => {
  await page.getByRole("link", { name: "Workflows" }).first().click();
  await page.getByRole("heading", { name: "Run your first workflow" }).waitFor();
  await screenshot(page, "workflows-first-steps");
  await page.getByRole("button", { name: "Create a repository" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("storefront");
  await dialog.getByRole("button", { name: "Create the repository" }).click();
  await page.getByRole("heading", { name: /storefront is here/ }).waitFor();
  const [repository] = (await ninefold.call<{ items: { repository_id: string; clone_url: string }[] }>("GET", "/workflows/repositories")).items;
  made.repository = repository?.repository_id ?? "";
  await page.getByText(`git remote add ninefold ${repository?.clone_url}`).waitFor();
  copy.commit("checkout: round the tax once, on the total", {
    ".github/workflows/ci.yml": ciWorkflow(copy),
    ".github/workflows/deploy.yml": DEPLOY_WORKFLOW,
    ".github/workflows/train.yml": GPU_WORKFLOW,
    ".github/workflows/broken.yml": "on: push\njobs:\n  one:\n    runs-on: ubuntu-latest\n    stepz: []\n",
  });
  copy.push(repository?.clone_url ?? "", ninefold.apiKey);
  await page.getByRole("row", { name: /checkout: round the tax once.*CI #1.*main/ }).waitFor();
});

test("a run shows its jobs as they go on, and what each of them waits for", async () => {
  await page.getByRole("row", { name: /CI #1/ }).getByRole("link").first().click();
  await page.getByRole("heading", { name: "checkout: round the tax once, on the total" }).waitFor();
  made.run = path();
  const jobs = page.getByRole("region", { name: "Jobs" });
  await jobs.getByRole("link", { name: /Succeeded lint/ }).waitFor();
  await jobs.getByRole("link", { name: /Running test \(16\)/ }).waitFor();
  await jobs.getByRole("link", { name: /Waiting package for/ }).waitFor();
  await page.locator(".run-facts").getByText("Running").waitFor();
  await page.getByText(/of 4 ended/).waitFor();
});

test("the log follows the process, in its colours, until somebody scrolls up", async () => {
  await page.getByRole("link", { name: /test \(16\)/ }).click();
  await line("collected 212 items").waitFor();
  expect(await page.locator(".a-green").first().textContent()).toBe("are ready");
  await page.getByRole("button", { name: "Install", exact: true }).waitFor();
  copy.open("first");
  await line("the first gate is open").waitFor();
  await page.getByText(/^Following, \d+\.\d\d s behind the process/).waitFor();
  await screenshot(page, "workflow-run-live");
  copy.open("test");
  await line("tests/test_300.py passed").waitFor();
  await page.locator(".log-line.is-warning").getByText("test_tax took 9 seconds").waitFor();
});

test("a run that has ended shows what it has left behind", async () => {
  await page.locator(".run-facts").getByText("Succeeded").waitFor();
  await page.getByRole("link", { name: /Succeeded package/ }).waitFor();
  await page.getByRole("link", { name: "2 warnings" }).click();
  await page.getByText("Slow test").first().waitFor();
  await page.getByText("tests/test_tax.py:12").first().waitFor();
  await page.getByRole("heading", { name: "212 tests passed" }).first().waitFor();
  await screenshot(page, "workflow-run-notes");
  await page.getByRole("link", { name: "test (16)" }).first().click();
  await page.getByRole("list", { name: "Steps" }).waitFor();
});

test("a text is found in the log, and a line has an address that leads back to it", async () => {
  await page.getByRole("button", { name: /Succeeded: Run the tests/ }).waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("test_222.py");
  await page.getByText("1 of 1").waitFor();
  expect(await page.locator("mark").first().textContent()).toBe("test_222.py");
  await page.keyboard.press("Escape");
  await lines().filter({ hasText: "test_222.py" }).locator(".log-number").click();
  await page.waitForURL(/#L\d+$/);
  await page.reload();
  await page.locator(".log-line.is-chosen").getByText("test_222.py").waitFor();
  await lines().filter({ hasText: "test_224.py" }).locator(".log-number").click({ modifiers: ["Shift"] });
  await page.waitForURL(/#L\d+-L\d+$/);
  await expect.poll(() => page.locator(".log-line.is-chosen").count()).toBe(3);
});

test("groups and steps fold, and the arrow keys go through the graph", async () => {
  await go(`${made.run}?job=test.0#step:2`);
  const group = page.getByRole("button", { name: "Install", exact: true });
  await group.click();
  await line("package 40").waitFor();
  await group.click();
  await line("package 40").waitFor({ state: "detached" });
  await page.getByRole("link", { name: /Succeeded lint/ }).focus();
  await page.keyboard.press("ArrowRight");
  await page.keyboard.press("ArrowRight");
  await expect.poll(() => page.evaluate(() => document.activeElement?.textContent ?? "")).toContain("package");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "package", exact: true }).waitFor();
});

test("a workflow that can't be read says where, and another one asks for its inputs", async () => {
  await go(`/workflows/repositories/${made.repository}`);
  await page.getByText("Unexpected value 'stepz'").waitFor();
  await screenshot(page, "workflows-repository");
  await page.getByRole("button", { name: "Run Deploy" }).click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Where it goes").selectOption("production");
  expect(await dialog.getByLabel("Only say what would be done").isChecked()).toBe(true);
  await dialog.getByLabel("replicas").fill("many");
  await dialog.getByText("A number, such as 42 or 1.5.").waitFor();
  await dialog.getByLabel("replicas").fill("5");
  await dialog.getByLabel("The version").fill("broken");
  await screenshot(page, "workflows-dispatch");
  await dialog.getByRole("button", { name: "Run the workflow" }).click();
  await page.getByRole("heading", { name: "Deploy broken to production" }).waitFor();
  await page.locator(".run-facts").getByText("Failed").waitFor();
  made.failed = path();
});

test("a failed job opens at its error, and runs again with debug lines as another attempt", async () => {
  await go(made.failed);
  await page.locator(".log-line.is-error").getByText("There is no version broken").waitFor();
  await line("broken to production, 5 replicas, dry run true").waitFor();
  await page.keyboard.press("r");
  const dialog = page.getByRole("dialog");
  await dialog.getByText("With debug lines").click();
  await dialog.getByRole("button", { name: "Re-run 1 failed job" }).click();
  await page.getByText("Attempt 2 has begun.").waitFor();
  await page.locator(".run-facts").getByText("attempt 2 of 2").waitFor();
  await page.locator(".run-facts").getByText("Failed").waitFor();
  await page.getByRole("link", { name: "Attempt 1" }).click();
  await page.locator(".run-facts").getByText("attempt 1 of 2").waitFor();
  await page.locator(".log-line.is-error").getByText("There is no version broken").waitFor();
});

test("secrets are set and never shown again; variables are", async () => {
  await go(`/workflows/repositories/${made.repository}?part=values`);
  await page.getByRole("button", { name: "New secret" }).click();
  let dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("npm_token");
  await dialog.getByLabel("Value").fill("a value that nobody sees");
  await dialog.getByRole("button", { name: "Set the secret" }).click();
  await page.getByRole("row", { name: /NPM_TOKEN/ }).waitFor();
  await page.getByRole("button", { name: "New variable" }).click();
  dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill("REGION");
  await dialog.getByLabel("Value").fill("eu-central-1");
  await dialog.getByRole("button", { name: "Set the variable" }).click();
  await page.getByRole("row", { name: /REGION eu-central-1/ }).waitFor();
  expect(await page.content()).not.toContain("a value that nobody sees");
  await screenshot(page, "workflows-values");
  await page.getByRole("button", { name: "Delete NPM_TOKEN" }).click();
  await page.getByRole("button", { name: /^Delete the secret/ }).click();
  await page.getByRole("row", { name: /NPM_TOKEN/ }).waitFor({ state: "detached" });
});

test("the overview, the palette and the rail know of workflows", async () => {
  await page.getByRole("link", { name: /Workflows 2 failed runs/ }).waitFor();
  await page.keyboard.press("ControlOrMeta+k");
  await page.getByRole("combobox").fill("storefront");
  await page.getByRole("option", { name: /storefront repository/ }).click();
  await page.getByRole("heading", { name: "default/storefront" }).waitFor();
  await go("/");
  await page.getByRole("link", { name: /Latest run Failed Deploy #1/ }).waitFor();
});

test("the queue says why a job waits, and its run is canceled", async () => {
  await ninefold.call("POST", `/workflows/repositories/${made.repository}/dispatches`, { workflow: "train.yml", ref: "main" });
  await go("/workflows/queue");
  const row = page.getByRole("row", { name: /train.*storefront, Train #1.*Labels/ });
  await row.waitFor();
  await screenshot(page, "workflows-queue");
  await row.getByRole("link", { name: "train" }).click();
  await page.getByRole("button", { name: "Cancel the run" }).click();
  await page.getByRole("dialog").getByRole("button", { name: /^Cancel the run/ }).click();
  await page.locator(".run-facts").getByText("Canceled", { exact: true }).waitFor();
});

test("runners are listed, and another one is added with a command", async () => {
  await go("/workflows/runners");
  await page.getByRole("row", { name: /Online|Busy/ }).first().waitFor();
  await page.keyboard.press("n");
  await page.getByRole("button", { name: "Create a token" }).click();
  await page.getByText("ninefold runner --url").waitFor();
  await page.getByRole("button", { name: "Done" }).click();
  await screenshot(page, "workflows-runners");
});

test("runs are found by their state, workflow and branch", async () => {
  await go("/workflows");
  await page.getByRole("row", { name: /Deploy broken to production/ }).waitFor();
  await page.getByRole("button", { name: "Succeeded" }).click();
  await page.getByRole("row", { name: /Deploy broken/ }).waitFor({ state: "detached" });
  await page.getByRole("row", { name: /CI #1/ }).waitFor();
  await page.getByRole("button", { name: "All", exact: true }).click();
  await page.getByLabel("Branch").fill("next");
  await page.keyboard.press("Enter");
  await page.getByRole("heading", { name: "No run matches" }).waitFor();
  await page.getByRole("link", { name: "Show all" }).click();
  await page.getByLabel("Repository", { exact: true }).selectOption(made.repository);
  await page.getByLabel("Workflow", { exact: true }).selectOption({ label: "Deploy" });
  await page.getByRole("row", { name: /CI #1/ }).waitFor({ state: "detached" });
  await page.getByRole("row", { name: /Deploy broken/ }).waitFor();
  await screenshot(page, "workflows-runs");
});

test("a log that was cut off from the server goes on without a gap", async () => {
  copy.commit("basket: merge lines of one product", {
    ".github/workflows/ci.yml": `name: CI
on: [push, workflow_dispatch]
jobs:
  count:
    runs-on: ubuntu-latest
    steps:
      - run: |
          echo "begun"
          ${copy.wait("count")}
          for n in $(seq 1 2000); do echo "counted $n"; done
          ${copy.wait("end")}
`,
  });
  copy.push((await ninefold.call<{ clone_url: string }>("GET", `/workflows/repositories/${made.repository}`)).clone_url, ninefold.apiKey);
  await go("/workflows");
  await page.getByRole("row", { name: /basket: merge lines/ }).getByRole("link").first().click();
  await line("begun").waitFor();
  network.cut();
  await page.getByText("Reconnecting.", { exact: true }).waitFor();
  expect(await page.getByRole("button", { name: "Cancel the run" }).isDisabled()).toBe(true);
  copy.open("count");
  network.restore();
  await page.getByText("Reconnecting.", { exact: true }).waitFor({ state: "detached" });
  await line("counted 2000").waitFor();
  await page.keyboard.press("/");
  await page.keyboard.type("counted 1");
  await page.getByText("of 1,111").waitFor();
  copy.open("end");
  await page.locator(".run-facts").getByText("Succeeded").waitFor();
});

const PAGES = (): readonly string[] => [
  "/workflows",
  made.run,
  `${made.run}?view=notes`,
  made.failed,
  "/workflows/repositories",
  `/workflows/repositories/${made.repository}`,
  `/workflows/repositories/${made.repository}?part=values`,
  `/workflows/repositories/${made.repository}?part=settings`,
  "/workflows/queue",
  "/workflows/runners",
  "/workflows/values",
];

test("the pages are accessible in both themes, wide and on a phone", async () => {
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, storageState: await context.storageState() });
  const narrow = await open(phone);
  for (const each of PAGES()) {
    for (const [of, colorScheme] of [[page, "light"], [narrow, "dark"]] as const) {
      await of.emulateMedia({ colorScheme });
      await of.goto(network.url + each);
      await of.locator("h1").first().waitFor();
      await of.locator("[aria-busy], .skeleton").first().waitFor({ state: "detached" });
      expect(await faultsOf(of), `${each} ${colorScheme}`).toEqual([]);
    }
  }
  await phone.close();
});

/** Each page, for the docs and for looking at: light, dark, and on a phone. */
test("the pages have pictures", async () => {
  if (!SCREENSHOTS) return;
  const phone = await browser.newContext({ viewport: { width: 390, height: 844 }, storageState: await context.storageState() });
  const narrow = await open(phone);
  for (const [index, each] of PAGES().entries()) {
    for (const [of, suffix] of [[page, ""], [narrow, "-phone"]] as const) {
      for (const scheme of ["light", "dark"] as const) {
        await of.emulateMedia({ colorScheme: scheme });
        await of.goto(network.url + each);
        await of.locator("h1").first().waitFor();
        await of.locator("[aria-busy], .skeleton").first().waitFor({ state: "detached" });
        await of.waitForTimeout(500);
        await screenshot(of, `workflows-${index}${suffix}-${scheme}`);
      }
    }
  }
  await phone.close();
});

test("nothing was wrong on the way", () => {
  expect(complaints).toEqual([]);
});

// Two people in browsers of their own, at one Ninefold with messaging, each behind a network that can be cut.

import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

import { chromium, type Browser, type BrowserContextOptions, type Locator, type Page } from "playwright-core";
import { expect } from "vitest";

import { Network, Ninefold, SHOWN_MS_MAX } from "./ninefold";

const ROOT = join(import.meta.dirname, "../..");
const AXE = readFileSync(join(import.meta.dirname, "../node_modules/axe-core/axe.min.js"), "utf8");
const PASSWORD = "a sentence that only one knows";
/** Where screenshots go, if they are wanted. */
export const SCREENSHOTS = process.env["NINEFOLD_SCREENSHOTS"];

export type Who = "ines" | "mara";
const NAMES: Readonly<Record<Who, string>> = { ines: "Ines Carvalho", mara: "Mara Lindqvist" };

export class People {
  readonly ninefold = new Ninefold();
  readonly networks = { ines: new Network(), mara: new Network() };
  readonly pages = {} as Record<Who, Page>;
  readonly complaints: string[] = [];
  #browser: Browser | undefined;
  generalId = "";

  /** Start everything, sign both in, and open the channel `general`. */
  async start(): Promise<void> {
    const executablePath = execFileSync(join(ROOT, "scripts/chromium")).toString().trim();
    [this.#browser] = await Promise.all([chromium.launch({ executablePath, args: ["--no-sandbox"] }), this.ninefold.start()]);
    for (const who of ["ines", "mara"] as const) {
      await this.networks[who].start(this.ninefold.port);
      this.pages[who] = await this.open();
    }
    await this.#signUp();
    for (const page of Object.values(this.pages)) {
      await page.getByRole("link", { name: "Messaging" }).click();
      await page.getByLabel("Write to general").waitFor();
    }
    this.generalId = this.pages.ines.url().split("/").at(-1) ?? "";
  }

  async stop(): Promise<void> {
    await this.#browser?.close();
    await this.ninefold.remove();
  }

  /** A page in a browser of its own. */
  async open(options: BrowserContextOptions = {}): Promise<Page> {
    const context = await this.#browser!.newContext({ viewport: { width: 1440, height: 900 }, ...options });
    const page = await context.newPage();
    page.setDefaultTimeout(SHOWN_MS_MAX);
    page.on("pageerror", (error) => this.complaints.push(error.stack ?? error.message));
    page.on("console", (message) => {
      if (message.text().includes("Content Security Policy")) this.complaints.push(message.text());
    });
    return page;
  }

  async #signUp(): Promise<void> {
    const { ines, mara } = this.pages;
    await ines.goto(`${this.networks.ines.url}/setup#${this.ninefold.setUpToken}`);
    await ines.getByLabel("Name").fill(NAMES.ines);
    await ines.getByLabel("Mail address").fill("ines@example.com");
    await ines.getByLabel("Password").fill(PASSWORD);
    await ines.getByRole("button", { name: "Create the account" }).click();
    await ines.getByRole("link", { name: "Messaging" }).waitFor();
    const { url } = await this.ninefold.call<{ url: string }>("POST", "/invitations", { email: "mara@example.com", role: "developer" });
    await mara.goto(this.networks.mara.url + new URL(url).pathname + new URL(url).hash);
    await mara.getByLabel("Name").fill(NAMES.mara);
    await mara.getByLabel("Password").fill(PASSWORD);
    await mara.getByRole("button", { name: /^Join/ }).click();
    await mara.getByRole("link", { name: "Messaging" }).waitFor();
  }

  /** Pull the cable of somebody: open connections break, and there are no new ones. */
  async cut(who: Who): Promise<void> {
    this.networks[who].cut();
    await this.pages[who].getByText("Reconnecting.", { exact: true }).waitFor();
  }

  restore(who: Who): void {
    this.networks[who].restore();
  }
}

/** Write a message and send it. */
export async function write(page: Page, text: string, label: string | RegExp = /^Write to/): Promise<void> {
  const field = page.getByRole("textbox", { name: label });
  await field.fill(text);
  await field.press("Enter");
}

/** The rows of the channel, or of the thread. */
export function messages(page: Page, log = "Messages"): Locator {
  return page.getByRole("log", { name: log }).locator("article.message");
}

/** The message with a text. */
export function message(page: Page, text: string, log = "Messages"): Locator {
  return messages(page, log).filter({ hasText: text });
}

/** The texts that are committed, as a page shows them. */
export async function committed(page: Page): Promise<string[]> {
  return messages(page).and(page.locator("[data-sequence]")).locator(".message-main > p:not(.receipt, .message-note, .reactions)").allInnerTexts();
}

/** Check that axe-core finds nothing on a page. */
export async function expectAccessible(page: Page): Promise<void> {
  await page.evaluate(AXE);
  const found = await page.evaluate(async () => {
    const { axe } = window as unknown as { axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string; failureSummary: string }[] }[] }> } };
    const { violations } = await axe.run();
    return violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html} ${nodes[0]?.failureSummary}`);
  });
  expect(found).toEqual([]);
}

export async function picture(page: Page, name: string): Promise<void> {
  if (!SCREENSHOTS) return;
  mkdirSync(SCREENSHOTS, { recursive: true });
  await page.waitForTimeout(400);
  await page.screenshot({ path: join(SCREENSHOTS, `${name}.png`) });
}

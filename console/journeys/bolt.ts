// An app of Slack's framework that is connected to a Ninefold, in a process of its own.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

import type { Ninefold } from "./ninefold";

const ROOT = join(import.meta.dirname, "../..");
const CONNECTED_MS_MAX = 60_000;

interface CreatedApp {
  readonly app_id: string;
  readonly bot_token: string;
  readonly app_token: string;
}

export class BoltApp {
  #process: ChildProcess | undefined;
  #created: CreatedApp | undefined;

  get appId(): string {
    return this.#created?.app_id ?? "";
  }

  /** Create the app, and connect it. */
  async start(ninefold: Ninefold, settings: { name: string; commands: readonly string[] }): Promise<void> {
    this.#created = await ninefold.call<CreatedApp>("POST", "/messaging/apps", settings);
    await this.connect(ninefold);
  }

  async connect(ninefold: Ninefold): Promise<void> {
    const { bot_token: BOT_TOKEN = "", app_token: APP_TOKEN = "" } = this.#created ?? {};
    const env = { ...process.env, BOT_TOKEN, APP_TOKEN, API_URL: `${ninefold.url}/slack/api/` };
    const begun = spawn(join(ROOT, ".venv/bin/python"), [join(ROOT, "tests/bolt_deploy_app.py")], { env });
    this.#process = begun;
    let printed = "";
    begun.stderr.on("data", (text: Buffer) => (printed += text.toString()));
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`The app isn't connected:\n${printed}`)), CONNECTED_MS_MAX);
      begun.stdout.on("data", (text: Buffer) => text.toString().includes("connected") && resolve(clearTimeout(timer)));
      begun.once("exit", () => reject(new Error(`The app has ended:\n${printed}`)));
    });
  }

  async stop(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null || this.#process.signalCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGKILL");
    await ended;
  }
}

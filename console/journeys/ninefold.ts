// A real Ninefold for the journeys: `ninefold up` with a data folder of its own, and receivers on this machine.

import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer, type Server } from "node:http";
import { connect, createServer as createTcpServer, type AddressInfo, type Socket } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";

const PYTHON = join(import.meta.dirname, "../../.venv/bin/python");
const READY_MS_MAX = 90_000;

/** How long a page may take to show something, for a busy machine: what is there is found at once. */
export const SHOWN_MS_MAX = 60_000;

export class Ninefold {
  readonly #folder = mkdtempSync(join(tmpdir(), "ninefold-journey-"));
  #process: ChildProcess | undefined;
  #printed = "";
  port = 0;

  /** With settings of its own. */
  constructor(readonly settings: Readonly<Record<string, string>> = {}) {}

  get url(): string {
    return `http://127.0.0.1:${this.port}`;
  }

  /** The API key that the first start printed. */
  get apiKey(): string {
    return /nfk_\S+/.exec(this.#printed)?.[0] ?? "";
  }

  /** The secret of the link for the first account. */
  get setUpToken(): string {
    return /setup#(\S+)/.exec(this.#printed)?.[1] ?? "";
  }

  async start(): Promise<void> {
    this.port ||= await freePort();
    const begun = spawn(PYTHON, ["-m", "ninefold", "up"], {
      env: {
        ...process.env,
        NINEFOLD_DATA_DIR: this.#folder,
        NINEFOLD_PORT: String(this.port),
        NINEFOLD_WORKERS: "1",
        NINEFOLD_EGRESS_ALLOW: "127.0.0.0/8",
        ...this.settings,
      },
    });
    this.#process = begun;
    begun.stdout.on("data", (text: Buffer) => (this.#printed += text.toString()));
    let errors = "";
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(() => reject(new Error(`Ninefold isn't ready:\n${errors}`)), READY_MS_MAX);
      begun.stderr.on("data", (text: Buffer) => {
        errors += text.toString();
        if (errors.includes("listens on")) resolve(clearTimeout(timer));
      });
      begun.once("exit", () => reject(new Error(`Ninefold has ended:\n${errors}`)));
    });
  }

  async stop(): Promise<void> {
    if (!this.#process || this.#process.exitCode !== null) return;
    const ended = once(this.#process, "exit");
    this.#process.kill("SIGINT");
    await ended;
  }

  async remove(): Promise<void> {
    await this.stop();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  async call<T>(method: string, path: string, body?: unknown): Promise<T> {
    const response = await fetch(`${this.url}/api/v1${path}`, {
      method,
      headers: { Authorization: `Bearer ${this.apiKey}`, "Content-Type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!response.ok) throw new Error(`${method} ${path}: ${await response.text()}`);
    return (response.status === 204 ? undefined : await response.json()) as T;
  }

  #published = 0;

  publish(eventType: string): Promise<{ event_id: string }> {
    this.#published += 1;
    const payload = { order: 104_000 + this.#published };
    return this.call("POST", "/events", { event_type: eventType, payload, idempotency_key: `journey-${this.#published}` });
  }
}

/** A receiver whose answers can be changed, and held back. */
export class Receiver {
  /** What it answers to events of these types; to all others it answers 204. */
  readonly refused = new Map<string, number>();
  readonly #held = new Map<string, { readonly released: Promise<void>; readonly release: () => void }>();
  readonly #received: string[] = [];
  #server: Server | undefined;

  async start(): Promise<string> {
    this.#server = createServer((request, response) => {
      const eventType = String(request.headers["x-webhook-event-type"]);
      this.#received.push(eventType);
      const answer = (): unknown => {
        const status = this.refused.get(eventType) ?? 204;
        return response.writeHead(status, { "content-type": "application/json" }).end(status < 300 ? "" : '{"error": "down"}');
      };
      request.resume().on("end", () => void Promise.resolve(this.#held.get(eventType)?.released).then(answer));
    }).listen(0, "127.0.0.1");
    await once(this.#server, "listening");
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/`;
  }

  /** How many requests with events of this type have come. */
  count(eventType: string): number {
    return this.#received.filter((each) => each === eventType).length;
  }

  /** Hold back the answers to events of this type, from now on. Returns what lets them go. */
  hold(eventType: string): () => void {
    let resolve = (): void => undefined;
    const released = new Promise<void>((resolved) => (resolve = resolved));
    const held = { released, release: resolve };
    this.#held.set(eventType, held);
    return () => {
      if (this.#held.get(eventType) === held) this.#held.delete(eventType);
      resolve();
    };
  }

  /** Take everything again, also what is held back. */
  recover(): void {
    this.refused.clear();
    for (const { release } of this.#held.values()) release();
    this.#held.clear();
  }

  stop(): void {
    this.#server?.close();
    this.#server?.closeAllConnections();
  }
}

/** The network between a browser and the server, which can be cut. */
export class Network {
  #isCut = false;
  readonly #sockets = new Set<Socket>();
  url = "";

  async start(port: number): Promise<void> {
    const server = createTcpServer((near) => {
      if (this.#isCut) return near.destroy();
      const far = connect(port, "127.0.0.1");
      for (const [socket, other] of [[near, far], [far, near]] as const) {
        this.#sockets.add(socket);
        socket.on("error", () => other.destroy());
        socket.on("close", () => this.#sockets.delete(socket) && other.destroy());
        socket.pipe(other);
      }
      return undefined;
    }).listen(0, "127.0.0.1");
    server.unref();
    await once(server, "listening");
    this.url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  cut(): void {
    this.#isCut = true;
    for (const socket of this.#sockets) socket.destroy();
  }

  restore(): void {
    this.#isCut = false;
  }
}

async function freePort(): Promise<number> {
  const server = createTcpServer().listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  server.close();
  return port;
}

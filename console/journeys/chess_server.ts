// A server that commits moves as Ninefold does, for one game, with what a real one can't be made to do at the right moment:
// lose an answer after the commit, and send entries twice and in another order.

import { readFileSync } from "node:fs";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { once } from "node:events";
import type { AddressInfo } from "node:net";
import { extname, join } from "node:path";

import { Chess } from "chess.js";
import type { WebSocketRoute } from "playwright-core";

const BUILT = join(import.meta.dirname, "../../src/ninefold/console");
const TYPES: Readonly<Record<string, string>> = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".svg": "image/svg+xml" };
/** As the console's own (`core/web/console.py`). */
const CONTENT_SECURITY_POLICY =
  "default-src 'none'; script-src 'self'; style-src 'self'; font-src 'self'; img-src 'self' data:; connect-src 'self'; base-uri 'none'";
export const GAME_ID = "game_01h455vb4pex5vsknk084sn02q";

export type Who = "white" | "black" | "watcher";
interface LogEntry {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly [field: string]: unknown;
}
interface Listener {
  readonly who: Who;
  readonly socket: WebSocketRoute;
  isSubscribed: boolean;
}

export class ChessServer {
  readonly log: LogEntry[] = [{ sequence: 1, type: "started", at: now() }];
  /** How many times each id of a move was received. */
  readonly received = new Map<string, number>();
  /** How often the game was read. */
  reads = 0;
  /** How many of the next answers to moves are lost after their commit. */
  answersToLose = 0;
  /** Whether entries are sent twice, the newer one first. */
  isDisordered = false;
  readonly #chess = new Chess();
  readonly #initialFen = this.#chess.fen();
  readonly #answers = new Map<string, unknown>();
  readonly #servers: Server[] = [];
  readonly #listeners = new Set<Listener>();
  readonly #cut = new Set<Who>();

  /** Listen for one of those who look, and return the port. */
  async listen(who: Who): Promise<number> {
    const server = createServer((request, response) => void this.#answer(who, request, response)).listen(0, "127.0.0.1");
    this.#servers.push(server);
    await once(server, "listening");
    return (server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const server of this.#servers) {
      server.close();
      server.closeAllConnections();
    }
  }

  /** Break the live connections of somebody, and refuse new ones until `restore`. */
  cut(who: Who): void {
    this.#cut.add(who);
    for (const listener of this.#listeners) if (listener.who === who) void listener.socket.close();
  }

  restore(who: Who): void {
    this.#cut.delete(who);
  }

  get sans(): string[] {
    return this.log.filter((entry) => entry.type === "move").map((entry) => entry["san"] as string);
  }

  /** Speak Centrifuge's protocol, as far as the page needs it. */
  connect(who: Who, socket: WebSocketRoute): void {
    if (this.#cut.has(who)) return void socket.close();
    const listener: Listener = { who, socket, isSubscribed: false };
    this.#listeners.add(listener);
    socket.onClose(() => this.#listeners.delete(listener));
    socket.onMessage((text) => {
      for (const line of String(text).split("\n")) this.#command(listener, JSON.parse(line) as Command);
    });
  }

  #command(listener: Listener, command: Command): void {
    const reply = (result: object): void => listener.socket.send(JSON.stringify({ id: command.id, ...result }));
    if (command.connect) reply({ connect: { client: listener.who, version: "1", ping: 25, pong: true } });
    if (!command.subscribe) return;
    const { channel, recover = false, offset = 0 } = command.subscribe;
    if (!channel.startsWith("chess.game:")) return reply({ subscribe: { recoverable: true, epoch: "e", offset: 0, positioned: true } });
    listener.isSubscribed = true;
    const missed = recover ? this.log.filter((entry) => entry.sequence > offset) : [];
    const publications = missed.map((entry) => ({ offset: entry.sequence, data: entry }));
    const position = { recoverable: true, positioned: true, epoch: "e", offset: this.log.length };
    reply({ subscribe: { ...position, publications, was_recovering: recover, recovered: recover } });
  }

  #append(type: string, fields: object): void {
    this.log.push({ sequence: this.log.length + 1, type, at: now(), ...fields });
    const last = this.log.slice(-1);
    const sent = this.isDisordered ? [...last, ...this.log.slice(-3).reverse(), ...last] : last;
    for (const listener of this.#listeners) {
      if (listener.isSubscribed) for (const entry of sent) listener.socket.send(JSON.stringify({ push: { channel: `chess.game:${GAME_ID}`, pub: { offset: entry.sequence, data: entry } } }));
    }
  }

  async #answer(who: Who, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? "", "http://server");
    if (!pathname.startsWith("/api/v1")) return pathname === "/healthz" || pathname === "/readyz" ? json(response, {}) : file(response, pathname);
    const path = pathname.slice("/api/v1".length);
    if (request.method === "POST" && path.endsWith("/moves")) {
      const answer = this.#play(who, JSON.parse(await text(request)) as NewMove);
      if (this.answersToLose > 0) {
        this.answersToLose -= 1;
        request.socket.destroy();
        return;
      }
      return json(response, answer);
    }
    if (path.endsWith("/presence")) return json(response, {});
    const known: Readonly<Record<string, () => unknown>> = {
      "/session": () => sessionOf(who),
      "/live/token": () => ({ token: "nlt_x" }),
      "/chess/me": () => playerOf(who),
      "/chess/challenges": () => ({ items: [] }),
      [`/chess/games/${GAME_ID}`]: () => this.#view(),
      [`/chess/games/${GAME_ID}/chat`]: () => ({ items: [] }),
    };
    const found = known[path];
    return found ? json(response, found()) : json(response, { status: 404, title: "Not found", detail: path, code: "not_found" }, 404);
  }

  #play(who: Who, move: NewMove): unknown {
    this.received.set(move.client_move_id, (this.received.get(move.client_move_id) ?? 0) + 1);
    const known = this.#answers.get(move.client_move_id);
    if (known) return known;
    const answer = this.#commit(who, move);
    this.#answers.set(move.client_move_id, answer);
    return answer;
  }

  #commit(who: Who, { ply, move, client_move_id }: NewMove): unknown {
    const turn = this.#chess.turn() === "w" ? "white" : "black";
    const rejected = (detail: string): unknown => ({ result: "rejected", reason: "refused", detail, sequence: this.log.length, at: now() });
    if (turn !== who || ply !== this.sans.length + 1) return rejected("It isn't your turn.");
    const played = this.#chess.move(move);
    this.#append("move", { ply, uci: move, san: played.san, clocks: CLOCKS, elapsed_ms: 1_000, claimed_lag_ms: 20, compensation_ms: 20, quota_ms: 3_000, client_move_id });
    const sequence = this.log.length;
    if (this.#chess.isCheckmate()) this.#append("ended", { winner: who, reason: "checkmate" });
    return { result: "committed", sequence, ply, clocks: CLOCKS, at: now() };
  }

  #view(): unknown {
    this.reads += 1;
    const moves = this.log.filter((entry) => entry.type === "move").map((entry) => ({ ...entry, clock_ms: 60_000, lag_ms: 20 }));
    const isOver = this.#chess.isCheckmate();
    const running = moves.length < 2 || isOver ? null : this.#chess.turn() === "w" ? "white" : "black";
    return {
      game_id: GAME_ID, short_id: "abcd1234", status: isOver ? "ended" : moves.length < 2 ? "created" : "running",
      winner: isOver ? "white" : null, reason: isOver ? "checkmate" : null, speed: "blitz", is_rated: false,
      clock: { limit_s: 180, increment_s: 2 }, initial_fen: this.#initialFen, fen: this.#chess.fen(), moves,
      white: playerOf("white"), black: playerOf("black"), clocks: { ...CLOCKS, running, at: now() },
      offers: { draw: null, takeback: null }, last_sequence: this.log.length, deadline_at: null, created_at: now(), started_at: null, ended_at: null,
      live_channel: `chess.game:${GAME_ID}`, chat_live_channel: `chess.chat:${GAME_ID}`, presence: { white: null, black: null },
    };
  }
}

interface Command {
  readonly id: number;
  readonly connect?: object;
  readonly subscribe?: { readonly channel: string; readonly recover?: boolean; readonly offset?: number };
}
interface NewMove {
  readonly ply: number;
  readonly move: string;
  readonly client_move_id: string;
}

const CLOCKS = { white_ms: 180_000, black_ms: 180_000 };

function now(): string {
  return new Date().toISOString();
}

function playerOf(who: Who): object {
  return { player_id: `plr_${who}`, name: who, is_bot: false, is_guest: false, rating: 1_500, is_provisional: true, rating_change: null, ratings: {} };
}

function sessionOf(who: Who): object {
  const organisations = [{ organisation_id: "org_1", name: "Kestrel Outdoor", role: "owner" }];
  return { csrf_token: "csrf", organisation_id: "org_1", role: "owner", account: { account_id: `acc_${who}`, name: who, email: `${who}@example.com` }, organisations };
}

function json(response: ServerResponse, value: unknown, status = 200): void {
  response.writeHead(status, { "content-type": "application/json" }).end(JSON.stringify(value));
}

function file(response: ServerResponse, pathname: string): void {
  const name = extname(pathname) ? pathname : "index.html";
  let content = readFileSync(join(BUILT, name));
  if (name === "index.html") content = Buffer.from(content.toString().replace('name="ninefold-systems" content=""', 'name="ninefold-systems" content="chess"'));
  response.writeHead(200, { "content-type": TYPES[extname(name)] ?? "application/octet-stream", "content-security-policy": CONTENT_SECURITY_POLICY }).end(content);
}

async function text(request: IncomingMessage): Promise<string> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  return Buffer.concat(parts).toString();
}

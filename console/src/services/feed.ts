// What happens on the server is announced by feeds. A page that shows something subscribes to its channel.

import type { Centrifuge } from "centrifuge";

import { connection } from "./connection.svelte";
import { call, getBearerToken } from "./http";

/** Called with an entry of the channel, or with null if something may have changed. */
export type Listener = (entry: unknown) => void;

export interface Feed {
  /** Watch a channel. Returns what ends that. */
  watch(channel: string, listener: Listener): () => void;
}

const POLL_MS = 2_000;

/** Asks again and again. It needs no channel, and misses nothing that lasts. */
export class PollingFeed implements Feed {
  #listeners = new Set<Listener>();
  #timer: ReturnType<typeof setInterval> | undefined;

  constructor() {
    connection.onReturn(() => this.#ring());
    document.addEventListener("visibilitychange", () => this.#ring());
  }

  watch(_channel: string, listener: Listener): () => void {
    this.#listeners.add(listener);
    this.#timer ??= setInterval(() => this.#ring(), POLL_MS);
    return () => {
      this.#listeners.delete(listener);
      if (this.#listeners.size > 0) return;
      clearInterval(this.#timer);
      this.#timer = undefined;
    };
  }

  #ring(): void {
    if (document.hidden || connection.lostAt !== null) return;
    for (const listener of this.#listeners) listener(null);
  }
}

/** Channels that the server has; what else is watched is polled. */
const LIVE =
  /^(webhooks\.(deliveries:sub|health:org)|callbacks\.(source:src|organisation:org)|assistant\.(response:resp|conversation:conv|conversations:own)|chess\.(game:game|chat:game|player_chat:game|player:plr|lobby:org)|messaging\.(channel:chan|member:mem|organisation:org)|payments\.(changes|settlement):org|workflows\.(run:wrun|runs:org|log:wjob)|video\.(title:vtl|titles:org))_/;

interface Channel {
  readonly listeners: Set<Listener>;
  leave: () => void;
}

/** Receives entries as they are committed, over Centrifuge's protocol. While that is impossible, it polls. */
export class LiveFeed implements Feed {
  #polling = new PollingFeed();
  #client: Promise<Centrifuge> | undefined;
  #isConnected = false;
  #channels = new Map<string, Channel>();

  watch(name: string, listener: Listener): () => void {
    if (!LIVE.test(name)) return this.#polling.watch(name, listener);
    const endPolling = this.#polling.watch(name, () => {
      if (!this.#isConnected) listener(null);
    });
    const channel = this.#channels.get(name) ?? this.#join(name);
    channel.listeners.add(listener);
    return () => {
      endPolling();
      channel.listeners.delete(listener);
      if (channel.listeners.size > 0) return;
      channel.leave();
      if (this.#channels.get(name) === channel) this.#channels.delete(name);
    };
  }

  /** Count the clients in a channel that is watched and has presence; null if nobody can say. */
  async count(name: string): Promise<number | null> {
    if (!this.#isConnected) return null;
    const subscription = (await this.#client)?.getSubscription(name);
    return subscription?.presenceStats().then(
      ({ numClients }) => numClients,
      () => null,
    ) ?? null;
  }

  /** Show something to those who watch a channel, which isn't kept. It gets lost while there is no connection. */
  async publish(name: string, data: unknown): Promise<void> {
    if (!this.#isConnected || !this.#channels.has(name)) return;
    await (await this.#client)?.publish(name, data).catch(() => undefined);
  }

  /** Begin again for another person or organisation, whose channels need another token. */
  reset(): void {
    void this.#client?.then((client) => client.disconnect());
    this.#client = undefined;
    this.#isConnected = false;
    this.#channels.clear();
  }

  #join(name: string): Channel {
    const channel: Channel = { listeners: new Set(), leave: () => undefined };
    this.#channels.set(name, channel);
    const ring = (entry: unknown): void => channel.listeners.forEach((listener) => listener(entry));
    void this.#connect().then((client) => {
      if (channel.listeners.size === 0) return;
      const subscription = client.getSubscription(name) ?? client.newSubscription(name);
      subscription.on("publication", ({ data }) => ring(data));
      subscription.on("subscribed", ({ wasRecovering, recovered }) => {
        if (!wasRecovering || !recovered) ring(null);
      });
      subscription.subscribe();
      channel.leave = () => {
        subscription.removeAllListeners();
        subscription.unsubscribe();
        client.removeSubscription(subscription);
      };
    });
    return channel;
  }

  #connect(): Promise<Centrifuge> {
    this.#client ??= this.#open();
    return this.#client;
  }

  async #open(): Promise<Centrifuge> {
    // Only those who are signed in load it.
    const { Centrifuge } = await import("centrifuge");
    const address = new URL("/connection/websocket", window.location.href);
    address.protocol = address.protocol.replace("http", "ws");
    const client = new Centrifuge(address.href, { getToken: createToken });
    client.on("connected", () => (this.#isConnected = true));
    client.on("connecting", () => {
      // The first time, it isn't connected yet.
      if (this.#isConnected) connection.lost();
      this.#isConnected = false;
    });
    client.on("disconnected", () => (this.#isConnected = false));
    connection.onReturn(() => {
      if (client.state === "connecting") client.connect();
    });
    client.connect();
    return client;
  }
}

/** A token of a system's own kind can't create live tokens, and connects by itself. */
async function createToken(): Promise<string> {
  return getBearerToken() ?? (await call<{ token: string }>("POST", "/live/token", { body: {} })).token;
}

export const feed = new LiveFeed();

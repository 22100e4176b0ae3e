// The messages that this browser is to send, in the order of each channel. They are kept in the browser's storage, so they
// outlive a reload; of all tabs of a member, one sends.

import { connection } from "$/services/connection.svelte";
import { RefusedError } from "$/services/http";
import { postMessage, type Message } from "$/services/messaging";

import { again, headsOf, inOrder, make, parse, refused, sent, unanswered, type Draft, type Outgoing } from "./outgoing";

/** How long a sent message stays here, until the channel's log shows it. */
const SENT_SHOWN_MS = 15_000;
/** Refused, but not for good. */
const PASSING = [401, 408, 425, 429];

export class Outbox {
  #all = $state.raw<ReadonlyMap<string, Outgoing>>(new Map());
  #sending = new Set<string>();
  /** Those that the storage didn't take: this tab sends them itself. */
  #unkept = new Set<string>();
  #isSender = false;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #lastAt = 0;

  /** `owner` is whose messages these are: another member on the same machine has others. */
  constructor(
    readonly owner: string,
    readonly onsent: (message: Message) => void = () => undefined,
  ) {
    this.#read();
  }

  /** What isn't in the log of a channel yet, as far as a page knows the log. */
  of(channelId: string, threadSequence: number | null): Outgoing[] {
    return inOrder(this.#all.values()).filter((each) => each.channelId === channelId && each.threadSequence === threadSequence);
  }

  /** How many wait to be sent. */
  get waitingCount(): number {
    return [...this.#all.values()].filter(({ phase }) => phase === "waiting").length;
  }

  /** Send what waits, if no other tab does it. Returns what ends that. */
  start(): () => void {
    const ended = new AbortController();
    const onstorage = ({ key }: StorageEvent): void => {
      if (key === null || key.startsWith(this.#prefix)) this.#read();
    };
    window.addEventListener("storage", onstorage);
    const endReturn = connection.onReturn(() => this.#tryAll());
    void this.#becomeSender(ended.signal);
    return () => {
      window.removeEventListener("storage", onstorage);
      endReturn();
      ended.abort();
      clearTimeout(this.#timer);
    };
  }

  add(draft: Draft): Outgoing {
    const outgoing = make(draft, crypto.randomUUID(), this.#nextAt());
    this.#put(outgoing);
    return outgoing;
  }

  retry(clientMsgId: string): void {
    const found = this.#all.get(clientMsgId);
    if (found) this.#put(again(found, this.#nextAt()));
  }

  /** Forget a message. One that is being sent at this moment may arrive all the same. */
  remove(clientMsgId: string): void {
    const all = new Map(this.#all);
    all.delete(clientMsgId);
    this.#all = all;
    this.#unkept.delete(clientMsgId);
    try {
      localStorage.removeItem(this.#prefix + clientMsgId);
    } catch {
      return;
    }
  }

  get #prefix(): string {
    return `messaging-outbox:${this.owner}:`;
  }

  /** Two messages never have the same place. */
  #nextAt(): number {
    this.#lastAt = Math.max(Date.now(), this.#lastAt + 1);
    return this.#lastAt;
  }

  #put(outgoing: Outgoing): void {
    this.#all = new Map(this.#all).set(outgoing.clientMsgId, outgoing);
    try {
      localStorage.setItem(this.#prefix + outgoing.clientMsgId, JSON.stringify(outgoing));
      this.#unkept.delete(outgoing.clientMsgId);
    } catch {
      this.#unkept.add(outgoing.clientMsgId);
    }
    this.#pump();
  }

  #read(): void {
    const found = new Map([...this.#all].filter(([id]) => this.#unkept.has(id)));
    try {
      for (const key of Object.keys(localStorage).filter((each) => each.startsWith(this.#prefix))) {
        const kept = parse(localStorage.getItem(key));
        if (kept) found.set(kept.clientMsgId, kept);
      }
    } catch {
      return;
    }
    this.#all = found;
    for (const each of found.values()) if (each.phase === "sent") this.#forgetLater(each.clientMsgId);
    this.#pump();
  }

  /** Wait until no other tab sends. Where the browser has no locks, each tab sends; the ids keep that from doubling. */
  async #becomeSender(signal: AbortSignal): Promise<void> {
    const untilEnd = new Promise<void>((resolve) => signal.addEventListener("abort", () => resolve()));
    const send = (): Promise<void> => {
      this.#isSender = true;
      this.#read();
      return untilEnd.finally(() => (this.#isSender = false));
    };
    if (!navigator.locks) return send();
    await navigator.locks.request(this.#prefix, { signal }, send).catch(() => undefined);
  }

  #tryAll(): void {
    for (const each of headsOf(this.#all.values())) if (each.nextTryAt > 0 && this.#isMine(each)) this.#put({ ...each, nextTryAt: 0 });
    this.#pump();
  }

  #isMine({ clientMsgId }: Outgoing): boolean {
    return this.#isSender || this.#unkept.has(clientMsgId);
  }

  /** Send the first message of each channel that is due. */
  #pump(): void {
    clearTimeout(this.#timer);
    if (connection.lostAt !== null) return;
    const heads = headsOf(this.#all.values()).filter((each) => this.#isMine(each) && !this.#sending.has(each.channelId));
    for (const each of heads) if (each.nextTryAt <= Date.now()) void this.#send(each);
    const later = heads.map(({ nextTryAt }) => nextTryAt).filter((at) => at > Date.now());
    if (later.length) this.#timer = setTimeout(() => this.#pump(), Math.min(...later) - Date.now());
  }

  async #send(outgoing: Outgoing): Promise<void> {
    const { channelId, clientMsgId, text, threadSequence, isBroadcast, files } = outgoing;
    this.#sending.add(channelId);
    let next: Outgoing;
    try {
      const message = await postMessage(channelId, { text, clientMsgId, threadSequence, isBroadcast, fileIds: files.map(({ fileId }) => fileId) });
      this.onsent(message);
      next = sent(outgoing, message.sequence);
    } catch (error) {
      next = failed(outgoing, error);
    }
    this.#sending.delete(channelId);
    // It may have been deleted meanwhile.
    if (this.#all.has(clientMsgId)) this.#put(next);
    else this.#pump();
    if (next.phase === "sent") this.#forgetLater(clientMsgId);
  }

  #forgetLater(clientMsgId: string): void {
    setTimeout(() => this.remove(clientMsgId), SENT_SHOWN_MS);
  }
}

function failed(outgoing: Outgoing, error: unknown): Outgoing {
  if (!(error instanceof RefusedError)) return unanswered(outgoing, "The server didn't answer.", Date.now());
  const { status, detail, remedy } = error.problem;
  if (status >= 500 || PASSING.includes(status)) return unanswered(outgoing, detail, Date.now());
  return refused(outgoing, remedy ? `${detail} ${remedy}` : detail);
}

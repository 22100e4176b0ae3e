// A message that this browser has and the server may not have: waiting to be sent, sent, or refused. It has an id from the
// beginning, so that sending it again is safe.

export type Phase = "waiting" | "sent" | "failed";

export interface Outgoing {
  readonly clientMsgId: string;
  readonly channelId: string;
  readonly threadSequence: number | null;
  readonly isBroadcast: boolean;
  /** As the server wants it: `&`, `<` and `>` are escaped. */
  readonly text: string;
  readonly files: readonly AttachedFile[];
  /** Its place among the others of its channel; ms since 1970, and unique. */
  readonly madeAt: number;
  readonly phase: Phase;
  readonly attempts: number;
  /** Not before that; 0 for at once. */
  readonly nextTryAt: number;
  /** Why it waits or what has failed, and what to do. */
  readonly reason: string;
  /** Where it stands in the channel's log, once it is sent. */
  readonly sequence: number | null;
}

/** A file that is uploaded and not yet in a message. */
export interface AttachedFile {
  readonly fileId: string;
  readonly name: string;
  readonly size: number;
}

export type Draft = Pick<Outgoing, "channelId" | "threadSequence" | "isBroadcast" | "text" | "files">;

const FIRST_DELAY_MS = 1_000;
const DELAY_MS_MAX = 60_000;

export function make(draft: Draft, clientMsgId: string, now: number): Outgoing {
  return { ...draft, clientMsgId, madeAt: now, phase: "waiting", attempts: 0, nextTryAt: 0, reason: "", sequence: null };
}

/** The messages of a channel, or of all, in the order in which they were made. */
export function inOrder(all: Iterable<Outgoing>): Outgoing[] {
  return [...all].sort((one, other) => one.madeAt - other.madeAt || one.clientMsgId.localeCompare(other.clientMsgId));
}

/** The first waiting message of each channel: what comes after it waits for it. */
export function headsOf(all: Iterable<Outgoing>): Outgoing[] {
  const heads = new Map<string, Outgoing>();
  for (const each of inOrder(all)) if (each.phase === "waiting" && !heads.has(each.channelId)) heads.set(each.channelId, each);
  return [...heads.values()];
}

export function sent(outgoing: Outgoing, sequence: number): Outgoing {
  return { ...outgoing, phase: "sent", sequence, reason: "" };
}

/** The server has refused it: it isn't sent again by itself. */
export function refused(outgoing: Outgoing, reason: string): Outgoing {
  return { ...outgoing, phase: "failed", attempts: outgoing.attempts + 1, reason };
}

/** Nobody knows whether it was posted, so it is sent again with the same id: after 1 s, 2 s, 4 s, up to a minute. */
export function unanswered(outgoing: Outgoing, reason: string, now: number): Outgoing {
  const attempts = outgoing.attempts + 1;
  const delayMs = Math.min(FIRST_DELAY_MS * 2 ** (attempts - 1), DELAY_MS_MAX);
  return { ...outgoing, attempts, nextTryAt: now + delayMs, reason };
}

/** A person wants it to be sent after all: it is the last one now. */
export function again(outgoing: Outgoing, now: number): Outgoing {
  return { ...outgoing, phase: "waiting", attempts: 0, nextTryAt: 0, reason: "", madeAt: now };
}

/** Read what was kept; nothing if it is no message. */
export function parse(text: string | null): Outgoing | undefined {
  try {
    const kept = JSON.parse(text ?? "") as Outgoing;
    return typeof kept.clientMsgId === "string" && typeof kept.channelId === "string" ? kept : undefined;
  } catch {
    return undefined;
  }
}

// How callbacks' own words become the states that all systems share, and what helps after a failed check.

import type { StateName } from "$/components/states";
import type { CallbackStatus, CallbackSummary } from "$/services/callbacks";

interface Shown {
  readonly name: StateName;
  readonly word: string;
}

const OF_STATUS: Record<CallbackStatus, Shown> = {
  received: { name: "queued", word: "Received" },
  verified: { name: "succeeded", word: "Verified" },
  duplicate: { name: "succeeded", word: "Duplicate" },
  handshake: { name: "succeeded", word: "Handshake" },
  quarantined: { name: "failed", word: "Quarantined" },
};

export const STATUSES: readonly CallbackStatus[] = ["verified", "quarantined", "duplicate", "received", "handshake"];

/** Return the status of that name; undefined for any other text. */
export function statusOf(text: string | null): CallbackStatus | undefined {
  return STATUSES.find((status) => status === text);
}

export function statusState(status: CallbackStatus): Shown {
  return OF_STATUS[status];
}

/** What a callback is called in a list: its type in the provider's words, if it is known. */
export function titleOf({ type, status }: Pick<CallbackSummary, "type" | "status">): string {
  if (type) return type;
  return status === "handshake" ? "handshake" : status === "verified" || status === "duplicate" ? "without a type" : "type not known";
}

/** A reason in words: `signature_mismatch` is `signature mismatch`. */
export function reasonText(reason: string | null): string {
  return (reason ?? "").replaceAll("_", " ");
}

/** What a person knows of a callback at a glance. */
export function knownText({ status, reason, replayCount }: Pick<CallbackSummary, "status" | "reason" | "replayCount">): string {
  if (status === "quarantined") return reasonText(reason);
  if (status === "duplicate") return "came before";
  if (status === "received") return "being verified";
  if (status === "handshake") return "answered";
  return replayCount ? `passed on, replayed ${replayCount} ×` : "passed on";
}

const ADVICE: Record<string, string> = {
  no_secret: "Enter the secret of the source.",
  secret_malformed: "Copy the secret from the provider again; this one doesn't have its form.",
  option_malformed: "Correct the fields of the source.",
  header_missing: "Check that it is this provider that calls the URL, and that a proxy keeps its headers. If a secret must be set at the provider first, set it there.",
  credential_missing: "Set the key or password at the sender, or correct where the source expects it.",
  header_repeated: "A proxy may have added the header a second time.",
  header_malformed: "Check the fields of the source, and whether another sender calls the URL.",
  credential_mismatch: "Compare the secret at the sender with the one here. Enter the right one, then verify again.",
  signature_mismatch: "The secret at the provider is probably another one. Enter the right one, then verify again. If it is right, the request is forged or was changed on its way.",
  body_malformed: "The body isn't what the provider sends. A proxy may change it.",
  timestamp_malformed: "Check the fields of the source, and whether another sender calls the URL.",
  timestamp_too_old: "It may be a replay of an old request. If genuine ones come late, raise the tolerance where the source has one.",
  timestamp_in_future: "Compare the clocks of the sender and of this server.",
  claim_mismatch: "Compare audience and issuer of the source with the token's.",
};

/** What to do about a failed check. */
export function adviceOf(reason: string | null): string {
  return ADVICE[reason ?? ""] ?? "Correct the source, then verify again.";
}

/** Whether another secret may make it verify. */
export function isSecretSuspect(reason: string | null): boolean {
  return ["no_secret", "secret_malformed", "signature_mismatch", "credential_mismatch"].includes(reason ?? "");
}

/** The channel of all callbacks of an organisation. */
export function organisationChannel(organisationId: string | null | undefined): string {
  return `callbacks.organisation:${organisationId ?? ""}`;
}

/** The state of a source: what became of its last callback; null if none came, undefined while it isn't known. */
export function sourceState(last: Pick<CallbackSummary, "status"> | null | undefined): Shown {
  if (!last) return { name: "queued", word: last === null ? "Nothing came" : "…" };
  if (last.status === "quarantined") return { name: "failed", word: "Quarantining" };
  if (last.status === "handshake") return { name: "running", word: "Connected" };
  return { name: "succeeded", word: "Receiving" };
}

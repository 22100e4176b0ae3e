// How webhooks' own words become the states that all systems share.

import type { StateName } from "$/components/states";
import type { Delivery, DeliveryStatus, Subscription } from "$/services/webhooks";

interface Shown {
  readonly name: StateName;
  readonly word?: string;
}

const OF_STATUS: Record<DeliveryStatus, Shown> = {
  queued: { name: "queued" },
  waiting: { name: "waiting" },
  retrying: { name: "retrying" },
  delivered: { name: "succeeded", word: "Delivered" },
  failed: { name: "failed" },
  canceled: { name: "canceled" },
};

export function stateOf(delivery: Pick<Delivery, "status" | "isRunning" | "attemptCount">): Shown {
  // A test has a row before its first attempt.
  if (delivery.status === "retrying" && delivery.attemptCount === 0 && !delivery.isRunning) return OF_STATUS.queued;
  return delivery.isRunning ? { name: "running" } : OF_STATUS[delivery.status];
}

export function statusState(status: DeliveryStatus): Shown {
  return OF_STATUS[status];
}

/** The order of what is under way: what is being attempted, what is next, what has just come, what must wait. */
export function inOrderOfNext(deliveries: readonly Delivery[]): Delivery[] {
  const rank = (delivery: Delivery): number => (delivery.isRunning ? 0 : { retrying: 1, queued: 2, waiting: 3 }[delivery.status as string] ?? 4);
  const when = (delivery: Delivery): number => Date.parse(delivery.nextAttemptAt ?? delivery.waitingUntil ?? delivery.createdAt);
  return [...deliveries].sort((one, other) => rank(one) - rank(other) || when(one) - when(other));
}

/** Whether somebody has asked for it to test the subscription. */
export function isTest(delivery: Pick<Delivery, "eventType">): boolean {
  return delivery.eventType === "ninefold.test";
}

export function isUnderWay(status: DeliveryStatus): boolean {
  return status === "queued" || status === "waiting" || status === "retrying";
}

/** The state of a subscription: what keeps it from sending, if anything does. */
export function subscriptionState({ circuit, isActive, pause }: Subscription): Shown {
  if (!isActive) return pause?.reason === "by_hand" ? { name: "waiting", word: "Paused" } : { name: "failed", word: "Paused" };
  if (circuit.state === "open") return { name: "waiting", word: "Circuit open" };
  if (circuit.state === "half_open") return { name: "running", word: "Probing" };
  if (circuit.consecutiveFailures > 0) return { name: "retrying", word: "Failing" };
  return { name: "succeeded", word: "Sending" };
}

const REASONS = { paused: "paused", circuit_open: "open circuit", rate_limited: "rate limit", ordering: "earlier event of its key" } as const;

/** Why a delivery waits. */
export function waitingText(delivery: Delivery): string {
  return delivery.waitingReason ? REASONS[delivery.waitingReason] : "";
}

/** The last answer of a receiver: `503`, or how the attempt failed. */
export function answerText(delivery: Pick<Delivery, "attempts">): string {
  const last = delivery.attempts.at(-1);
  if (!last) return "";
  if (last.responseCode !== null && (last.errorClass === null || last.errorClass === "unsuccessful_status")) {
    return `${last.responseCode} ${STATUS_WORDS[last.responseCode] ?? ""}`.trim();
  }
  return classText(last.errorClass);
}

/** An error class in words: `connect_failed` is `connect failed`. An attempt is aborted when somebody pauses. */
export function classText(errorClass: string | null): string {
  if (errorClass === "aborted") return "stopped by a pause";
  return (errorClass ?? "").replaceAll("_", " ").replace(/^tls/, "TLS").replace(/^dns/, "DNS");
}

const STATUS_WORDS: Record<number, string> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  301: "Moved Permanently",
  302: "Found",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  413: "Content Too Large",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  500: "Internal Server Error",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
};

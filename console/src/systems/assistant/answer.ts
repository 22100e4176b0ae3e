// What is known of one answer: a snapshot from the API, and the events of its log that came after it.

import type { LogEvent, Response, ResponseStatus } from "$/services/assistant";

export interface Answer {
  readonly responseId: string;
  readonly status: ResponseStatus;
  readonly text: string;
  /** The number of the last event that is in it. */
  readonly sequence: number;
  readonly queuePosition: number | null;
  /** Why it is being continued; null once its next token is here. */
  readonly continuing: string | null;
  readonly attemptCount: number;
  /** When its last token or change of state came, in milliseconds. */
  readonly activeAt: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly incompleteReason: string | null;
  readonly outputTokens: number;
}

const ENDS: Readonly<Record<string, ResponseStatus>> = {
  "response.completed": "completed",
  "response.incomplete": "incomplete",
  "response.failed": "failed",
  "ninefold.response.cancelled": "cancelled",
};

export function hasEnded(answer: Answer): boolean {
  return answer.status !== "queued" && answer.status !== "in_progress";
}

/** Return the answer that the API shows. */
export function readAnswer(response: Response, now: number): Answer {
  return {
    responseId: response.responseId,
    status: response.status,
    text: response.text,
    sequence: response.lastSequence,
    queuePosition: response.queuePosition,
    continuing: null,
    attemptCount: response.attemptCount,
    activeAt: now,
    error: response.error,
    incompleteReason: response.incompleteReason,
    outputTokens: response.usage.outputTokens,
  };
}

/** Return the newer of two. What is known from events says more if both are equally new. */
export function newerAnswer(known: Answer | undefined, read: Answer): Answer {
  return known && known.sequence >= read.sequence ? known : read;
}

/**
 * Return the answer after the events that follow it without a gap. Those that are in it already are passed over, and so
 * are those after a gap, which have to be read from the log.
 */
export function follow(answer: Answer, events: readonly LogEvent[], now: number): Answer {
  return events.reduce((before, event) => (event.sequenceNumber === before.sequence + 1 ? apply(before, event, now) : before), answer);
}

function apply(answer: Answer, event: LogEvent, now: number): Answer {
  const next = { ...answer, sequence: event.sequenceNumber };
  switch (event.type) {
    case "response.output_text.delta":
      return { ...next, text: answer.text + String(event["delta"]), continuing: null, activeAt: now };
    case "ninefold.response.queued":
      return { ...next, queuePosition: Number(event["position"]) };
    case "response.in_progress":
      return { ...next, status: "in_progress", queuePosition: null, attemptCount: Math.max(1, answer.attemptCount), activeAt: now };
    case "ninefold.response.stalled":
      return { ...next, activeAt: Math.min(answer.activeAt, now - 1_000 * Number(event["waitedS"])) };
    case "ninefold.response.continued":
      return { ...next, status: "in_progress", continuing: String(event["reason"]), attemptCount: Number(event["attempt"]), activeAt: now };
    default:
      return ENDS[event.type] ? end(next, ENDS[event.type], event) : next;
  }
}

function end(answer: Answer, status: ResponseStatus = "completed", event: LogEvent): Answer {
  const response = event["response"] as {
    readonly usage: { readonly outputTokens: number } | null;
    readonly error: Answer["error"];
    readonly incompleteDetails: { readonly reason: string } | null;
  };
  return {
    ...answer,
    status,
    queuePosition: null,
    continuing: null,
    error: response.error,
    incompleteReason: response.incompleteDetails?.reason ?? null,
    outputTokens: response.usage?.outputTokens ?? answer.outputTokens,
  };
}

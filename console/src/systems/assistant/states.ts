// The words for the states of an answer, and what to do if it failed.

import type { StateName } from "$/components/states";
import { countText } from "$/lib/text";

import type { Answer } from "./answer";

/** How long nothing may come before people are told. */
export const SILENT_MS = 4_000;

const ORDINALS = ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth"];

const CONTINUING: Readonly<Record<string, string>> = {
  worker_lost: "Continuing after a restart",
  engine_failed: "Continuing after the engine failed",
  engine_stalled: "Continuing after the engine was silent",
};

const REMEDIES: Readonly<Record<string, string>> = {
  queue_timeout: "Answer again later, or start more workers.",
  engine_unavailable: "Look at the engine: ninefold doctor checks it. Then answer again.",
  engine_overloaded: "Answer again later.",
  engine_broke_off: "Look at the engine's log. Then answer again.",
  engine_stalled: "Look at the engine's log. Then answer again.",
  engine_refused: "Change your message.",
  too_many_attempts: "Look at the workers' logs. Then answer again.",
};

export interface AnswerWords {
  readonly name: StateName;
  readonly word: string;
  readonly detail: string;
}

/** Say how an answer is; nothing is said of one that has simply ended, apart from its tokens. */
export function answerWords(answer: Answer, now: number): AnswerWords {
  const tokens = answer.outputTokens ? countText(answer.outputTokens, "token") : "";
  switch (answer.status) {
    case "queued":
      return { name: "queued", word: queueWord(answer.queuePosition), detail: "It is kept, and begins when a worker is free." };
    case "in_progress":
      return progressWords(answer, now);
    case "completed":
      return { name: "succeeded", word: "Answered", detail: tokens };
    case "incomplete":
      return {
        name: "succeeded",
        word: answer.incompleteReason === "content_filter" ? "Ended by the engine's content filter" : "Ended at the limit of tokens",
        detail: tokens,
      };
    case "cancelled":
      return { name: "canceled", word: "Stopped", detail: tokens && `${tokens} kept` };
    case "failed":
      return { name: "failed", word: "Failed", detail: "" };
  }
}

/** Say what to do about an answer that failed. */
export function remedyOf(code: string): string {
  return REMEDIES[code] ?? "Answer again.";
}

function progressWords(answer: Answer, now: number): AnswerWords {
  const silentMs = now - answer.activeAt;
  if (answer.continuing) {
    return {
      name: "retrying",
      word: CONTINUING[answer.continuing] ?? "Continuing",
      detail: `Attempt ${answer.attemptCount}. ${answer.text ? "What stands here stays." : ""}`,
    };
  }
  if (silentMs >= SILENT_MS) {
    return {
      name: "retrying",
      word: `No token for ${Math.floor(silentMs / 1_000)} s`,
      detail: "If none comes, it is continued by itself.",
    };
  }
  return answer.text ? { name: "running", word: "Writing", detail: "" } : { name: "running", word: "Begun", detail: "The first token isn't here yet." };
}

function queueWord(position: number | null): string {
  if (position === null) return "In the queue";
  return `${ORDINALS[position - 1] ?? `${position}th`} in the queue`;
}

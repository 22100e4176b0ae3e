// What was written and not sent, kept in this tab across reloads. Storage may be denied.

import { current } from "$/services/session.svelte";

/** Return the draft of a conversation; of a new one with an empty id. */
export function readDraft(conversationId: string): string {
  try {
    return sessionStorage.getItem(keyOf(conversationId)) ?? "";
  } catch {
    return "";
  }
}

/** Keep a draft; an empty one is removed. */
export function keepDraft(conversationId: string, text: string): void {
  try {
    if (text) sessionStorage.setItem(keyOf(conversationId), text);
    else sessionStorage.removeItem(keyOf(conversationId));
  } catch {
    return;
  }
}

function keyOf(conversationId: string): string {
  return `assistant-draft:${current.session?.account.accountId ?? ""}:${conversationId}`;
}

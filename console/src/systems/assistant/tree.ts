// A conversation is a tree of messages. What is shown is one branch of it.

import type { Message } from "$/services/assistant";

export interface Turn {
  readonly message: Message;
  /** The ids of the messages in the same place, oldest first, with this one. */
  readonly versions: readonly string[];
}

/** Return the branch that ends with a message, from its beginning. */
export function branchOf(messages: readonly Message[], leafId: string | null): Turn[] {
  const byId = new Map(messages.map((message) => [message.messageId, message]));
  const turns: Turn[] = [];
  for (let at = byId.get(leafId ?? ""); at && turns.length < messages.length; at = byId.get(at.parentId ?? "")) {
    const { parentId } = at;
    const versions = messages.filter((each) => each.parentId === parentId).map((each) => each.messageId);
    turns.push({ message: at, versions });
  }
  return turns.reverse();
}

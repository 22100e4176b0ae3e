// One conversation with its answers, as they are generated.

import {
  chooseBranch,
  getConversation,
  listEvents,
  readEvent,
  type Conversation,
  type ConversationWithMessages,
  type LogEvent,
  type Sent,
} from "$/services/assistant";
import { RefusedError } from "$/services/http";
import { current } from "$/services/session.svelte";

import { follow, hasEnded, newerAnswer, readAnswer, type Answer } from "./answer";
import { branchOf, type Turn } from "./tree";

export class Chat {
  conversation = $state.raw<ConversationWithMessages | undefined>();
  answers = $state.raw<ReadonlyMap<string, Answer>>(new Map());
  error = $state.raw<unknown>(null);
  /** What a screen reader says. */
  announcement = $state("");
  /** The branch that is shown. */
  turns = $state.raw<readonly Turn[]>([]);
  #generation = 0;
  /** Responses whose log is being read, and whether more of it is wanted meanwhile. */
  #reading = new Map<string, boolean>();

  constructor(readonly id: string) {}

  /** The answer at the end of the branch while it hasn't ended. */
  get running(): Answer | undefined {
    const answer = this.answers.get(this.turns.at(-1)?.message.response?.responseId ?? "");
    return answer && !hasEnded(answer) ? answer : undefined;
  }

  /** Read the conversation from the API. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const read = await getConversation(this.id);
      if (generation === this.#generation) this.#set(read);
    } catch (error) {
      if (generation !== this.#generation) return;
      this.error = error;
      // It was deleted, or isn't the person's any more.
      if (error instanceof RefusedError && error.problem.status === 404) this.conversation = undefined;
    }
  }

  /** Show what was sent, and its answer. */
  show(sent: Sent): void {
    this.#generation += 1;
    const added = [sent.message, sent.answer];
    const ids = new Set(added.map((message) => message.messageId));
    const before = (this.conversation?.messages ?? []).filter((message) => !ids.has(message.messageId));
    this.#set({ ...sent.conversation, messages: [...before, ...added] });
  }

  /** Show another title or another branch. */
  change(conversation: Conversation): void {
    this.#generation += 1;
    if (this.conversation) this.#show({ ...this.conversation, ...conversation });
  }

  /** Show another version of a message on all devices. */
  async choose(messageId: string): Promise<void> {
    this.change(await chooseBranch(this.id, messageId));
  }

  /** Take an entry of a response's live channel; null if entries may be missing. */
  receive(responseId: string, entry: unknown): void {
    const answer = this.answers.get(responseId);
    const event = entry === null ? undefined : readEvent(entry);
    if (!answer || hasEnded(answer)) return;
    if (event && event.sequenceNumber <= answer.sequence + 1) this.#follow(responseId, [event]);
    else void this.#catchUp(responseId);
  }

  #follow(responseId: string, events: readonly LogEvent[]): void {
    const answer = this.answers.get(responseId);
    if (answer) this.answers = new Map(this.answers).set(responseId, follow(answer, events, Date.now()));
  }

  /** Read what is missing from the log. */
  async #catchUp(responseId: string): Promise<void> {
    if (this.#reading.has(responseId)) {
      this.#reading.set(responseId, true);
      return;
    }
    this.#reading.set(responseId, false);
    const events = await listEvents(responseId, this.answers.get(responseId)?.sequence ?? -1).catch(() => []);
    this.#follow(responseId, events);
    const isWanted = this.#reading.get(responseId);
    this.#reading.delete(responseId);
    if (isWanted) await this.#catchUp(responseId);
  }

  #set(read: ConversationWithMessages): void {
    const now = Date.now();
    const answers = new Map(this.answers);
    for (const { response } of read.messages) {
      if (response) answers.set(response.responseId, newerAnswer(answers.get(response.responseId), readAnswer(response, now)));
    }
    [this.answers, this.error] = [answers, null];
    this.#show(read);
  }

  #show(conversation: ConversationWithMessages): void {
    this.conversation = conversation;
    this.turns = branchOf(conversation.messages, conversation.currentMessageId);
  }
}

let latest = { owner: "", chat: new Chat("") };

/** Return a conversation. The one that was shown last is still known, so that the page doesn't begin empty. */
export function chatOf(id: string): Chat {
  const owner = `${current.session?.organisationId} ${current.session?.account.accountId}`;
  if (latest.chat.id !== id || latest.owner !== owner) latest = { owner, chat: new Chat(id) };
  return latest.chat;
}

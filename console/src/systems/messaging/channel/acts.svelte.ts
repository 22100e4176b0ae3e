// What a person does with a message that is committed.

import { pendingActions } from "$/lib/actions.svelte";
import { copyText } from "$/lib/clipboard";
import { toasts } from "$/lib/toasts.svelte";
import { RefusedError } from "$/services/http";
import { deleteMessage, editMessage, getMessage, setPinned, setReaction, type Block, type Message } from "$/services/messaging";
import { sendAction } from "$/services/messaging_apps";

import type { Room } from "./room.svelte";

/** An edit that came too late: what the author wanted, and what stands there now. */
export interface Conflict {
  readonly wanted: string;
  readonly current: Message;
}

export class Acts {
  /** The message that is being edited. */
  editing = $state<number | null>(null);
  conflict = $state.raw<Conflict | null>(null);
  /** The message that is about to be deleted. */
  deleting = $state.raw<Message | null>(null);
  /** The message that is pointed at or focused, which shows what can be done with it. */
  active = $state<string | null>(null);

  constructor(readonly room: Room) {}

  subjectOf(message: Message): string {
    return `message:${message.channelId}:${message.sequence}`;
  }

  beginEdit(message: Message): void {
    [this.editing, this.conflict] = [message.sequence, null];
  }

  endEdit(): void {
    [this.editing, this.conflict] = [null, null];
  }

  /** Write another text. If somebody was faster, the author sees both. */
  async edit(message: Message, text: string, editVersion: number): Promise<void> {
    const { channelId, sequence } = message;
    const outcome = await pendingActions.perform(this.subjectOf(message), "Edit", () =>
      editMessage(channelId, sequence, { text, editVersion }).catch(async (error: unknown) => {
        if (!(error instanceof RefusedError) || error.problem.code !== "edit_conflict") throw error;
        this.conflict = { wanted: text, current: await getMessage(channelId, sequence) };
        return null;
      }),
    );
    if (outcome.kind !== "confirmed") return;
    const shown = outcome.value ?? this.conflict?.current;
    if (shown) this.room.show(shown);
    if (outcome.value) this.endEdit();
  }

  async react(message: Message, name: string, memberId: string): Promise<void> {
    const isAdded = !message.reactions.some((reaction) => reaction.emoji === name && reaction.memberIds.includes(memberId));
    const { channelId, sequence } = message;
    await pendingActions.perform(`${this.subjectOf(message)}:${name}`, isAdded ? "Add a reaction" : "Remove a reaction", () =>
      setReaction(channelId, sequence, name, isAdded),
    );
  }

  async pin(message: Message): Promise<void> {
    await pendingActions.perform(this.subjectOf(message), message.isPinned ? "Unpin" : "Pin", () =>
      setPinned(message.channelId, message.sequence, !message.isPinned),
    );
  }

  /** Tell the app whose message it is what was chosen; a field waits for its button. */
  async tellApp(message: Message, action: Block): Promise<void> {
    const { is_input: isInput, dispatches, ...told } = action;
    if (isInput && !dispatches) return;
    await pendingActions.perform(this.subjectOf(message), "Tell the app", () => sendAction(message.channelId, message.sequence, told));
  }

  async remove(message: Message): Promise<void> {
    await pendingActions.perform(this.subjectOf(message), "Delete", () => deleteMessage(message.channelId, message.sequence));
  }

  async copyLink(message: Message): Promise<void> {
    await copyText(new URL(linkOf(message), window.location.href).href);
    toasts.done("Link copied.");
  }
}

/** The address of a message. */
export function linkOf({ channelId, sequence }: { channelId: string; sequence: number }): string {
  return `/messaging/${channelId}/${sequence}`;
}

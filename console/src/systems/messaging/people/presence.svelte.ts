// Who is active, of those on the screen alone.

import { listPresence } from "$/services/messaging";

const POLL_MS = 30_000;

class Presence {
  #active = $state.raw<ReadonlySet<string>>(new Set());

  isActive(memberId: string): boolean {
    return this.#active.has(memberId);
  }

  /** Ask for these members now, and again every half a minute while the page is seen. Returns what ends that. */
  watch(memberIds: readonly string[]): () => void {
    if (memberIds.length === 0) return () => undefined;
    const ask = async (): Promise<void> => {
      if (document.hidden) return;
      const found = await listPresence(memberIds).catch(() => undefined);
      if (found) this.#active = new Set(found.filter(({ presence }) => presence === "active").map(({ memberId }) => memberId));
    };
    void ask();
    const timer = setInterval(() => void ask(), POLL_MS);
    return () => clearInterval(timer);
  }
}

export const presence = new Presence();

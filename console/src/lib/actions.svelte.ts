// What a person did: first pending, then confirmed or refused. Two types, so that nothing takes one for the other.

import { NoAnswerError, RefusedError } from "$/services/http";
import { toasts } from "./toasts.svelte";

/** Done in this browser, and not confirmed. It is no state of the system. */
export interface PendingAction {
  readonly kind: "pending";
  readonly label: string;
  readonly since: number;
}

/** What the server has said. */
export type Outcome<T> =
  | { readonly kind: "confirmed"; readonly value: T }
  | { readonly kind: "refused"; readonly error: RefusedError }
  | { readonly kind: "unknown" };

class PendingActions {
  #pending = $state.raw<ReadonlyMap<string, PendingAction>>(new Map());

  /** What waits for the server's answer about this subject, if anything. */
  of(subject: string): PendingAction | undefined {
    return this.#pending.get(subject);
  }

  /** Do something to a subject. It is pending until the server answers; a refusal is told. */
  async perform<T>(subject: string, label: string, request: () => Promise<T>): Promise<Outcome<T>> {
    if (this.#pending.has(subject)) return { kind: "unknown" };
    this.#set(subject, { kind: "pending", label, since: Date.now() });
    try {
      return { kind: "confirmed", value: await request() };
    } catch (error) {
      if (error instanceof RefusedError) {
        toasts.refused(label, error.problem);
        return { kind: "refused", error };
      }
      if (!(error instanceof NoAnswerError)) throw error;
      toasts.unknown(label);
      return { kind: "unknown" };
    } finally {
      this.#set(subject, undefined);
    }
  }

  #set(subject: string, act: PendingAction | undefined): void {
    const next = new Map(this.#pending);
    if (act) next.set(subject, act);
    else next.delete(subject);
    this.#pending = next;
  }
}

export const pendingActions = new PendingActions();

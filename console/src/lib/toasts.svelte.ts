// Short notices at the bottom right: what was done, and what was refused.

import type { Problem } from "$/services/http";

const SHOWN_MS = 6_000;

export interface Toast {
  readonly id: number;
  readonly kind: "done" | "refused";
  readonly text: string;
  readonly detail: string;
  readonly href?: string | undefined;
}

class Toasts {
  all = $state.raw<readonly Toast[]>([]);
  #last = 0;

  done(text: string, { detail = "", href }: { detail?: string; href?: string } = {}): void {
    this.#add({ kind: "done", text, detail, href });
  }

  refused(label: string, problem: Problem): void {
    const remedy = problem.remedy ? ` ${problem.remedy}` : "";
    this.#add({ kind: "refused", text: `${label}: refused.`, detail: problem.detail + remedy });
  }

  unknown(label: string): void {
    this.#add({
      kind: "refused",
      text: `${label}: no answer.`,
      detail: "Whether it was done shows here when the connection is back.",
    });
  }

  /** Something that others were to do has failed. */
  failed(text: string, detail = ""): void {
    this.#add({ kind: "refused", text, detail });
  }

  remove(id: number): void {
    this.all = this.all.filter((toast) => toast.id !== id);
  }

  #add(toast: Omit<Toast, "id">): void {
    const id = ++this.#last;
    this.all = [...this.all, { ...toast, id }];
    setTimeout(() => this.remove(id), SHOWN_MS);
  }
}

export const toasts = new Toasts();

// Keys of the page that is shown. A single letter works only outside fields; `?` lists them all.

import { onMount } from "svelte";

export interface Binding {
  /** Such as `j`, `Enter`, `?`; `g w` is one after the other. */
  readonly key: string;
  readonly label: string;
  readonly act: () => void;
}

const SEQUENCE_MS = 1_000;
/** Keys that are held for others, such as for `?` and `G`; they are no first ones. */
const MODIFIERS = ["Shift", "Control", "Alt", "AltGraph", "Meta"];

class Keys {
  bindings = $state.raw<readonly Binding[]>([]);
  #first = "";
  #firstAt = 0;

  add(added: readonly Binding[]): () => void {
    this.bindings = [...this.bindings, ...added];
    return () => {
      this.bindings = this.bindings.filter((binding) => !added.includes(binding));
    };
  }

  handle(event: KeyboardEvent): void {
    if (MODIFIERS.includes(event.key)) return;
    if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
    if (isField(event.target) || document.querySelector("dialog[open]")) return;
    if ((event.key === "Enter" || event.key === " ") && event.target instanceof Element && event.target.closest("a, button")) return;
    const isSecond = this.#first !== "" && performance.now() - this.#firstAt < SEQUENCE_MS;
    const wanted = isSecond ? `${this.#first} ${event.key}` : event.key;
    this.#first = isSecond ? "" : event.key;
    this.#firstAt = performance.now();
    // What was added last is on top.
    const found = this.bindings.findLast((binding) => binding.key === wanted);
    if (!found) return;
    event.preventDefault();
    this.#first = "";
    found.act();
  }
}

function isField(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && target.matches("input:not([type=checkbox]), textarea, select, [contenteditable]");
}

export const keys = new Keys();

/** Bind keys while the component is shown. */
export function useKeys(bindings: readonly Binding[]): void {
  onMount(() => keys.add(bindings));
}

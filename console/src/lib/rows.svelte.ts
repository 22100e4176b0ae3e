// Which row the keyboard is at.

export class RowCursor {
  id = $state<string | null>(null);

  constructor(readonly ids: () => readonly string[]) {}

  /** Go down or up, and bring the row into view. */
  step(by: number): void {
    const ids = this.ids();
    const at = this.id === null ? -1 : ids.indexOf(this.id);
    const next = ids[Math.max(0, Math.min(ids.length - 1, at < 0 ? 0 : at + by))];
    if (next === undefined) return;
    this.id = next;
    requestAnimationFrame(() => document.querySelector(`[data-row="${next}"]`)?.scrollIntoView({ block: "nearest" }));
  }
}

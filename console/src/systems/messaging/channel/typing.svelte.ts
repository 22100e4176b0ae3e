// Who is typing. Nobody says when they stop, so it is forgotten after a few seconds.

const SHOWN_MS = 5_000;
/** A signal can come a little later than the message that was typed. */
const LATE_MS = 1_000;

export class Typing {
  #until = $state.raw<ReadonlyMap<string, number>>(new Map());
  #sentAt = new Map<string, number>();

  take(memberId: string, now: number): void {
    if (now - (this.#sentAt.get(memberId) ?? 0) < LATE_MS) return;
    this.#until = new Map(this.#until).set(memberId, now + SHOWN_MS);
  }

  /** What the member has typed is sent. */
  forget(memberId: string, now: number): void {
    this.#sentAt.set(memberId, now);
    if (!this.#until.has(memberId)) return;
    const next = new Map(this.#until);
    next.delete(memberId);
    this.#until = next;
  }

  /** Who types at an instant. */
  at(now: number): string[] {
    return [...this.#until].filter(([, until]) => until > now).map(([memberId]) => memberId);
  }
}

/** Such as `Mara is typing`; nothing if nobody is. */
export function typingText(names: readonly string[]): string {
  const [first, second] = names;
  if (!first) return "";
  if (!second) return `${first} is typing`;
  return names.length === 2 ? `${first} and ${second} are typing` : `${names.length} people are typing`;
}

// What a screen reader says of the open channel: each message, or how many when many come at once.

const GATHER_MS = 1_500;
const TEXT_LENGTH_MAX = 200;

export interface Heard {
  readonly name: string;
  readonly text: string;
}

export class Announcer {
  text = $state("");
  #heard: Heard[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  hear(heard: Heard): void {
    this.#heard.push(heard);
    this.#timer ??= setTimeout(() => this.#say(), GATHER_MS);
  }

  end(): void {
    clearTimeout(this.#timer);
  }

  #say(): void {
    this.text = summaryOf(this.#heard);
    this.#heard = [];
    this.#timer = undefined;
  }
}

/** Such as `Mara: On my way` and `5 new messages, the last one from Mara`. */
export function summaryOf(heard: readonly Heard[]): string {
  const last = heard.at(-1);
  if (!last) return "";
  if (heard.length > 1) return `${heard.length} new messages, the last one from ${last.name}`;
  const text = last.text.length > TEXT_LENGTH_MAX ? `${last.text.slice(0, TEXT_LENGTH_MAX)}…` : last.text;
  return `${last.name}: ${text || "a message without text"}`;
}

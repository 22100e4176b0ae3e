// Emoji by their names, as Slack's clients call them. The table is loaded by the first page that shows one.

class Emoji {
  #table = $state.raw<ReadonlyMap<string, string>>(new Map());
  #isAsked = false;

  /** The character of a name; nothing if there is none, or as long as the table is being loaded. */
  get(name: string): string | undefined {
    this.load();
    return this.#table.get(name.split("::")[0] ?? name);
  }

  /** The names that have a text in them, those that begin with it first. */
  find(text: string, limit: number): { name: string; character: string }[] {
    this.load();
    const wanted = text.toLowerCase();
    const names = [...this.#table.keys()];
    const beginning = names.filter((name) => name.startsWith(wanted));
    const others = names.filter((name) => !name.startsWith(wanted) && name.includes(wanted));
    return [...beginning, ...others].slice(0, limit).map((name) => ({ name, character: this.#table.get(name) ?? "" }));
  }

  load(): void {
    if (this.#isAsked) return;
    this.#isAsked = true;
    void import("markdown-it-emoji/lib/data/full.mjs").then(
      ({ default: names }) => (this.#table = new Map(Object.entries(names))),
      () => (this.#isAsked = false),
    );
  }
}

export const emoji = new Emoji();

/** What people react with most. */
export const FREQUENT = ["+1", "eyes", "tada", "heart", "pray", "rocket", "white_check_mark", "joy"];

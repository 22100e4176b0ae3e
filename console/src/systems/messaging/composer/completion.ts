// What is being typed in front of the caret: `@in` for a member, `:smi` for an emoji, `#gen` for a channel.

export interface Completion {
  readonly kind: "member" | "emoji" | "channel" | "command";
  /** What is typed so far, without its sign. */
  readonly wanted: string;
  /** Where it begins, with its sign. */
  readonly from: number;
}

const SIGNS = { "@": "member", ":": "emoji", "#": "channel" } as const;
const BEFORE_CARET = /(?:^|[\s(])([@:#])([\p{L}\p{N}._+-]*)$/u;
/** A colon alone is punctuation. */
const EMOJI_LENGTH_MIN = 2;

/** Return what is being typed in front of the caret, or nothing. */
export function completionAt(text: string, caret: number): Completion | undefined {
  const before = text.slice(0, caret);
  const command = /^\/([a-z0-9_-]*)$/.exec(before);
  if (command) return { kind: "command", wanted: command[1] ?? "", from: 0 };
  // Within code, nothing is completed.
  if ((before.match(/```/g)?.length ?? 0) % 2 === 1) return undefined;
  const match = BEFORE_CARET.exec(before);
  if (!match) return undefined;
  const [, sign = "@", wanted = ""] = match;
  const kind = SIGNS[sign as keyof typeof SIGNS];
  if (kind === "emoji" && wanted.length < EMOJI_LENGTH_MIN) return undefined;
  return { kind, wanted: wanted.toLowerCase(), from: caret - wanted.length - 1 };
}

/** Return the command that a text begins with, if there is no such command; else nothing. */
export function unknownCommandOf(text: string, commands: readonly string[]): string {
  const [, command = ""] = /^(\/[a-z][a-z0-9_-]*)(?:\s|$)/.exec(text) ?? [];
  return commands.includes(command) ? "" : command;
}

/** Return the text with what was chosen, and where the caret is after it. */
export function complete(text: string, caret: number, { from }: Completion, chosen: string): { text: string; caret: number } {
  const inserted = `${chosen} `;
  const rest = text.slice(caret);
  return { text: text.slice(0, from) + inserted + (rest.startsWith(" ") ? rest.slice(1) : rest), caret: from + inserted.length };
}

/** Return the text with marks around what is selected, such as `*` for bold. */
export function wrap(text: string, start: number, end: number, mark: string): { text: string; start: number; end: number } {
  const isBlock = mark === "```";
  const [open, close] = isBlock ? [`${mark}\n`, `\n${mark}`] : [mark, mark];
  return { text: text.slice(0, start) + open + text.slice(start, end) + close + text.slice(end), start: start + open.length, end: end + open.length };
}

// Slack's mrkdwn as a tree: *bold*, _italic_, ~strike~, `code`, blocks of code, quotes, lists, links, mentions and emoji.
// The tree becomes elements of the page, never HTML, so no text of a stranger can be anything else than text.

export type Inline =
  | { readonly kind: "text" | "code"; readonly text: string }
  | { readonly kind: "bold" | "italic" | "strike"; readonly children: readonly Inline[] }
  | { readonly kind: "link"; readonly href: string; readonly label: string }
  | { readonly kind: "member"; readonly slackId: string }
  | { readonly kind: "channel"; readonly slackId: string; readonly label: string }
  | { readonly kind: "audience"; readonly word: string }
  | { readonly kind: "emoji"; readonly name: string }
  | { readonly kind: "break" };

export type Part =
  | { readonly kind: "paragraph" | "quote"; readonly children: readonly Inline[] }
  | { readonly kind: "list"; readonly isOrdered: boolean; readonly items: readonly (readonly Inline[])[] }
  | { readonly kind: "code"; readonly text: string };

const FENCE = /```\n?([\s\S]*?)\n?```/g;
const QUOTE = /^(?:&gt;|>) ?/;
const BULLET = /^\s{0,8}[-*•◦] +(?=\S)/;
const NUMBER = /^\s{0,8}\d{1,4}[.)] +(?=\S)/;
const STYLES = { "*": "bold", _: "italic", "~": "strike" } as const;
const TOKEN = new RegExp(
  [
    "`(?<code>[^`\\n]+)`",
    "<(?<angle>[^<>\\n]+)>",
    "(?<![\\w&])(?<mark>[*_~])(?=\\S)(?<styled>[^\\n]*?\\S)\\k<mark>(?![\\w])",
    "(?<![\\w:]):(?<emoji>[a-z0-9_+'-]{1,64}):",
    "(?<address>\\bhttps?://(?:\\([^\\s<>()]*\\)|[^\\s<>()])*(?:\\([^\\s<>()]*\\)|[^\\s<>().,;:!?'\"\\]]))",
  ].join("|"),
  "g",
);
/** Styles within styles, at most. */
const DEPTH_MAX = 6;

/** Return a text as its parts. */
export function parseMrkdwn(text: string): Part[] {
  const parts: Part[] = [];
  let end = 0;
  for (const match of text.matchAll(FENCE)) {
    parts.push(...linesToParts(text.slice(end, match.index)));
    parts.push({ kind: "code", text: unescapeText(match[1] ?? "") });
    end = match.index + match[0].length;
  }
  return [...parts, ...linesToParts(text.slice(end))];
}

/** Return one run of text. */
export function parseInline(text: string, depth = 0): Inline[] {
  const found: Inline[] = [];
  let end = 0;
  for (const match of text.matchAll(TOKEN)) {
    const token = tokenOf(match.groups ?? {}, depth);
    if (!token) continue;
    if (match.index > end) found.push({ kind: "text", text: unescapeText(text.slice(end, match.index)) });
    found.push(token);
    end = match.index + match[0].length;
  }
  if (end < text.length) found.push({ kind: "text", text: unescapeText(text.slice(end)) });
  return found;
}

/** Return a text as Slack's clients send it, so that no `<` of a person begins a mention. */
export function escapeText(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;");
}

export function unescapeText(text: string): string {
  return text.replaceAll("&lt;", "<").replaceAll("&gt;", ">").replaceAll("&amp;", "&");
}

/** Return a text without marks, for one line elsewhere and for screen readers. */
export function plainText(text: string, nameOf: (slackId: string) => string | undefined): string {
  const inline = (children: readonly Inline[]): string => children.map((each) => plainInline(each, nameOf, inline)).join("");
  return parseMrkdwn(text)
    .map((part) => (part.kind === "code" ? part.text : part.kind === "list" ? part.items.map(inline).join(", ") : inline(part.children)))
    .join(" ")
    .trim();
}

function plainInline(each: Inline, nameOf: (slackId: string) => string | undefined, inline: (children: readonly Inline[]) => string): string {
  switch (each.kind) {
    case "text":
    case "code":
      return each.text;
    case "link":
      return each.label;
    case "member":
      return `@${nameOf(each.slackId) ?? each.slackId}`;
    case "channel":
      return `#${each.label || each.slackId}`;
    case "audience":
      return `@${each.word}`;
    case "emoji":
      return `:${each.name}:`;
    case "break":
      return " ";
    default:
      return inline(each.children);
  }
}

function linesToParts(text: string): Part[] {
  const parts: Part[] = [];
  let lines: string[] = [];
  let kind: "paragraph" | "quote" | "bullets" | "numbers" = "paragraph";
  const finish = (): void => {
    const part = partOf(kind, lines);
    if (part) parts.push(part);
    lines = [];
  };
  for (const line of text.split("\n")) {
    const next = QUOTE.test(line) ? "quote" : BULLET.test(line) ? "bullets" : NUMBER.test(line) ? "numbers" : "paragraph";
    if (next !== kind) finish();
    kind = next;
    lines.push(line);
  }
  finish();
  return parts;
}

function partOf(kind: "paragraph" | "quote" | "bullets" | "numbers", lines: readonly string[]): Part | undefined {
  if (kind === "bullets" || kind === "numbers") {
    const pattern = kind === "bullets" ? BULLET : NUMBER;
    return { kind: "list", isOrdered: kind === "numbers", items: lines.map((line) => parseInline(line.replace(pattern, ""))) };
  }
  const bare = (kind === "quote" ? lines.map((line) => line.replace(QUOTE, "")) : lines).join("\n").replace(/^\n+|\n+$/g, "");
  return bare.trim() === "" ? undefined : { kind, children: withBreaks(bare) };
}

function withBreaks(text: string): Inline[] {
  return text.split("\n").flatMap((line, index): Inline[] => [...(index > 0 ? [{ kind: "break" } as const] : []), ...parseInline(line)]);
}

function tokenOf(groups: Partial<Record<string, string>>, depth: number): Inline | undefined {
  const { code, angle, mark, styled, emoji, address } = groups;
  if (code !== undefined) return { kind: "code", text: unescapeText(code) };
  if (angle !== undefined) return angleOf(angle);
  if (mark !== undefined && depth < DEPTH_MAX) return { kind: STYLES[mark as keyof typeof STYLES], children: parseInline(styled ?? "", depth + 1) };
  if (emoji !== undefined) return { kind: "emoji", name: emoji };
  if (address !== undefined) return { kind: "link", href: unescapeText(address), label: unescapeText(address) };
  return undefined;
}

/** What is in angle brackets: a mention, a channel, or an address. Anything else is text. */
function angleOf(text: string): Inline | undefined {
  const [target = "", label = ""] = text.split("|", 2);
  if (/^@[UW][0-9A-Z]+$/.test(target)) return { kind: "member", slackId: target.slice(1) };
  if (/^#[CGD][0-9A-Z]+$/.test(target)) return { kind: "channel", slackId: target.slice(1), label };
  if (/^!(here|channel|everyone)$/.test(target)) return { kind: "audience", word: target.slice(1) };
  if (/^!(date|subteam)\^/.test(target)) return { kind: "text", text: unescapeText(label) };
  if (/^(https?:\/\/|mailto:)/i.test(target)) return { kind: "link", href: unescapeText(target), label: unescapeText(label || target.replace(/^mailto:/i, "")) };
  return undefined;
}

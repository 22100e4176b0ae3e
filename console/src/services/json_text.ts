// JSON as text: `JSON.parse` turns 19.90 into 19.9 and rounds large integers, so payloads are shown from their text.

export type TokenKind = "key" | "string" | "number" | "plain";

export interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const TOKEN = /"(?:\\.|[^"\\])*"|-?\d[\d.eE+-]*|true|false|null|[{}[\],:]/g;

/** Return the text of a member of the outermost object, as it was written; undefined if there is none. */
export function memberText(json: string, name: string): string | undefined {
  let depth = 0;
  let start: number | undefined;
  const tokens = [...json.matchAll(TOKEN)];
  for (const [index, match] of tokens.entries()) {
    const text = match[0];
    const isEnd = depth === 1 && (text === "," || text === "}");
    if (start !== undefined && isEnd) return json.slice(start, match.index).trim();
    if (depth === 1 && text === JSON.stringify(name) && tokens[index + 1]?.[0] === ":" && start === undefined) {
      start = (tokens[index + 1]?.index ?? 0) + 1;
    }
    if (text === "{" || text === "[") depth += 1;
    if (text === "}" || text === "]") depth -= 1;
  }
  return undefined;
}

/** Return JSON indented and in tokens of one ink each; undefined if the text isn't JSON. */
export function inkJson(json: string): Token[] | undefined {
  try {
    JSON.parse(json);
  } catch {
    return undefined;
  }
  const found: Token[] = [];
  const texts = [...json.matchAll(TOKEN)].map((match) => match[0]);
  let depth = 0;
  const newLine = (): string => `\n${"  ".repeat(depth)}`;
  for (const [index, text] of texts.entries()) {
    const next = texts[index + 1];
    if (text === "{" || text === "[") {
      const isEmpty = next === "}" || next === "]";
      depth += 1;
      found.push({ kind: "plain", text: isEmpty ? text : text + newLine() });
    } else if (text === "}" || text === "]") {
      depth -= 1;
      const isEmpty = texts[index - 1] === "{" || texts[index - 1] === "[";
      found.push({ kind: "plain", text: isEmpty ? text : newLine() + text });
    } else if (text === ",") found.push({ kind: "plain", text: text + newLine() });
    else if (text === ":") found.push({ kind: "plain", text: ": " });
    else found.push({ kind: kindOf(text, next), text });
  }
  return found;
}

function kindOf(text: string, next: string | undefined): TokenKind {
  if (text.startsWith('"')) return next === ":" ? "key" : "string";
  return "number";
}

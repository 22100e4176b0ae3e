// Slack's rich text as the same tree that mrkdwn becomes.

import type { Inline, Part } from "../text/mrkdwn";
import { listIn, recordIn, textIn, type Json } from "./json";

/** Return the parts of a block of rich text. What it isn't allowed to have is left out. */
export function richTextParts(block: Json): Part[] {
  return listIn(block, "elements").flatMap(partsOf);
}

function partsOf(element: Json): Part[] {
  switch (element["type"]) {
    case "rich_text_section":
      return [{ kind: "paragraph", children: runsOf(element) }];
    case "rich_text_quote":
      return [{ kind: "quote", children: runsOf(element) }];
    case "rich_text_preformatted":
      return [{ kind: "code", text: listIn(element, "elements").map((each) => textIn(each, "text") || textIn(each, "url")).join("") }];
    case "rich_text_list":
      return [{ kind: "list", isOrdered: element["style"] === "ordered", items: listIn(element, "elements").map(runsOf) }];
    default:
      return [];
  }
}

function runsOf(section: Json): Inline[] {
  return listIn(section, "elements").flatMap((element) => {
    const run = runOf(element);
    return run.flatMap((each) => styled(each, recordIn(element, "style")));
  });
}

function runOf(element: Json): Inline[] {
  const text = textIn(element, "text");
  switch (element["type"]) {
    case "text":
      return withBreaks(text, recordIn(element, "style")["code"] === true);
    case "link":
      return isAddress(textIn(element, "url")) ? [{ kind: "link", href: textIn(element, "url"), label: text || textIn(element, "url") }] : [{ kind: "text", text }];
    case "user":
      return [{ kind: "member", slackId: textIn(element, "user_id") }];
    case "channel":
      return [{ kind: "channel", slackId: textIn(element, "channel_id"), label: "" }];
    case "broadcast":
      return [{ kind: "audience", word: textIn(element, "range") }];
    case "emoji":
      return [{ kind: "emoji", name: textIn(element, "name") }];
    default:
      return text ? [{ kind: "text", text }] : [];
  }
}

function withBreaks(text: string, isCode: boolean): Inline[] {
  return text.split("\n").flatMap((line, index): Inline[] => [
    ...(index > 0 ? [{ kind: "break" } as const] : []),
    ...(line ? [{ kind: isCode ? "code" : "text", text: line } as const] : []),
  ]);
}

function styled(run: Inline, style: Json): Inline[] {
  let result = run;
  for (const [name, kind] of [["bold", "bold"], ["italic", "italic"], ["strike", "strike"]] as const) {
    if (style[name] === true) result = { kind, children: [result] };
  }
  return [result];
}

/** Whether a link may lead there. */
export function isAddress(url: string): boolean {
  return /^(https?:\/\/|mailto:)/i.test(url);
}

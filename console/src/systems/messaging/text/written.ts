// A message's text as people write it, and as the server keeps it.

import { escapeText, unescapeText } from "./mrkdwn";

const CODE = /(```[\s\S]*?```|`[^`\n]*`)/;

/** Return a stored text as its author would write it: `@name` for a mention, `#name` for a channel. */
export function writtenText(stored: string, nameOf: (slackId: string) => string | undefined): string {
  const named = stored
    .replace(/<@([UW][0-9A-Z]+)(?:\|[^<>]*)?>/g, (whole, slackId: string) => {
      const name = nameOf(slackId);
      return name ? `@${name}` : whole;
    })
    .replace(/<#[CGD][0-9A-Z]+\|([^<>|]+)>/g, "#$1")
    .replace(/<!(here|channel|everyone)(?:\|[^<>]*)?>/g, "@$1")
    .replace(/<((?:https?:\/\/|mailto:)[^<>|]+)>/g, "$1");
  return unescapeText(named);
}

/** Return what a person has written as it is sent. `@name` stays for the server; mentions without a name stay mentions. */
export function storedText(written: string, channelIdOf: (name: string) => string | undefined = () => undefined): string {
  const link = (whole: string, name: string): string => {
    const slackId = channelIdOf(name);
    return slackId ? `<#${slackId}|${name}>` : whole;
  };
  return escapeText(written)
    .replace(/&lt;(@[UW][0-9A-Z]+|#[CGD][0-9A-Z]+)&gt;/g, "<$1>")
    .split(CODE)
    .map((part, index) => (index % 2 ? part : part.replace(/(?<![\w#&/])#([a-z0-9_-]{1,80})\b/g, link)))
    .join("");
}

// What completes the word that is being typed.

import { nameOf } from "../people/directory.svelte";
import type { emoji as Emoji } from "../text/emoji.svelte";
import type { Workspace } from "../workspace.svelte";
import type { Completion } from "./completion";

export interface Suggestion {
  readonly key: string;
  /** What stands in the text if it is chosen. */
  readonly inserted: string;
  readonly mark: string;
  readonly name: string;
  readonly note: string;
}

const SHOWN_MAX = 8;
const AUDIENCES = [
  { word: "here", note: "those who are active" },
  { word: "channel", note: "everybody in the channel" },
];

/** Return what fits, best first. */
export function suggestionsFor(completion: Completion, workspace: Workspace, emoji: typeof Emoji): readonly Suggestion[] {
  const { kind, wanted } = completion;
  if (kind === "member") return memberSuggestions(wanted, workspace);
  if (kind === "channel") return channelSuggestions(wanted, workspace);
  if (kind === "emoji") return emoji.find(wanted, SHOWN_MAX).map(({ name, character }) => ({ key: name, inserted: `:${name}:`, mark: character, name: `:${name}:`, note: "" }));
  const commands = workspace.apps.commands.filter((command) => command.startsWith(`/${wanted}`));
  return commands.slice(0, SHOWN_MAX).map((command) => ({ key: command, inserted: command, mark: "/", name: command, note: "" }));
}

function memberSuggestions(wanted: string, workspace: Workspace): Suggestion[] {
  const members = workspace.directory.all
    .filter((member) => !member.isDeactivated && (member.name.startsWith(wanted) || hasWord(nameOf(member), wanted)))
    .map((member) => ({ key: member.memberId, inserted: `@${member.name}`, mark: "@", name: nameOf(member), note: `@${member.name}` }));
  const audiences = AUDIENCES.filter(({ word }) => word.startsWith(wanted)).map(({ word, note }) => ({ key: word, inserted: `@${word}`, mark: "@", name: word, note }));
  return [...members.slice(0, SHOWN_MAX - audiences.length), ...audiences];
}

function channelSuggestions(wanted: string, workspace: Workspace): Suggestion[] {
  return workspace.channels
    .filter((channel) => channel.name?.includes(wanted))
    .slice(0, SHOWN_MAX)
    .map((channel) => ({ key: channel.channelId, inserted: `#${channel.name}`, mark: "#", name: channel.name ?? "", note: channel.topic }));
}

function hasWord(text: string, beginning: string): boolean {
  return text.toLowerCase().split(/\s+/).some((word) => word.startsWith(beginning));
}

// Who is there: the members of the organisation, by their ids.

import { getMember, listMembers, type Member } from "$/services/messaging";

/** Pages of members that are read at the beginning; the others are read when something of them is shown. */
const PAGES_MAX = 20;

export class Directory {
  #byId = $state.raw<ReadonlyMap<string, Member>>(new Map());
  readonly #bySlackId = $derived(new Map([...this.#byId.values()].map((member) => [member.slackId, member])));
  #asked = new Set<string>();

  /** By name. */
  readonly all = $derived([...this.#byId.values()].sort((one, other) => nameOf(one).localeCompare(nameOf(other))));

  get(memberId: string): Member | undefined {
    const found = this.#byId.get(memberId);
    if (!found && memberId) void this.#ask(memberId);
    return found;
  }

  /** By its id in Slack's API, which mentions have. */
  getMentioned(slackId: string): Member | undefined {
    return this.#bySlackId.get(slackId);
  }

  /** What a member is called; `…` until it is known. */
  nameOf(memberId: string): string {
    const member = this.get(memberId);
    return member ? nameOf(member) : "…";
  }

  async refresh(): Promise<void> {
    const found = new Map(this.#byId);
    let cursor: string | undefined;
    for (let pages = 0; pages < PAGES_MAX; pages++) {
      const page = await listMembers(cursor);
      for (const member of page.items) found.set(member.memberId, member);
      if (page.nextCursor === null) break;
      cursor = page.nextCursor;
    }
    this.#byId = found;
  }

  async #ask(memberId: string): Promise<void> {
    if (this.#asked.has(memberId)) return;
    this.#asked.add(memberId);
    const member = await getMember(memberId).catch(() => undefined);
    if (member) this.#byId = new Map(this.#byId).set(memberId, member);
  }
}

export function nameOf(member: Member): string {
  return member.displayName || member.realName || member.name;
}

/** Two letters for the square in front of a message. */
export function initialsOf(name: string): string {
  const parts = name.split(/[\s._-]+/).filter(Boolean);
  return ((parts[0]?.[0] ?? "") + (parts.length > 1 ? (parts.at(-1)?.[0] ?? "") : (parts[0]?.[1] ?? ""))).toUpperCase();
}

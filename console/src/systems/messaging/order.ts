// The order of the list: channels by name, then conversations by the names of the others.

import type { Channel } from "$/services/messaging";

export function namedOf(channels: readonly Channel[]): Channel[] {
  return channels
    .filter((channel) => channel.name !== null && channel.archivedAt === null)
    .sort((one, other) => (one.name ?? "").localeCompare(other.name ?? ""));
}

export function conversationsOf(channels: readonly Channel[], nameOf: (channel: Channel) => string): Channel[] {
  return channels.filter((channel) => channel.name === null).sort((one, other) => nameOf(one).localeCompare(nameOf(other)));
}

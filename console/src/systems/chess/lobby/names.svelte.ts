// The names of players, which lists of games don't have.

import { getPlayer } from "$/services/chess";

class Names {
  #known = $state.raw<ReadonlyMap<string, string>>(new Map());
  #asked = new Set<string>();

  /** The name of a player, or `…` until it was read. */
  of(playerId: string): string {
    return this.#known.get(playerId) ?? "…";
  }

  /** Read those of these players that aren't known. */
  async read(playerIds: readonly string[]): Promise<void> {
    const missing = [...new Set(playerIds)].filter((id) => !this.#asked.has(id));
    missing.forEach((id) => this.#asked.add(id));
    const found = await Promise.all(missing.map((id) => getPlayer(id).catch(() => undefined)));
    const read = found.flatMap((player) => (player ? [[player.playerId, player.name] as const] : []));
    if (read.length) this.#known = new Map([...this.#known, ...read]);
  }
}

export const names = new Names();

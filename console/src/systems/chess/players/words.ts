// What is said of players.

import type { Player } from "$/services/chess";

export function kindOf(player: Pick<Player, "isBot" | "isGuest" | "hasAccount">): string {
  if (player.isBot) return "Bot";
  if (player.isGuest) return "Guest";
  return player.hasAccount ? "Person" : "Player of a program";
}

/** Such as `blitz 1687, rapid 1500?`, that with the most games first. */
export function ratingsText({ ratings }: Pick<Player, "ratings">): string {
  return Object.entries(ratings)
    .sort(([, one], [, two]) => two.games - one.games)
    .map(([speed, { rating, isProvisional }]) => `${speed} ${rating}${isProvisional ? "?" : ""}`)
    .join(", ");
}

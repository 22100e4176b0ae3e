// What the shell needs to know of chess.

import ChessKnight from "@lucide/svelte/icons/chess-knight";

import { listPlayers } from "$/services/chess";
import type { ConsoleSystem } from "$/systems/registry";

export const chess: ConsoleSystem = {
  name: "chess",
  title: "Chess",
  key: "h",
  place: 5,
  icon: ChessKnight,
  routes: [
    { pattern: "/chess", load: () => import("./lobby/Lobby.svelte") },
    { pattern: "/chess/games", load: () => import("./lobby/Games.svelte") },
    { pattern: "/chess/games/:id", load: () => import("./game/Game.svelte") },
    { pattern: "/chess/players", load: () => import("./players/Players.svelte") },
    { pattern: "/chess/players/:id", load: () => import("./players/Player.svelte") },
  ],
  publicRoutes: [{ pattern: "/chess/join/:id", load: () => import("./Join.svelte") }],
  pages: [
    { name: "Play", kind: "chess", href: "/chess" },
    { name: "Games", kind: "chess", href: "/chess/games" },
    { name: "Players", kind: "chess", href: "/chess/players" },
  ],
  find: async () => (await listPlayers()).items.map(({ name, playerId }) => ({ name, kind: "player", href: `/chess/players/${playerId}` })),
  idLinks: new Map([
    ["game", (id) => `/chess/games/${id}`],
    ["plr", (id) => `/chess/players/${id}`],
  ]),
};

// Chess: games and their logs, players, challenges and seeks.

import { call } from "./http";
import type { Page } from "./pages";
import { camelize } from "./shape";

export type Colour = "white" | "black";
export type GameStatus = "created" | "running" | "ended";
export type Speed = "ultraBullet" | "bullet" | "blitz" | "rapid" | "classical" | "correspondence";

/** Time on the clock with an increment, days per turn, or neither. */
export interface ClockSetting {
  readonly limitS?: number | null;
  readonly incrementS?: number | null;
  readonly daysPerTurn?: number | null;
}

export interface PlayerInGame {
  readonly playerId: string;
  readonly name: string;
  readonly isBot: boolean;
  readonly isGuest: boolean;
  readonly rating: number | null;
  readonly isProvisional: boolean;
  readonly ratingChange: number | null;
}

export interface MoveView {
  readonly ply: number;
  readonly uci: string;
  readonly san: string;
  /** What the mover's clock shows after the move; null without a clock. */
  readonly clockMs: number | null;
  readonly elapsedMs: number | null;
  readonly lagMs: number | null;
  readonly compensationMs: number | null;
  /** How much lag may still be compensated; only the log has it. */
  readonly quotaMs?: number | null;
}

export interface ClocksView {
  /** Null without a limit. */
  readonly whiteMs: number | null;
  readonly blackMs: number | null;
  readonly running: Colour | null;
  /** The server's time at which this was so. */
  readonly at: string;
}

/** Whether a player is at a game, as the player's client has last said. */
export interface PresenceView {
  readonly isGone: boolean;
  readonly seenAt: string;
  readonly claimableAt: string | null;
}

/** A game in a list. */
export interface GameSummary {
  readonly gameId: string;
  readonly shortId: string;
  readonly status: GameStatus;
  readonly winner: Colour | null;
  readonly reason: string | null;
  readonly speed: Speed;
  readonly isRated: boolean;
  readonly clock: ClockSetting | null;
  readonly whitePlayerId: string;
  readonly blackPlayerId: string;
  readonly initialFen: string;
  readonly fen: string;
  readonly ply: number;
  readonly clocks: ClocksView;
  readonly offers: { readonly draw: Colour | null; readonly takeback: Colour | null };
  /** The last entry of its log. */
  readonly lastSequence: number;
  readonly liveChannel: string;
  readonly createdAt: string;
}

export interface GameView extends GameSummary {
  readonly moves: readonly MoveView[];
  readonly white: PlayerInGame;
  readonly black: PlayerInGame;
  readonly presence: Readonly<Record<Colour, PresenceView | null>>;
  readonly chatLiveChannel: string;
}

/** An entry of a game's log. What else it has depends on its type. */
export interface LogEvent {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly [field: string]: unknown;
}

/** The server's word about a move or another action, given after it was written. */
export interface Answer {
  readonly result: "committed" | "rejected";
  readonly reason?: string | null;
  readonly detail?: string | null;
  readonly sequence: number | null;
  readonly at: string;
}

export interface Player {
  readonly playerId: string;
  readonly name: string;
  readonly isBot: boolean;
  readonly isGuest: boolean;
  readonly ratings: Readonly<Record<string, { readonly rating: number; readonly isProvisional: boolean; readonly games: number }>>;
  readonly createdAt: string;
}

export interface RatingPoint {
  readonly speed: Speed;
  readonly rating: number;
  readonly difference: number;
  readonly deviation: number;
  readonly at: string;
  readonly gameId: string;
}

export interface Challenge {
  readonly challengeId: string;
  readonly status: ChallengeStatus;
  /** Whether whoever has the link can accept it. */
  readonly isOpen: boolean;
  readonly fromPlayer: Player;
  readonly toPlayer: Player | null;
  readonly clock: ClockSetting | null;
  readonly colour: Colour | "random";
  readonly isRated: boolean;
  readonly speed: Speed;
  readonly url: string;
  readonly gameId: string | null;
  readonly createdAt: string;
}

export type ChallengeStatus = "created" | "accepted" | "declined" | "canceled" | "expired";

/** What an open challenge says to who comes by its link. */
export interface PublicChallenge {
  readonly challengeId: string;
  readonly status: ChallengeStatus;
  readonly fromName: string;
  readonly clock: ClockSetting | null;
  readonly isRated: boolean;
}

export interface AcceptedGame {
  readonly gameId: string;
  readonly shortId: string;
}

export interface Seek {
  readonly seekId: string;
  readonly player: Player;
  readonly rating: number;
  readonly clock: ClockSetting | null;
  readonly colour: Colour | "random";
  readonly isRated: boolean;
  readonly speed: Speed;
  readonly createdAt: string;
}

export interface ChatLine {
  readonly sequence: number;
  readonly name: string;
  readonly text: string;
  readonly room: Room;
  readonly at: string;
}

export type Room = "player" | "spectator";

export type GameAction =
  | "resign"
  | "abort"
  | "offer_draw"
  | "accept_draw"
  | "decline_draw"
  | "claim_draw"
  | "offer_takeback"
  | "accept_takeback"
  | "decline_takeback"
  | "claim_victory"
  | "claim_draw_gone"
  | "add_time";

/** Terms of a game that somebody proposes. */
export interface Terms {
  readonly clock: ClockSetting | null;
  readonly colour: Colour | "random";
  readonly isRated: boolean;
}

/** What is sent again with the same id if no answer came in this time. */
const ANSWER_MS_MAX = 8_000;

export function getMe(): Promise<Player> {
  return call("GET", "/chess/me");
}

export function getGame(id: string): Promise<GameView> {
  return call("GET", `/chess/games/${id}`, { timeoutMs: ANSWER_MS_MAX });
}

export function listGames(filter: { status?: GameStatus | undefined; playerId?: string | undefined }, cursor?: string, limit = 20): Promise<Page<GameSummary>> {
  return call("GET", "/chess/games", { query: { ...snakeQuery(filter), cursor, limit } });
}

function snakeQuery({ status, playerId }: { status?: GameStatus | undefined; playerId?: string | undefined }): Record<string, string | undefined> {
  return { status, player_id: playerId };
}

export function playMove(
  gameId: string,
  body: { ply: number; move: string; clientMoveId: string; lagMs: number | null; moveTimeMs: number | null },
): Promise<Answer> {
  return call("POST", `/chess/games/${gameId}/moves`, { body, timeoutMs: ANSWER_MS_MAX });
}

export function act(gameId: string, action: GameAction, clientActionId: string): Promise<Answer> {
  return call("POST", `/chess/games/${gameId}/actions`, { body: { action, clientActionId }, timeoutMs: ANSWER_MS_MAX });
}

/** Say that the player is at the game, every few seconds; else the opponent may claim it. */
export function sayPresent(gameId: string): Promise<void> {
  return call("POST", `/chess/games/${gameId}/presence`, { body: {}, timeoutMs: ANSWER_MS_MAX });
}

/** Return an entry of a game's live channel, or nothing if it is none. */
export function readLogEvent(entry: unknown): LogEvent | undefined {
  const event = camelize(entry) as LogEvent | null;
  return typeof event === "object" && typeof event?.sequence === "number" && typeof event.type === "string" ? event : undefined;
}

export async function listChat(gameId: string, room: Room): Promise<ChatLine[]> {
  return (await call<{ items: ChatLine[] }>("GET", `/chess/games/${gameId}/chat`, { query: { room } })).items;
}

export function say(gameId: string, room: Room, text: string): Promise<unknown> {
  return call("POST", `/chess/games/${gameId}/chat`, { body: { room, text } });
}

export function getPlayer(idOrName: string): Promise<Player> {
  return call("GET", `/chess/players/${idOrName}`);
}

export function listPlayers(cursor?: string, limit = 100): Promise<Page<Player>> {
  return call("GET", "/chess/players", { query: { cursor, limit } });
}

export async function listRatings(playerId: string): Promise<RatingPoint[]> {
  return (await call<{ items: RatingPoint[] }>("GET", `/chess/players/${playerId}/ratings`)).items;
}

export async function listChallenges(): Promise<Challenge[]> {
  return (await call<{ items: Challenge[] }>("GET", "/chess/challenges")).items;
}

export function createChallenge(body: Terms & { toPlayerId: string | null }): Promise<Challenge> {
  return call("POST", "/chess/challenges", { body });
}

/** Offer another game with the colours changed, or accept that offer. */
export function offerRematch(gameId: string): Promise<Challenge> {
  return call("POST", `/chess/games/${gameId}/rematch`, { body: {} });
}

export function acceptChallenge(id: string): Promise<AcceptedGame> {
  return call("POST", `/chess/challenges/${id}/accept`, { body: {} });
}

export function endChallenge(id: string, verb: "decline" | "cancel"): Promise<Challenge> {
  return call("POST", `/chess/challenges/${id}/${verb}`, { body: {} });
}

export async function listSeeks(): Promise<Seek[]> {
  return (await call<{ items: Seek[] }>("GET", "/chess/seeks")).items;
}

/** Look for an opponent: a seek that others see, or at once a game with one that fits. */
export function createSeek(body: Terms): Promise<{ seek: Seek | null; game: AcceptedGame | null }> {
  return call("POST", "/chess/seeks", { body });
}

export function deleteSeek(id: string): Promise<void> {
  return call("DELETE", `/chess/seeks/${id}`);
}

export function acceptSeek(id: string): Promise<AcceptedGame> {
  return call("POST", `/chess/seeks/${id}/accept`, { body: {} });
}

export function getPublicChallenge(id: string): Promise<PublicChallenge> {
  return call("GET", `/chess/challenges/${id}/public`);
}

/** Accept an open challenge without an account: a guest gets a player and a token. */
export function joinChallenge(id: string): Promise<AcceptedGame & { player: Player; token: string }> {
  return call("POST", `/chess/challenges/${id}/join`);
}

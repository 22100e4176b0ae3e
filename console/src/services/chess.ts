// Chess: games and their logs, players and their tokens, challenges and seeks.

import { call, callForText, type Wire } from "./http";
import type { Page } from "./pages";
import { camelize, type Camel } from "./shape";

export type Colour = "white" | "black";
export type GameStatus = Wire["GameStatus"];
export type Speed = Wire["Speed"];
/** Time on the clock with an increment, or days per turn. */
export type ClockSetting = Partial<Camel<Wire["ClockView"]>>;
export type GameSummary = Camel<Wire["GameSummary"]>;
export type GameView = Camel<Wire["GameView"]>;
export type PlayerInGame = Camel<Wire["SideView"]>;
export type MoveView = Camel<Wire["MoveView"]>;
/** What both have left at an instant of the server's time; null without a limit. */
export type ClocksView = Camel<Wire["RunningClocksView"]>;
/** The server's word about a move or another action, given after it was written. */
export type Answer = Camel<Wire["GameAnswerView"]>;
export type GameAction = Wire["TakeAction"]["action"];
export type Player = Camel<Wire["PlayerView"]>;
export type RatingPoint = Camel<Wire["RatingChangeView"]>;
export type PlayerToken = Camel<Wire["PlayerTokenView"]>;
export type CreatedPlayerToken = Camel<Wire["CreatedPlayerTokenView"]>;
export type Challenge = Camel<Wire["ChallengeView"]>;
/** What an open challenge says to who comes by its link. */
export type PublicChallenge = Camel<Wire["PublicChallengeView"]>;
export type AcceptedGame = Camel<Wire["AcceptedView"]>;
export type Joined = Camel<Wire["JoinedView"]>;
export type Seek = Camel<Wire["SeekView"]>;
export type Sought = Camel<Wire["SoughtView"]>;
export type ChatLine = Camel<Wire["ChatLineView"]>;
export type Room = ChatLine["room"];

/** An entry of a game's log. What else it has depends on its type. */
export interface LogEvent {
  readonly sequence: number;
  readonly type: string;
  readonly at: string;
  readonly [field: string]: unknown;
}

/** Terms of a game that somebody proposes. */
export interface Terms {
  readonly clock: ClockSetting | null;
  readonly colour: Colour | "random";
  readonly isRated: boolean;
  /** The position to begin with; null for the usual one. */
  readonly initialFen: string | null;
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

/** Return a game in Portable Game Notation. */
export function getPgn(gameId: string): Promise<string> {
  return callForText("GET", `/chess/games/${gameId}/pgn`);
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

/** Say that the player leaves the game, also from a page that is being closed. */
export function sayLeaving(gameId: string): Promise<void> {
  return call("POST", `/chess/games/${gameId}/presence`, { body: { isLeaving: true }, isLast: true });
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

/** Create a player without an account: a bot, or a user of one's own product. */
export function createPlayer(body: { name: string; isBot: boolean }): Promise<Player> {
  return call("POST", "/chess/players", { body });
}

export async function listPlayerTokens(playerId: string): Promise<PlayerToken[]> {
  return (await call<{ items: PlayerToken[] }>("GET", `/chess/players/${playerId}/tokens`)).items;
}

/** Create a token that plays for a player. Only this answer has its text. */
export function createPlayerToken(playerId: string, body: { name: string; expiresInS: number | null }): Promise<CreatedPlayerToken> {
  return call("POST", `/chess/players/${playerId}/tokens`, { body });
}

export function revokePlayerToken(playerId: string, tokenId: string): Promise<void> {
  return call("DELETE", `/chess/players/${playerId}/tokens/${tokenId}`);
}

export async function listRatings(playerId: string): Promise<RatingPoint[]> {
  return (await call<{ items: RatingPoint[] }>("GET", `/chess/players/${playerId}/ratings`)).items;
}

export async function listChallenges(): Promise<Challenge[]> {
  return (await call<{ items: Challenge[] }>("GET", "/chess/challenges")).items;
}

/** Read a challenge, also one that was answered. */
export function getChallenge(id: string): Promise<Challenge> {
  return call("GET", `/chess/challenges/${id}`);
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
export function createSeek({ clock, colour, isRated }: Terms): Promise<Sought> {
  return call("POST", "/chess/seeks", { body: { clock, colour, isRated } });
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
export function joinChallenge(id: string): Promise<Joined> {
  return call("POST", `/chess/challenges/${id}/join`);
}

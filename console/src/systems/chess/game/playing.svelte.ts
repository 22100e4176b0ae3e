// One game on this page: its log over the feed, own moves to the server, and the connection in between.

import { NoAnswerError, RefusedError } from "$/services/http";
import { act, getGame, playMove, readLogEvent, type Answer, type Colour, type GameAction, type GameView } from "$/services/chess";
import { connection } from "$/services/connection.svelte";
import { feed } from "$/services/feed";

import { ServerTime } from "./clocks";
import { keepOwnMoves, readOwnMoves } from "./own_moves";
import { qualityOf, withTrip, type RoundTrip } from "./quality";
import { positionAfter, type LegalMove, type Position } from "./rules";
import {
  answered,
  begin,
  dismiss,
  isBehind,
  make,
  pendingOf,
  receive,
  reload,
  sending,
  unanswered,
  unsentOf,
  type GameState,
  type OwnMove,
} from "./state";

/** How long an entry may be missing before the game is read again. */
const BEHIND_MS_MAX = 400;
/** How soon a move is sent again that the server could not take. */
const AGAIN_MS = 1_000;

export interface Premove {
  readonly from: string;
  readonly to: string;
  readonly promotion: string;
}

export class Playing {
  view = $state.raw<GameView | undefined>();
  state = $state.raw<GameState | undefined>();
  error = $state.raw<unknown>(null);
  premove = $state.raw<Premove | undefined>();
  /** The premove that wasn't possible when its turn came, until the next move. */
  missed = $state.raw<Premove | undefined>();
  trips = $state.raw<readonly RoundTrip[]>([]);
  /** What a screen reader says. */
  announcement = $state("");
  readonly time = new ServerTime();
  readonly position = $derived.by((): Position | undefined => this.state && positionAfter(this.view?.initialFen ?? "", this.#shownMoves));
  /** When this page has seen the turn begin; nothing if it was opened later. */
  #turnSeenAt: number | undefined;
  #generation = 0;
  #isSending = false;
  #timers = new Set<ReturnType<typeof setTimeout>>();

  /** `playerId` is the one who looks; nothing if that isn't a player. */
  constructor(
    readonly gameId: string,
    readonly playerId: () => string | undefined,
  ) {}

  get mine(): Colour | undefined {
    const id = this.playerId();
    if (!this.view || !id) return undefined;
    return this.view.white.playerId === id ? "white" : this.view.black.playerId === id ? "black" : undefined;
  }

  get pending(): OwnMove | undefined {
    return this.state && pendingOf(this.state);
  }

  get isMyTurn(): boolean {
    return this.state?.status !== "ended" && this.position?.turn === this.mine && !this.pending;
  }

  /** Follow the game. Returns what ends that. */
  follow(): () => void {
    const ends = [
      feed.watch(this.view?.liveChannel ?? `chess.game:${this.gameId}`, (entry) => this.#take(entry)),
      connection.onReturn(() => {
        void this.refresh();
        void this.#send();
      }),
    ];
    void this.refresh();
    return () => {
      ends.forEach((end) => end());
      this.#timers.forEach(clearTimeout);
    };
  }

  /** Read the game from the API. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    const [asked, sentAt] = [this.state?.sequence ?? 0, Date.now()];
    try {
      const view = await getGame(this.gameId);
      this.time.sample(Date.parse(view.clocks.at), sentAt, Date.now());
      if (generation !== this.#generation) return;
      this.view = view;
      this.error = null;
      this.#set(this.state ? reload(this.state, view, asked) : begin(view, readOwnMoves(this.gameId)));
    } catch (error) {
      if (generation === this.#generation) this.error = error;
    }
  }

  /** Play a legal move, or remember it for when it is this player's turn. */
  play(move: LegalMove, moveTimeMs = this.#thoughtMs): void {
    if (!this.state) return;
    [this.premove, this.missed] = [undefined, undefined];
    const { uci, san } = move;
    this.#set(make(this.state, { clientMoveId: crypto.randomUUID(), uci, san, madeAt: Date.now(), moveTimeMs }));
  }

  /** Forget that a move was refused. */
  dismiss(): void {
    if (this.state) this.#set(dismiss(this.state));
  }

  /** Do something besides moving. It has one id, with which it is asked for until the server has answered. */
  async act(action: GameAction): Promise<Answer> {
    const id = crypto.randomUUID();
    const answer = await untilAnswered(() => act(this.gameId, action, id));
    if (answer.result === "committed" && (answer.sequence ?? 0) > (this.state?.sequence ?? 0)) this.#later(() => this.refresh(), BEHIND_MS_MAX);
    return answer;
  }

  /** Take a measured round trip; null if no answer came. */
  measured(ms: number | null): void {
    this.trips = withTrip(this.trips, { at: Date.now(), ms });
  }

  get #shownMoves(): readonly string[] {
    const { state } = this;
    if (!state) return [];
    const pending = pendingOf(state);
    return [...state.moves.map((move) => move.uci), ...(pending ? [pending.uci] : [])];
  }

  #take(entry: unknown): void {
    const event = readLogEvent(entry);
    if (!event || !this.state) void this.refresh();
    else this.#set(receive(this.state, event));
  }

  #set(next: GameState): void {
    const before = this.state;
    if (next === before) return;
    this.state = next;
    keepOwnMoves(this.gameId, next.own);
    if (before && next.moves.length !== before.moves.length) this.#turned();
    // What the log doesn't say, such as how the ratings have changed, is read again.
    if (before && next.status !== before.status) void this.refresh();
    if (isBehind(next)) this.#later(() => (this.state && isBehind(this.state) ? this.refresh() : undefined), BEHIND_MS_MAX);
    void this.#send();
  }

  #turned(): void {
    this.#turnSeenAt = performance.now();
    const { premove, position } = this;
    if (!premove || !this.isMyTurn || !position) return;
    this.premove = undefined;
    const uci = premove.from + premove.to;
    const move = position.legal.find((each) => each.uci === uci || each.uci === uci + (premove.promotion || "q"));
    if (move) this.play(move, 0);
    else [this.missed, this.announcement] = [premove, "The premove isn't possible any more."];
  }

  /** Send the open move; again and with the same id until it is answered. */
  async #send(): Promise<void> {
    const move = this.state && unsentOf(this.state);
    if (!move || this.#isSending || connection.lostAt !== null) return;
    this.#isSending = true;
    this.#set(sending(this.state!, move.clientMoveId));
    const { clientMoveId, ply, uci, moveTimeMs } = move;
    const [began, sentAt] = [performance.now(), Date.now()];
    try {
      const answer = await playMove(this.gameId, { ply, move: uci, clientMoveId, moveTimeMs, lagMs: this.#lagMs });
      this.time.sample(Date.parse(answer.at), sentAt, Date.now());
      this.measured(performance.now() - began);
      this.#isSending = false;
      this.#set(answered(this.state!, clientMoveId, answer));
    } catch (error) {
      this.#isSending = false;
      this.#failed(clientMoveId, error);
    }
  }

  #failed(clientMoveId: string, error: unknown): void {
    const isFinal = error instanceof RefusedError && error.problem.status < 500 && error.problem.status !== 429;
    if (isFinal) {
      const { code, detail } = error.problem;
      this.#set(answered(this.state!, clientMoveId, { result: "rejected", reason: code, detail, sequence: 0 }));
      return;
    }
    if (error instanceof NoAnswerError) this.measured(null);
    // Set without sending at once: that happens when the connection is back, or a little later.
    this.state = unanswered(this.state!, clientMoveId);
    this.#later(() => this.#send(), AGAIN_MS);
  }

  /** How long the player thought. The server can't be told if the page was opened meanwhile: the rest isn't lag. */
  get #thoughtMs(): number | null {
    return this.#turnSeenAt === undefined ? null : Math.round(performance.now() - this.#turnSeenAt);
  }

  get #lagMs(): number | null {
    const { meanMs } = qualityOf(this.trips, Date.now());
    return meanMs === null ? null : Math.round(meanMs);
  }

  #later(task: () => unknown, ms: number): void {
    const timer = setTimeout(() => {
      this.#timers.delete(timer);
      void task();
    }, ms);
    this.#timers.add(timer);
  }
}

/** Ask until the server answers; for requests that an id makes safe to repeat. */
export async function untilAnswered<T>(request: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await request();
    } catch (error) {
      if (!(error instanceof NoAnswerError)) throw error;
      await theReturn();
    }
  }
}

function theReturn(): Promise<void> {
  return new Promise((resolve) => {
    const end = connection.onReturn(() => {
      end();
      resolve();
    });
  });
}

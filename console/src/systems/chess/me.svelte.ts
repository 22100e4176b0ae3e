// The player who looks: that of who is signed in, or a guest's. What happens to it: challenges, and games that begin.

import { location, navigate } from "$/lib/router.svelte";
import { toasts } from "$/lib/toasts.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { getChallenge, getMe, listChallenges, offerRematch, type Challenge, type Player } from "$/services/chess";
import { getBearerToken } from "$/services/http";
import { current } from "$/services/session.svelte";

class Me {
  player = $state.raw<Player | undefined>();
  challenges = $state.raw<readonly Challenge[]>([]);
  error = $state.raw<unknown>(null);
  /** Whether a game is being played, which another one must not take the place of. */
  isPlaying = $state(false);
  /** Shows a game that has begun; a guest's page does it in its own way. */
  show: (gameId: string) => void = showPage;
  #of = "";
  /** Own challenges whose answer is waited for. */
  #followed = new Set<string>();
  /** Challenges that were said already. */
  #announced = new Set<string>();

  /** Keep it current while a component is shown. */
  watch(): void {
    useFeed(
      () => [`chess.player:${this.player?.playerId ?? "none"}`],
      () => this.refresh(),
    );
  }

  async refresh(): Promise<void> {
    try {
      await this.#beWhoIsHere();
      this.challenges = await listChallenges();
      for (const each of this.challenges) if (each.fromPlayer.playerId === this.player?.playerId) this.follow(each.challengeId);
      this.#announce();
      await this.#readAnswers();
      this.error = null;
    } catch (error) {
      this.error = error;
    }
  }

  /** Offer a rematch of a game, or begin it if the other player has offered one. */
  async offerRematch(gameId: string): Promise<void> {
    const challenge = await offerRematch(gameId);
    if (challenge.gameId) return this.show(challenge.gameId);
    this.challenges = [challenge, ...this.challenges.filter((each) => each.challengeId !== challenge.challengeId)];
    this.follow(challenge.challengeId);
  }

  /** Go to the game of an own challenge once it is accepted. */
  follow(challengeId: string): void {
    this.#followed.add(challengeId);
  }

  /** Don't, because it was canceled here. */
  unfollow(challengeId: string): void {
    this.#followed.delete(challengeId);
  }

  /** Say that somebody challenges the player, unless the page shows it. */
  #announce(): void {
    for (const { challengeId, fromPlayer, rematchOf, status, toPlayer } of this.challenges) {
      if (status !== "created" || rematchOf || toPlayer?.playerId !== this.player?.playerId || this.#announced.has(challengeId)) continue;
      this.#announced.add(challengeId);
      if (location.path !== "/chess") toasts.done(`${fromPlayer.name} challenges you.`, { href: "/chess" });
    }
  }

  async #beWhoIsHere(): Promise<void> {
    const whose = getBearerToken() ?? `${current.session?.account.accountId} ${current.session?.organisationId}`;
    if (this.#of === whose) return;
    this.#followed.clear();
    [this.player, this.#of] = [await getMe(), whose];
  }

  /** What isn't in the list any more was answered. */
  async #readAnswers(): Promise<void> {
    const open = new Set(this.challenges.map((each) => each.challengeId));
    for (const id of [...this.#followed].filter((each) => !open.has(each))) {
      const { gameId, status, toPlayer } = await getChallenge(id);
      if (!this.#followed.delete(id)) continue;
      if (gameId && this.isPlaying) toasts.done("Another game of yours has begun.", { href: `/chess/games/${gameId}` });
      else if (gameId) this.show(gameId);
      else if (status === "declined") toasts.done(`${toPlayer?.name ?? "The player"} has declined.`);
    }
  }
}

export function showPage(gameId: string): void {
  navigate(`/chess/games/${gameId}`);
}

export const me = new Me();

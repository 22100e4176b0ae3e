// The player of who is signed in, and what happens to that player: challenges, and games that begin.

import { navigate } from "$/lib/router.svelte";
import { useFeed } from "$/lib/watch.svelte";
import { getMe, listChallenges, type Challenge, type Player } from "$/services/chess";
import { current } from "$/services/session.svelte";

class Me {
  player = $state.raw<Player | undefined>();
  challenges = $state.raw<readonly Challenge[]>([]);
  error = $state.raw<unknown>(null);
  #of = "";
  /** Challenges whose game the page goes to when they are accepted. */
  #followed = new Set<string>();
  #isFollowingAll = false;

  /** Keep it current while a component is shown. */
  watch(): void {
    useFeed(
      () => [`chess.player:${this.player?.playerId ?? "none"}`],
      () => this.refresh(),
    );
  }

  async refresh(): Promise<void> {
    try {
      const whose = `${current.session?.account.accountId} ${current.session?.organisationId}`;
      if (this.#of !== whose) [this.player, this.#of] = [await getMe(), whose];
      const before = new Map(this.challenges.map((each) => [each.challengeId, each]));
      this.challenges = await listChallenges();
      this.error = null;
      this.#go(before);
    } catch (error) {
      this.error = error;
    }
  }

  /** Go to the game of a challenge once it is accepted; of any without an id. */
  follow(challengeId?: string): void {
    if (challengeId) this.#followed.add(challengeId);
    else this.#isFollowingAll = true;
  }

  #go(before: ReadonlyMap<string, Challenge>): void {
    for (const each of this.challenges) {
      const isNew = each.gameId && !before.get(each.challengeId)?.gameId && before.has(each.challengeId);
      if (!isNew || !(this.#isFollowingAll || this.#followed.delete(each.challengeId))) continue;
      this.#isFollowingAll = false;
      navigate(`/chess/games/${each.gameId}`);
    }
  }
}

export const me = new Me();

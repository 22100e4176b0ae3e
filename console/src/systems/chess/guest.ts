// Who plays by a link without an account: a game and a token, kept in this tab.

export interface Guest {
  readonly gameId: string;
  readonly token: string;
}

const KEY = "chess.guest";

export function keepGuest(challengeId: string, guest: Guest): void {
  try {
    sessionStorage.setItem(`${KEY}:${challengeId}`, JSON.stringify(guest));
  } catch {
    // Storage may be denied; then a reload ends the guest's part.
    return;
  }
}

export function readGuest(challengeId: string): Guest | undefined {
  try {
    return JSON.parse(sessionStorage.getItem(`${KEY}:${challengeId}`) ?? "null") ?? undefined;
  } catch {
    return undefined;
  }
}

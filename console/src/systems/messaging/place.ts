// The channel that was shown last, kept in this browser. Storage may be denied.

export function readPlace(owner: string): string | null {
  try {
    return localStorage.getItem(keyOf(owner));
  } catch {
    return null;
  }
}

export function keepPlace(owner: string, channelId: string): void {
  try {
    localStorage.setItem(keyOf(owner), channelId);
  } catch {
    return;
  }
}

function keyOf(owner: string): string {
  return `messaging-place:${owner}`;
}

// What was written and not sent, for each channel and thread, kept in this browser. Storage may be denied.

export function readDraft(owner: string, place: string): string {
  try {
    return localStorage.getItem(keyOf(owner, place)) ?? "";
  } catch {
    return "";
  }
}

/** Keep a draft; an empty one is removed. */
export function keepDraft(owner: string, place: string, text: string): void {
  try {
    if (text) localStorage.setItem(keyOf(owner, place), text);
    else localStorage.removeItem(keyOf(owner, place));
  } catch {
    return;
  }
}

/** Where a draft belongs: a channel, or a thread in it. */
export function placeOf(channelId: string, threadSequence: number | null): string {
  return threadSequence === null ? channelId : `${channelId}:${threadSequence}`;
}

function keyOf(owner: string, place: string): string {
  return `messaging-draft:${owner}:${place}`;
}

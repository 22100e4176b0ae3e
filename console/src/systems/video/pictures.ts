// The pictures of titles. Each answer of the server has a newer token in their addresses; a picture that is shown keeps
// the one that it was loaded with, so that it isn't loaded again and doesn't flicker.

/** Shorter than tokens are valid. */
const KEPT_MS = 3_600_000;

const kept = new Map<string, { readonly url: string; readonly until: number }>();

/** The address of a title's picture, as a path of this server; nothing while there is none. */
export function pictureOf({ titleId, posterUrl }: { readonly titleId: string; readonly posterUrl: string | null }, now = Date.now()): string | undefined {
  if (posterUrl === null) return undefined;
  const known = kept.get(titleId);
  if (known && known.until > now) return known.url;
  const url = localPath(posterUrl);
  kept.set(titleId, { url, until: now + KEPT_MS });
  return url;
}

/** The path of an address with its query: the page loads everything from the server that it came from. */
export function localPath(url: string): string {
  if (url.startsWith("/")) return url;
  const { pathname, search } = new URL(url, window.location.href);
  return pathname + search;
}

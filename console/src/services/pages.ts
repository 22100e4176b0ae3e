/** A page of a list, and where the next one begins. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
  /** Set if a search has looked at its maximum before the page was full: everything since then was looked at. */
  readonly searchedBackTo?: string | null;
}

/** The largest page that the API returns. */
export const PAGE_LIMIT_MAX = 100;

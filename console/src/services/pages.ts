/** A page of a list, and where the next one begins. */
export interface Page<T> {
  readonly items: T[];
  readonly nextCursor: string | null;
}

/** The largest page that the API returns. */
export const PAGE_LIMIT_MAX = 100;

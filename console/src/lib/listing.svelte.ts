// A list that is read page by page, and kept current without moving what is being read.

import type { Page } from "$/services/pages";

/** Pages that one "search further" reads, at most. */
const FURTHER_PAGES_MAX = 10;

type Fetch<T> = (cursor?: string) => Promise<Page<T>>;

export class Listing<T> {
  items = $state.raw<T[]>([]);
  /** New items that wait until the reader asks for them, because they would move what is read. */
  held = $state.raw<T[]>([]);
  isLoaded = $state(false);
  isLoading = $state(false);
  error = $state.raw<unknown>(null);
  /** How far back a search has looked, if it stopped before it had found enough. */
  searchedBackTo = $state<string | null>(null);
  #next = $state<string | null>(null);
  #generation = 0;

  constructor(
    readonly fetchPage: Fetch<T>,
    readonly idOf: (item: T) => string,
    /** Whether new items wait, because the reader is below the top. */
    readonly isHolding: () => boolean = () => false,
  ) {}

  get hasMore(): boolean {
    return this.#next !== null;
  }

  /** Such as `14`, or `100+` if there are more than were read. */
  get countText(): string {
    const count = this.items.length;
    return this.hasMore && count >= 100 ? `${Math.floor(count / 100) * 100}+` : `${count}${this.hasMore ? "+" : ""}`;
  }

  /** Read the first page again, and bring what is shown up to date. */
  async refresh(): Promise<void> {
    const generation = ++this.#generation;
    try {
      const page = await this.fetchPage();
      if (generation !== this.#generation) return;
      this.error = null;
      if (this.isLoaded) this.#merge(page);
      else [this.items, this.#next, this.searchedBackTo] = [page.items, page.nextCursor, page.searchedBackTo ?? null];
      this.isLoaded = true;
    } catch (error) {
      if (generation === this.#generation && !this.isLoaded) this.error = error;
    }
  }

  /** Read the next page. */
  async more(): Promise<void> {
    if (this.#next === null || this.isLoading) return;
    this.isLoading = true;
    try {
      const page = await this.fetchPage(this.#next);
      const known = new Set(this.items.map(this.idOf));
      this.items = [...this.items, ...page.items.filter((item) => !known.has(this.idOf(item)))];
      this.#next = page.nextCursor;
      this.searchedBackTo = page.searchedBackTo ?? null;
    } catch (error) {
      if (this.items.length === 0) this.error = error;
    } finally {
      this.isLoading = false;
    }
  }

  /** Continue a search that has stopped, until it finds something or has read some pages. */
  async searchFurther(): Promise<void> {
    const count = this.items.length;
    for (let pages = 0; pages < FURTHER_PAGES_MAX && this.searchedBackTo !== null && this.items.length === count; pages++) {
      const before = this.#next;
      await this.more();
      if (this.#next === before) return;
    }
  }

  /** Show the new items that wait. */
  release(): void {
    this.items = [...this.held, ...this.items];
    this.held = [];
  }

  /** Replace an item that is shown. */
  replace(changed: T): void {
    const id = this.idOf(changed);
    this.items = this.items.map((item) => (this.idOf(item) === id ? changed : item));
  }

  #merge(page: Page<T>): void {
    const fresh = new Map(page.items.map((item) => [this.idOf(item), item]));
    const shown = new Set(this.items.map(this.idOf));
    const arrived = page.items.filter((item) => !shown.has(this.idOf(item)));
    // Of the part that the page covers, what it lacks is gone. What is further down stays.
    const last = this.items.findLastIndex((item) => fresh.has(this.idOf(item)));
    const isWhole = page.nextCursor === null;
    // A search that stopped early says nothing of what was found further down.
    const isStopped = page.searchedBackTo != null;
    const kept = this.items.filter((item, index) => isStopped || fresh.has(this.idOf(item)) || (!isWhole && index > last && last >= 0));
    const current = kept.map((item) => fresh.get(this.idOf(item)) ?? item);
    if (last < 0 && !isStopped) this.#next = page.nextCursor;
    if (isWhole) this.#next = null;
    if (!isStopped && (last < 0 || isWhole)) this.searchedBackTo = null;
    if (this.isHolding() && arrived.length > 0 && current.length > 0) {
      [this.items, this.held] = [current, arrived];
    } else {
      [this.items, this.held] = [mergeInOrder(page.items, current, this.idOf), []];
    }
  }
}

/** The order of the page, then what is further down. */
function mergeInOrder<T>(page: T[], current: T[], idOf: (item: T) => string): T[] {
  const ids = new Set(page.map(idOf));
  return [...page, ...current.filter((item) => !ids.has(idOf(item)))];
}

import { expect, test } from "vitest";

import { Listing } from "$/lib/listing.svelte";

interface Item {
  readonly id: number;
  readonly state?: string;
}

/** A list on a server, newest first, in pages of three. */
class Server {
  items: Item[] = [];

  page = async (cursor?: string): Promise<{ items: Item[]; nextCursor: string | null }> => {
    const begin = cursor ? this.items.findIndex((item) => item.id < Number(cursor)) : 0;
    const items = begin < 0 ? [] : this.items.slice(begin, begin + 3);
    const last = items.at(-1);
    const hasMore = last !== undefined && this.items.at(-1)?.id !== last.id;
    return { items, nextCursor: hasMore ? String(last.id) : null };
  };

  static with(...ids: number[]): Server {
    const server = new Server();
    server.items = ids.map((id) => ({ id }));
    return server;
  }
}

const idOf = (item: Item): string => String(item.id);
const ids = (listing: Listing<Item>): number[] => listing.items.map((item) => item.id);

test("pages follow one another until the end", async () => {
  const listing = new Listing(Server.with(7, 6, 5, 4, 3).page, idOf);
  await listing.refresh();
  expect([ids(listing), listing.hasMore]).toEqual([[7, 6, 5], true]);
  await listing.more();
  expect([ids(listing), listing.hasMore]).toEqual([[7, 6, 5, 4, 3], false]);
});

test("a refresh changes what is shown, and keeps what was read further down", async () => {
  const server = Server.with(7, 6, 5, 4, 3);
  const listing = new Listing(server.page, idOf);
  await listing.refresh();
  await listing.more();
  server.items = [{ id: 8 }, { id: 7, state: "delivered" }, ...server.items.slice(1)];
  await listing.refresh();
  expect(ids(listing)).toEqual([8, 7, 6, 5, 4, 3]);
  expect(listing.items[1]?.state).toBe("delivered");
});

test("what a list no longer has disappears from it", async () => {
  const server = Server.with(7, 6, 5);
  const listing = new Listing(server.page, idOf);
  await listing.refresh();
  server.items = [{ id: 7 }, { id: 5 }];
  await listing.refresh();
  expect(ids(listing)).toEqual([7, 5]);
});

test("new items wait while one reads further down", async () => {
  const server = Server.with(7, 6, 5);
  let isReading = false;
  const listing = new Listing(server.page, idOf, () => isReading);
  await listing.refresh();
  isReading = true;
  server.items = [{ id: 8 }, ...server.items];
  await listing.refresh();
  expect([ids(listing), listing.held.length]).toEqual([[7, 6, 5], 1]);
  listing.release();
  expect(ids(listing)).toEqual([8, 7, 6, 5]);
});

test("a page without anything that is shown begins the list again, so that no gap is hidden", async () => {
  const server = Server.with(7, 6, 5, 4);
  const listing = new Listing(server.page, idOf);
  await listing.refresh();
  server.items = [20, 19, 18, 17, 7, 6, 5, 4].map((id) => ({ id }));
  await listing.refresh();
  expect([ids(listing), listing.hasMore]).toEqual([[20, 19, 18], true]);
});

/** A search that finds only what is on its third page. */
async function search(cursor?: string): Promise<{ items: Item[]; nextCursor: string | null; searchedBackTo: string | null }> {
  const page = Number(cursor ?? 1);
  if (page === 3) return { items: [{ id: 1 }], nextCursor: null, searchedBackTo: null };
  return { items: [], nextCursor: String(page + 1), searchedBackTo: `2026-01-01T1${5 - page}:00:00Z` };
}

test("a search says how far back it has looked, and continues until it finds something", async () => {
  const listing = new Listing<Item>(search, idOf);
  await listing.refresh();
  expect([ids(listing), listing.searchedBackTo]).toEqual([[], "2026-01-01T14:00:00Z"]);
  await listing.searchFurther();
  expect([ids(listing), listing.searchedBackTo]).toEqual([[1], null]);
});

test("a refresh keeps what a search has found further down, and how far it has looked", async () => {
  const listing = new Listing<Item>(search, idOf);
  await listing.refresh();
  await listing.more();
  await listing.refresh();
  expect(listing.searchedBackTo).toBe("2026-01-01T13:00:00Z");
  await listing.searchFurther();
  await listing.refresh();
  expect([ids(listing), listing.searchedBackTo, listing.hasMore]).toEqual([[1], null, false]);
});

test("an answer that comes late doesn't replace a newer one", async () => {
  const answers: ((page: { items: Item[]; nextCursor: null }) => void)[] = [];
  const listing = new Listing<Item>(() => new Promise((resolve) => answers.push(resolve)), idOf);
  const [first, second] = [listing.refresh(), listing.refresh()];
  answers[1]?.({ items: [{ id: 2 }], nextCursor: null });
  answers[0]?.({ items: [{ id: 1 }], nextCursor: null });
  await Promise.all([first, second]);
  expect(ids(listing)).toEqual([2]);
});
